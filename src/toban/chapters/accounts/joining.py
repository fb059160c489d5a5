"""Whose an account is. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from toban.chapters.accounts.account import FoundAccount
from toban.chapters.accounts.bindings import AccountsBinding
from toban.engine.bindings.model import Person
from toban.engine.notify.routing.contacts import folded


class HolderKind(StrEnum):
    """Who signs in with an account."""

    PERSON = "person"
    MACHINE = "machine"
    NOBODY = "nobody"
    """Nobody that is known."""


@dataclass(frozen=True, slots=True)
class AccountHolder:
    """Whose an account is."""

    kind: HolderKind
    person: str = ""
    """The name in `[people]`."""


def holder_of(account: FoundAccount, binding: AccountsBinding, people: Mapping[str, Person]) -> AccountHolder:
    """Return whose *account* is: as the bindings say, else by its name, address or label."""
    bound = binding.people.get(account.name)
    if bound is not None:
        return AccountHolder(HolderKind.PERSON, bound)
    if any(fnmatchcase(account.name, pattern) for pattern in binding.machines):
        return AccountHolder(HolderKind.MACHINE)
    for key, person in people.items():
        if is_named(account, (key, person.name, person.account, person.email)):
            return AccountHolder(HolderKind.PERSON, key)
    return AccountHolder(HolderKind.NOBODY)


def is_named(account: FoundAccount, names: tuple[str, ...]) -> bool:
    """Return whether one of *names*, of people, accounts or addresses, means *account*."""
    own = {folded(account.name), folded(account.label)} - {""}
    wanted = {folded(each) for name in names if name for each in _forms(name)}
    return not own.isdisjoint(wanted)


def _forms(name: str) -> tuple[str, ...]:
    local, at, _ = name.partition("@")
    return (name, local) if at and local else (name,)
