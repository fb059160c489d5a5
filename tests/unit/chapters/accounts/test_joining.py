"""Whose an account is."""

import pytest

from toban.chapters.accounts.account import FoundAccount
from toban.chapters.accounts.bindings import AccountsBinding
from toban.chapters.accounts.joining import (
    AccountHolder,
    ClaimBasis,
    HolderKind,
    Neighbours,
    basis_of,
    holder_of,
    identity_of,
    index_of,
)
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


TWO = index_of(
    {
        "tanaka": Person(name="田中太郎", email="tanaka@example.com"),
        "tanaka2": Person(name="田中太郎", email="t2@example.com"),
        "運用責任者": Person(name="上原", email="ops@example.com", account="uehara"),
        "障害対応": Person(name="上原", email="ops@example.com"),
        "suzuki": Person(name="鈴木", email="ops@example.com"),
    }
)
BOUND = AccountsBinding(people={"t9": "tanaka", "tanaka3": "suzuki"}, machines=("ci-*",))
SURE, ALIKE = ClaimBasis.DECLARED, ClaimBasis.ALIKE


@pytest.mark.parametrize(
    ("told", "accounts", "name", "label", "basis"),
    [
        # Two people of one name: the name says nothing of which.
        ("田中太郎", (), "tanaka", "", ALIKE),
        ("田中太郎", (), "x", "田中 太郎", ALIKE),
        ("田中太郎", (), "t9", "", ALIKE),
        ("田中太郎", ("tanaka@example.com",), "tanaka", "", SURE),
        ("田中太郎", ("tanaka@example.com",), "t9", "", SURE),
        ("田中太郎", ("tanaka@example.com",), "tanaka2", "", None),
        ("田中太郎", ("tanaka@example.com",), "x", "Tanaka@example.com", SURE),
        ("田中太郎", ("tanaka@example.com",), "x", "田中太郎", ALIKE),
        ("tanaka", (), "tanaka", "", SURE),
        ("tanaka", (), "tanaka2", "田中太郎", None),
        # The local part of an address is a name like another.
        ("佐藤", ("sato@example.com",), "sato", "", ALIKE),
        ("佐藤", ("sato@example.com",), "sato@example.com", "", SURE),
        ("佐藤", ("sato",), "sato", "", SURE),
        ("sato", (), "sato", "", ALIKE),
        # A mailbox that several share, or that is another's.
        ("鈴木", ("ops@example.com",), "x", "ops@example.com", ALIKE),
        ("佐藤", ("t2@example.com",), "tanaka2", "", ALIKE),
        ("佐藤", ("t2@example.com",), "x", "t2@example.com", ALIKE),
        # What the bindings say counts for more than a name.
        ("佐藤", ("tanaka3",), "tanaka3", "", ALIKE),
        ("佐藤", ("ci-1",), "ci-1", "", ALIKE),
        ("佐藤", ("sato",), "sato", "t2@example.com", ALIKE),
        # One human with two entries is one human.
        ("uehara", (), "障害対応", "", SURE),
        ("佐藤", (), "tanaka", "", None),
    ],
)
def test_by_what_an_account_is_a_leavers(
    told: str, accounts: tuple[str, ...], name: str, label: str, basis: ClaimBasis | None
) -> None:
    found = FoundAccount(name=name, label=label)
    leaver = identity_of(told, accounts, TWO)

    assert basis_of(found, BOUND, Neighbours.of([found]), leaver, TWO) is basis


def test_an_address_of_two_accounts_is_nobodys_alone() -> None:
    shared = [FoundAccount(name=name, label="sato@example.com") for name in ("a", "b")]
    leaver = identity_of("佐藤", ("sato@example.com",), TWO)

    found = [basis_of(each, BOUND, Neighbours.of(shared), leaver, TWO) for each in shared]

    assert found == [ALIKE, ALIKE]


def test_what_two_people_are_called_is_nobodys() -> None:
    found = FoundAccount(name="x", label="田中太郎")

    assert holder_of(found, BOUND, TWO).kind is HolderKind.NOBODY
