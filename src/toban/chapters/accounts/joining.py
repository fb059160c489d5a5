"""Whose an account is, and how surely. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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


class ClaimBasis(StrEnum):
    """By what an account is taken for a leaver's."""

    DECLARED = "declared"
    """By what the bindings or a person said: a name of an account, or an address, that is nobody else's."""
    ALIKE = "alike"
    """By a name alone, which others may have: somebody is asked, and nothing is locked."""


@dataclass(frozen=True, slots=True)
class PeopleIndex:
    """The humans in `[people]`, each by the first of their entries; several may have one name."""

    by_id: Mapping[str, frozenset[str]]
    """A key, account or address, folded → whose it is."""
    by_name: Mapping[str, frozenset[str]]
    """The same, with full names and what precedes the @ of an address."""
    humans: Mapping[str, str]
    """An entry → the first entry of the same human."""

    def human(self, key: str) -> str:
        """Return the first entry of whoever has the entry *key*."""
        return self.humans.get(key, key)

    def ids_of(self, humans: Iterable[str]) -> frozenset[str]:
        """Return the ids that are nobody else's but one of *humans*."""
        wanted = frozenset(humans)
        return frozenset(each for each, whose in self.by_id.items() if len(whose) == 1 and whose <= wanted)


@dataclass(frozen=True, slots=True)
class LeaverIdentity:
    """By what a leaver is known."""

    humans: frozenset[str]
    """Who they are in `[people]`, as far as somebody declared it."""
    maybe: frozenset[str]
    """Who they may be by their name."""
    ids: frozenset[str]
    """Names of accounts, and addresses, that are theirs alone."""
    names: frozenset[str]
    """All by which an account may be taken for theirs."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The accounts of one system, as far as they are called alike."""

    names: Counter[str] = field(default_factory=Counter)
    addresses: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, accounts: Iterable[FoundAccount]) -> "Neighbours":
        """Return how many of *accounts* have one name, or one address."""
        found = cls()
        for each in accounts:
            found.names[folded(each.name)] += 1
            found.addresses.update({form for form in _forms(each) if "@" in form})
        return found


def index_of(people: Mapping[str, Person]) -> PeopleIndex:
    """Return by what *people* are known."""
    humans: dict[str, str] = {}
    by_id: dict[str, set[str]] = {}
    by_name: dict[str, set[str]] = {}
    for key, person in people.items():
        same = next((each for each in humans if _is_same_human(each, people[each], key, person)), key)
        humans[key] = humans.get(same, key)
        for each in names_of(key, person.account, person.name, person.email):
            by_name.setdefault(each, set()).add(humans[key])
        for each in map(folded, filter(None, (key, person.account, person.email))):
            by_id.setdefault(each, set()).add(humans[key])
    return PeopleIndex(
        {each: frozenset(whose) for each, whose in by_id.items()},
        {each: frozenset(whose) for each, whose in by_name.items()},
        humans,
    )


def _is_same_human(key: str, person: Person, other: str, second: Person) -> bool:
    """Return whether two entries are one human with two roles; one name or one mailbox is not enough."""
    has_account = {person.account, key} & {second.account} - {""} or person.account == other
    is_alike = folded(person.name) == folded(second.name) and folded(person.email) == folded(second.email)
    return bool(has_account) or bool(is_alike and person.name and person.email)


def names_of(*written: str) -> frozenset[str]:
    """Return the forms in which *written* are compared; an address also stands for what precedes its @."""
    return frozenset(folded(form) for each in written if each for form in (each, *_local_part(each)))


def holder_of(account: FoundAccount, binding: AccountsBinding, index: PeopleIndex) -> AccountHolder:
    """Return whose *account* is: as the bindings say, else by its name, address or label.

    What several have is nobody's: to take it for the first one's would be a guess.
    """
    bound = binding.people.get(account.name)
    if bound is not None:
        return AccountHolder(HolderKind.PERSON, bound)
    if is_machine(account, binding):
        return AccountHolder(HolderKind.MACHINE)
    for form in _forms(account):
        whose = index.by_name.get(form, frozenset())
        if len(whose) == 1:
            return AccountHolder(HolderKind.PERSON, next(iter(whose)))
    return AccountHolder(HolderKind.NOBODY)


def is_machine(account: FoundAccount, binding: AccountsBinding) -> bool:
    """Return whether the bindings say that no person signs in with *account*."""
    return any(fnmatchcase(account.name, pattern) for pattern in binding.machines)


def identity_of(name: str, accounts: Sequence[str], index: PeopleIndex) -> LeaverIdentity:
    """Return by what a leaver is known who was told of as *name*, with *accounts* of theirs.

    A full name declares nobody: the next one of that name would lose access.
    """
    called = frozenset().union(*(index.by_name.get(each, frozenset()) for each in names_of(name)))
    written = [folded(each) for each in (name, *accounts) if each]
    # An address that is another's in `[people]` is a shared mailbox, or a mistake.
    humans = frozenset().union(*(_whose(each, index) for each in written)) & called
    told = {folded(each) for each in accounts if each} | {each for each in written if "@" in each}
    own = frozenset(each for each in told if index.by_id.get(each, frozenset()) <= humans)
    forms = names_of(name, *accounts)
    alike = frozenset().union(*(index.by_name.get(each, frozenset()) for each in forms))
    maybe = humans or alike
    keys = (key for key, human in index.humans.items() if human in maybe)
    ids = own | index.ids_of(humans)
    return LeaverIdentity(humans, maybe, ids, ids | forms | names_of(*keys))


def _whose(form: str, index: PeopleIndex) -> frozenset[str]:
    """Return whose id *form* is; nobody's if it is several humans'."""
    whose = index.by_id.get(form, frozenset())
    return whose if len(whose) == 1 else frozenset()


def basis_of(
    account: FoundAccount,
    binding: AccountsBinding,
    neighbours: Neighbours,
    leaver: LeaverIdentity,
    index: PeopleIndex,
) -> ClaimBasis | None:
    """Return by what *account* may be the *leaver*'s; None if nothing says so."""
    if _is_declared(account, binding, neighbours, leaver, index):
        return ClaimBasis.DECLARED
    return ClaimBasis.ALIKE if called(account, binding, index) & leaver.names else None


def called(account: FoundAccount, binding: AccountsBinding, index: PeopleIndex) -> frozenset[str]:
    """Return the names by which *account* may be somebody's."""
    person = holder_of(account, binding, index).person
    # A label may be anybody's word: it counts where nobody is known for the account.
    return names_of(person, account.name) if person else frozenset(_forms(account))


def _is_declared(
    account: FoundAccount,
    binding: AccountsBinding,
    neighbours: Neighbours,
    leaver: LeaverIdentity,
    index: PeopleIndex,
) -> bool:
    bound = binding.people.get(account.name)
    if bound is not None:
        return index.human(bound) in leaver.humans
    name, label = folded(account.name), folded(account.label)
    labelled = index.by_name.get(label, frozenset())
    if is_machine(account, binding) or (labelled and labelled.isdisjoint(leaver.maybe)):
        return False
    if name in leaver.ids:
        return neighbours.names[name] == 1 and neighbours.addresses[name] <= 1
    return "@" in label and label in leaver.ids and neighbours.addresses[label] == 1


def _forms(account: FoundAccount) -> Sequence[str]:
    """Return how an account's own name and label are compared."""
    return [each for each in (folded(account.name), folded(account.label)) if each]


def _local_part(name: str) -> tuple[str, ...]:
    local, at, _ = name.partition("@")
    return (local,) if at and local else ()
