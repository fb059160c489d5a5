"""The words of a declaration: each means one thing, and all of them are in the manual."""

from pathlib import Path

import pytest

from toban.catalogue import LANGUAGES
from toban.design.clauses.labels import KINDS
from toban.design.reading.declared.vocabulary import (
    is_nothing,
    kind_named,
    part_named,
    role_named,
    spoken_role,
)
from toban.design.reading.registry import TABLES
from toban.design.shapes.shape import TableShape

MANUAL = Path(__file__).parents[4] / "docs" / "manual"
SHAPES = pytest.mark.parametrize("shape", TABLES, ids=lambda shape: shape.kind.kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_called_as_in_the_code_and_as_on_pages(kind: str) -> None:
    words = (kind, *(KINDS[kind].in_language(language) for language in LANGUAGES))

    found = [kind_named(word) for word in words]

    assert [each.kind for each in found if each is not None] == [kind] * len(words)


@SHAPES
def test_a_column_is_called_by_a_word_that_means_it(shape: TableShape) -> None:
    for role in shape.columns:
        assert role_named(role, shape) == role
        assert role_named(str(spoken_role(role, shape)), shape) == role
        assert not is_nothing(role)


def test_parts_of_a_place_are_called_in_both_languages() -> None:
    assert [part_named(word) for word in ("見出し", "Heading", "キー", "key", "値", "Value", "列")] == [
        *("heading", "heading", "key", "key", "value", "value"),
        None,
    ]
    assert all(map(is_nothing, ("なし", "None")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_kinds_and_columns_are_in_the_manual(language: str) -> None:
    text = (MANUAL / language / "declaring.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip(" `"): line for line in text.splitlines() if line.startswith("| `")}

    for kind, label in KINDS.items():
        assert f"`{label.in_language(language)}`" in rows[kind]
    for shape in TABLES:
        assert [role for role in shape.columns if f"`{role}`" not in rows[shape.kind.kind]] == []
