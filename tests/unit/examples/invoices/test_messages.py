"""The package's own messages have sentences in both languages, which Toban finds without naming it."""

import ast
from collections.abc import Mapping

import pytest
from babel.messages.pofile import read_po
from tests.registered import PARTS
from tests.unit.examples.invoices.test_readme import PACKAGE
from tests.unit.house.test_messages import PLACEHOLDER, messages

from toban import catalogue
from toban.message import Message

HERE = PACKAGE / "toban_invoices"
SAID = [
    each
    for module in HERE.rglob("*.py")
    for each in messages([*ast.walk(ast.parse(module.read_text(encoding="utf-8")))], module.name)
]


def entries(language: str) -> Mapping[str, tuple[str, ...]]:
    with (HERE / "locale" / language / "LC_MESSAGES" / "invoices.po").open("rb") as file:
        return {
            entry.id if isinstance(entry.id, str) else entry.id[0]: (
                (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())
            )
            for entry in read_po(file, locale=language)
            if entry.id
        }


@pytest.mark.parametrize("language", catalogue.LANGUAGES)
def test_every_message_has_a_sentence_and_the_values_that_it_names(language: str) -> None:
    known = entries(language)
    wanted = {code: set(PLACEHOLDER.findall(" ".join(sentences))) for code, sentences in known.items()}

    assert {each.code.replace("\\", "") for each in SAID} == set(known)
    assert all(all(sentences) for sentences in known.values())
    assert [
        each.at
        for each in SAID
        if each.values is not None and not wanted[each.code.replace("\\", "")] <= each.values
    ] == []


def test_toban_finds_the_sentences_of_an_installed_package() -> None:
    assert any(each.name == "invoices" for each in PARTS.extensions)

    issued = Message("invoices.issued", period="2026年11月分", count=3, total="¥3,000")

    assert issued.in_language("ja") == "2026年11月分: 請求書 3 件、合計 ¥3,000"
    assert issued.in_language("en") == "2026年11月分: 3 invoices, ¥3,000 in total"
