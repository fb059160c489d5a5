"""Click's own words, in Japanese and English."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from babel.messages.pofile import read_po
from click.testing import CliRunner

from toban.faces.cli import click_words

CATALOGUE = Path(__file__).parents[4] / "src/toban/faces/locale/ja/LC_MESSAGES/click.po"
PROGRAMMERS = re.compile(
    r"Arguments take|Boolean option|Could not determine|Name '|No options defined|Choice\("
    r"|Unknown color|Invalid start|Value must be"
)
"""What only somebody who writes a command can read."""
METAVARS = {"directory", "file", "path"}
"""Kinds of values: they stand for them in capitals, as all others do."""


@click.command()
@click.argument("file")
@click.option("--level", type=click.IntRange(1, 3), default=1, show_default=True)
def command(file: str, level: int) -> None:
    """Do nothing."""


def said(*arguments: str) -> str:
    return CliRunner().invoke(command, arguments).output


def asked() -> Iterator[str]:
    """Everything that click asks gettext for."""
    for module in click_words.MODULES:
        assert module.__file__
        for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"_", "ngettext"}
            ):
                yield from (str(each.value) for each in node.args[:1] if isinstance(each, ast.Constant))


def test_all_that_click_says_to_users_is_in_the_catalogue() -> None:
    with CATALOGUE.open("rb") as file:
        known = {each.id if isinstance(each.id, str) else each.id[0] for each in read_po(file) if each.id}
    wanted = {text for text in asked() if not PROGRAMMERS.match(text)} - METAVARS

    assert wanted - known == set()
    # "required" is asked for by a variable.
    assert known - wanted == {"required"}


def test_click_speaks_japanese_as_the_commands_do() -> None:
    assert "使い方: command [OPTIONS] FILE" in said("--help")
    assert "オプション:" in said("--help")
    assert "[既定: 1; 1<=x<=3]" in said("--help")
    assert "エラー: 引数がありません: 'FILE'" in said()
    assert "'--level' の値が正しくありません: 9 は範囲 1<=x<=3 の外です。" in said("x", "--level", "9")


def test_click_speaks_english_to_those_who_read_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toban.catalogue._active", lambda: "en")

    assert "Usage: command [OPTIONS] FILE" in said("--help")
    assert "Error: Missing argument 'FILE'" in said()
