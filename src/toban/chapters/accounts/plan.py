"""Which systems have accounts, and what the document asks of them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from toban.chapters.accounts.account import AccountList, FoundAccount
from toban.chapters.accounts.bindings import ACCESS, AccessBinding, AccountsBinding
from toban.chapters.accounts.collector import (
    ACCOUNT_KINDS,
    ACCOUNTS,
    AccountKind,
    AccountLock,
    AccountsUnknown,
)
from toban.chapters.accounts.joining import AccountHolder, PeopleIndex, holder_of, index_of
from toban.design.acts import is_access_watch
from toban.design.clauses.base import Clause
from toban.design.clauses.security import AccessReview, AccountRemoval, AuditReview, MfaRule, PasswordPolicy
from toban.engine.bindings.model import Person
from toban.engine.editions.announcements import managing_role
from toban.engine.editions.edition import Edition
from toban.engine.operation import RowAnswer
from toban.engine.runs.work import Work
from toban.message import NOTHING, Message

OWN = "Toban"
"""The name of Toban itself among the systems, where `toban.toml` gives it no other."""
_OWN_KIND = "toban"


@dataclass(frozen=True, slots=True)
class AccountSystem:
    """A system with accounts."""

    name: str
    config: AccountsBinding
    kind: AccountKind
    zone: ZoneInfo
    """The document's."""
    is_own: bool = False
    """Whether it is Toban itself."""

    def read(self, now: datetime) -> AccountList:
        """Return its accounts, or raise `AccountsUnknown`.

        No other system is without any: a list of none is a failed export, or a reader that lost its rights.
        Toban itself has none before the first is created.
        """
        found = self.kind.open(self.config).read(now.astimezone(self.zone))
        if not found.accounts and not self.is_own:
            raise AccountsUnknown((Message("accounts.none-told"), Message("accounts.see-the-rights")))
        return found

    def locking(self) -> AccountLock | None:
        """Return what locks accounts there; None if Toban was given no rights to."""
        return self.kind.lock(self.config)


@dataclass(frozen=True, slots=True)
class AccountsPlan:
    """The systems, and the rows about them."""

    systems: Sequence[AccountSystem]
    people: Mapping[str, Person]
    index: PeopleIndex
    access: AccessBinding
    removals: Sequence[AccountRemoval]
    """The rows that say how soon leavers' accounts go; empty without `[accounts]`."""
    reviews: Sequence[AccessReview]
    manager: str
    zone: ZoneInfo
    sign_ins: Sequence[Clause]
    """The rows about second factors and passwords, which the systems are judged by, too."""
    watched: Sequence[AuditReview]
    """The rows that sign-ins are watched for."""
    unbound: Mapping[str, RowAnswer]
    works: Mapping[str, Work] = field(default_factory=dict)

    @property
    def rows(self) -> Mapping[str, RowAnswer]:
        """See `Plan`."""
        return {
            **self.unbound,
            **dict.fromkeys((each.id for each in (*self.removals, *self.sign_ins, *self.watched)), NOTHING),
        }

    def system(self, name: str) -> AccountSystem | None:
        """Return the system *name*; None if it is bound no more."""
        return next((each for each in self.systems if each.name == name), None)

    def holder(self, system: AccountSystem, account: FoundAccount) -> AccountHolder:
        """Return whose *account* is."""
        return holder_of(account, system.config, self.index)


def plan(edition: Edition) -> AccountsPlan:
    """Return the systems of *edition*, without the works."""
    bindings = edition.bindings
    kinds: Mapping[str, Any] = edition.kinds.of(ACCOUNT_KINDS)
    bound, zone = ACCOUNTS.of(bindings), bindings.system.zone
    systems = [
        AccountSystem(name, each.config, kinds[each.kind], zone, is_own=each.kind == _OWN_KIND)
        for name, each in bound.items()
    ]
    if not any(each.is_own for each in systems) and _OWN_KIND in kinds:
        own = kinds[_OWN_KIND]
        systems.insert(0, AccountSystem(OWN, own.config(), own, zone, is_own=True))
    rows = tuple(edition.design.of(AccountRemoval))
    not_bound = Message("accounts.not-bound", file=bindings.file)
    return AccountsPlan(
        systems,
        bindings.people,
        index_of(bindings.people),
        ACCESS.of(bindings),
        rows if bound else (),
        tuple(edition.design.of(AccessReview)),
        managing_role(edition.design),
        zone,
        (*edition.design.of(MfaRule), *edition.design.of(PasswordPolicy)),
        tuple(row for row in edition.design.of(AuditReview) if is_access_watch(row)),
        {} if bound else dict.fromkeys((row.id for row in rows), not_bound),
    )
