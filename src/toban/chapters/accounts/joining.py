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


type PeopleIndex = Mapping[str, str]
"""A name, account or address, folded → the name in `[people]`."""


def index_of(people: Mapping[str, Person]) -> PeopleIndex:
    """Return by which names *people* are known; of two with one name, the first has it."""
    found: dict[str, str] = {}
    for key, person in people.items():
        for each in names_of(key, person.name, person.account, person.email):
            found.setdefault(each, key)
    return found


def names_of(*written: str) -> frozenset[str]:
    """Return the forms in which *written* are compared; an address also stands for what precedes its @."""
    return frozenset(folded(form) for each in written if each for form in (each, *_local_part(each)))


def own_names(account: FoundAccount) -> frozenset[str]:
    """Return the forms of an account's own name and label."""
    return frozenset((folded(account.name), folded(account.label))) - {""}


def holder_of(account: FoundAccount, binding: AccountsBinding, index: PeopleIndex) -> AccountHolder:
    """Return whose *account* is: as the bindings say, else by its name, address or label."""
    bound = binding.people.get(account.name)
    if bound is not None:
        return AccountHolder(HolderKind.PERSON, bound)
    if any(fnmatchcase(account.name, pattern) for pattern in binding.machines):
        return AccountHolder(HolderKind.MACHINE)
    for each in (folded(account.name), folded(account.label)):
        if each and each in index:
            return AccountHolder(HolderKind.PERSON, index[each])
    return AccountHolder(HolderKind.NOBODY)


def _local_part(name: str) -> tuple[str, ...]:
    local, at, _ = name.partition("@")
    return (local,) if at and local else ()
