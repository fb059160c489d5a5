"""The manual's page on toban.toml can't drift from the code."""

import inspect
import re
from pathlib import Path

from toban.engine.bindings import doubts, load
from toban.engine.bindings.model import Frame, Person, System

PAGE = (Path(__file__).parents[4] / "docs" / "manual" / "bindings.md").read_text(encoding="utf-8")
CODE = re.compile(r"\bBD\d{3}\b")


def codes(text: str) -> set[str]:
    return set(CODE.findall(text))


def test_every_code_has_its_line_in_the_manual_and_no_other_is_there() -> None:
    given = codes(inspect.getsource(load) + inspect.getsource(doubts))

    assert given
    assert set(re.findall(r"^\| `(BD\d{3})`", PAGE, re.MULTILINE)) == given


def test_every_table_and_key_is_in_the_manual() -> None:
    keys = [*System.model_fields, *Person.model_fields]

    assert [name for name in Frame.model_fields if f"[{name}" not in PAGE] == []
    assert [key for key in keys if f"`{key}`" not in PAGE] == []
