"""Every chapter, kind and field has a label that operators know."""

import importlib
import pkgutil
from dataclasses import fields

import pytest

import toban.design.clauses
from toban import catalogue
from toban.design.chapter import Chapter
from toban.design.clauses import labels
from toban.design.clauses.base import Clause
from toban.design.clauses.labels import CHAPTERS, KINDS, field_label

for module in pkgutil.iter_modules(toban.design.clauses.__path__, "toban.design.clauses."):
    importlib.import_module(module.name)

# A dataclass with slots adds a second class of the same kind; the last one is in use.
CLAUSES = list({clause.kind: clause for clause in Clause.__subclasses__()}.values())
SHARED = {field.name for field in fields(Clause)}


def test_every_chapter_has_a_title() -> None:
    assert set(CHAPTERS) == set(Chapter)


def test_kinds_and_labels_are_the_same_set() -> None:
    assert set(KINDS) == {clause.kind for clause in CLAUSES}


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.kind)
def test_every_clause_has_a_labelled_field(clause: type[Clause]) -> None:
    own = [field.name for field in fields(clause) if field.name not in SHARED]

    told = [field for field in own if field_label(clause, field)]

    assert told


@pytest.mark.parametrize("language", catalogue.LANGUAGES)
def test_every_label_has_a_word(language: str) -> None:
    told = [
        label
        for clause in CLAUSES
        for field in fields(clause)
        if field.name not in SHARED and (label := field_label(clause, field.name))
    ]

    words = [*CHAPTERS.values(), *KINDS.values(), *told]

    assert [each.code for each in words if catalogue.sentence(each.code, language) is None] == []


def test_every_label_belongs_to_a_field() -> None:
    qualified = {f"{clause.kind}.{field.name}" for clause in CLAUSES for field in fields(clause)}

    assert qualified.issuperset(labels._OWN)
    assert qualified.issuperset(labels._DERIVED)
