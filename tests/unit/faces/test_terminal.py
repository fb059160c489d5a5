"""What reaches a terminal."""

import ast
import json
from pathlib import Path

import pytest
from rich.table import Table

import toban
from toban.faces import terminal
from toban.faces.cli.drawn import show
from toban.message import Message
from toban.text import printable_json

CLI = Path(toban.__file__).parent / "faces" / "cli"
DRAWS = {CLI / "drawn.py", CLI / "screen.py"}
BARE = {"print", "click.echo", "click.secho", "click.style", "click.confirm", "click.prompt", "Console"}
FOREIGN = "外出\x1b[2J\x1b]0;title\x07 \x9b31m\r承認済み\u202e"
HARMLESS = "外出�[2J�]0;title� �31m�承認済み�"


def test_control_characters_of_others_reach_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal.say(Message("common.text", text=f"one\ttwo\n{FOREIGN}"))
    terminal.refuse(FOREIGN, FOREIGN)

    written = capsys.readouterr()
    assert written.out == f"one\ttwo\n{HARMLESS}\n"
    assert written.err == f"{HARMLESS}\nHINT: {HARMLESS}\n"


def test_only_styles_of_toban_reach_the_terminal() -> None:
    assert terminal.harmless(terminal.styled("a\x1b[8mb", bold=True)) == "\x1b[1ma�[8mb\x1b[0m"
    mixed = f"{terminal.styled('承認', colour='red')}\x1b[32m"
    assert terminal.harmless(mixed) == "\x1b[31m承認\x1b[0m�[32m"


def test_a_drawn_table_holds_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table()
    table.add_row(FOREIGN)

    show(table, width=80)

    assert "外出�[2J�]0;title �31m承認済み�" in capsys.readouterr().out  # rich leaves out some itself


def test_json_keeps_its_values_and_escapes_what_a_terminal_obeys() -> None:
    value = {"said": FOREIGN, "family": "👩\u200d👧", "mark": "\U000e0001"}

    written = printable_json(value, indent=2)

    assert json.loads(written) == value
    assert written.replace("\n", "").isprintable()


def test_no_command_prints_around_the_terminal() -> None:
    bare = [
        f"{path.relative_to(CLI)}:{node.lineno}"
        for path in sorted(CLI.rglob("*.py"))
        if path not in DRAWS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in BARE
    ]

    assert bare == []
