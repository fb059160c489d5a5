"""Whose an account is."""

import pytest

from toban.chapters.accounts.account import FoundAccount
from toban.chapters.accounts.bindings import AccountsBinding
from toban.chapters.accounts.joining import AccountHolder, HolderKind, holder_of, index_of
from toban.engine.bindings.model import Person

PEOPLE = index_of(
    {
        "運用責任者": Person(name="上原 なみ", email="nami@example.com", account="admin"),
        "tanaka": Person(name="田中太郎"),
    }
)
BINDING = AccountsBinding(people={"taro": "tanaka"}, machines=("ci-*", "nami"))


@pytest.mark.parametrize(
    ("name", "label", "kind", "person"),
    [
        ("taro", "", HolderKind.PERSON, "tanaka"),
        ("TANAKA", "", HolderKind.PERSON, "tanaka"),
        ("t1", "田中 太郎", HolderKind.PERSON, "tanaka"),
        ("nami@example.com", "", HolderKind.PERSON, "運用責任者"),
        ("admin", "", HolderKind.PERSON, "運用責任者"),
        ("nami", "", HolderKind.MACHINE, ""),
        ("ci-7", "田中太郎", HolderKind.MACHINE, ""),
        ("eve", "", HolderKind.NOBODY, ""),
    ],
)
def test_whose_an_account_is(name: str, label: str, kind: HolderKind, person: str) -> None:
    found = FoundAccount(name=name, label=label)

    assert holder_of(found, BINDING, PEOPLE) == AccountHolder(kind, person)
