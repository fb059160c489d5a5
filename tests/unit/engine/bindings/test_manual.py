"""The manual's page on toban.toml can't drift from the code."""

import inspect
import re

from tests.manual import BOTH, page
from tests.registered import PARTS

from toban.engine.bindings import doubts, load
from toban.engine.bindings.model import BindingsFrame, Person, System

CODE = re.compile(r"\bBD\d{3}\b")


def codes(text: str) -> set[str]:
    return set(CODE.findall(text))


@BOTH
def test_every_code_has_its_line_in_the_manual_and_no_other_is_there(language: str) -> None:
    theirs = {inspect.getmodule(each.doubts) for each in PARTS.extensions}
    given = codes("".join(inspect.getsource(each) for each in (load, doubts, *filter(None, theirs))))

    assert given
    assert set(re.findall(r"^\| `(BD\d{3})`", page(language, "bindings.md"), re.MULTILINE)) == given


@BOTH
def test_every_table_and_key_is_in_the_manual(language: str) -> None:
    text = page(language, "bindings.md")
    keys = [*System.model_fields, *Person.model_fields]

    assert [name for name in BindingsFrame.model_fields if f"[{name}" not in text] == []
    assert [key for key in keys if f"`{key}`" not in text] == []
