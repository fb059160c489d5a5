"""Which tables differ between two versions of `toban.toml`."""

from pathlib import Path

import pytest
from tests.registered import PARTS

from toban.engine.bindings.changed import changed_tables
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.model import Bindings

BASE = """
[system]
name = "shop"

[targets.DB]
sources = [{ kind = "host", instance = "db-1" }]

[people.mira]
email = "mira@example.com"

[channels.board]
kind = "webhook"
url = "env:BOARD"
secret = "file:board-key"

[errors.shop]
project = 1
key = "env:KEY"
"""


def read(text: str) -> Bindings:
    return read_bindings(text, Path("toban.toml"), PARTS.schema)


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("[system]", "# a comment\n\n[system]", []),
        ('"shop"', '"店"', ["[system]"]),
        ('"db-1"', '"db-2"', ["[targets.DB]"]),
        ("[people.mira]", "[people.nami]", ["[people.mira]", "[people.nami]"]),
        ('"env:BOARD"', '"env:OTHER"', ["[channels.board]"]),
        ("project = 1", "project = 2", ["[errors.shop]"]),
        ("[errors.shop]\nproject = 1\n", "[errors.web]\n", ["[errors.shop]", "[errors.web]"]),
        ("[people.mira]", '[notices]\nrepeat = "1時間"\n[people.mira]', ["[notices]"]),
    ],
)
def test_what_differs_is_named_and_comments_are_no_difference(old: str, new: str, changed: list[str]) -> None:
    assert old in BASE
    assert list(map(str, changed_tables(read(BASE), read(BASE.replace(old, new))))) == changed


def test_a_table_moved_in_the_file_is_the_same() -> None:
    first, *others = BASE.split("\n\n")

    assert changed_tables(read(BASE), read("\n\n".join([*reversed(others), first]))) == ()
