"""Who holds a role of the document at a moment, as accounts: turns, deputies, `[people]`.

A person is joined to an account by `account = "…"` in `[people.NAME]`. One without it, or whose account is
gone or deactivated, holds the role and can do nothing in Toban's name.
"""

from dataclasses import dataclass
from datetime import datetime

from toban.engine.bindings.model import Person
from toban.engine.editions.edition import Edition
from toban.engine.notify.duty.overrides import standing
from toban.engine.notify.duty.roster import OnDuty, Override, holding, rosters
from toban.engine.notify.routing.contacts import folded
from toban.engine.people.models import Operator
from toban.message import NOTHING, Message


@dataclass(frozen=True, slots=True)
class Holder:
    """A person who holds a role now."""

    person: str
    """The name in `[people]`."""
    account: Operator | None
    """None if the person can't act in Toban; `why_not` says why."""
    why_not: Message = NOTHING
    override: Override | None = None
    """Set for a deputy."""

    @property
    def deputy(self) -> int | None:
        """The number of the override by which they hold it; None if it is theirs without one."""
        return self.override.number if self.override is not None else None


def holders_of(edition: Edition, role: str, now: datetime) -> tuple[Holder, ...]:
    """Return everybody who holds *role* at *now*, inside or outside the document's hours.

    A role without turns and deputy is held by its own `[people.ROLE]`.
    """
    watch = _watch(edition, role, now)
    return tuple(_holder(name, watch.override, edition) for name in watch.people)


def accounts_holding(edition: Edition, role: str, now: datetime) -> tuple[Operator, ...]:
    """Return the active accounts of everybody who holds *role* at *now*, each once."""
    found = (each.account for each in holders_of(edition, role, now))
    return tuple({account.pk: account for account in found if account is not None}.values())


def people_of(edition: Edition, account: Operator) -> tuple[str, ...]:
    """Return the names in `[people]` that are joined to *account*; empty for an inactive one."""
    people = edition.bindings.people.items()
    return tuple(name for name, each in people if account.is_active and each.account == account.username)


def account_of(edition: Edition, person: str) -> Operator | None:
    """Return the active account of *person*, a name in `[people]`."""
    bound = person_named(edition, person)
    if bound is None or not bound.account:
        return None
    return Operator.objects.filter(username=bound.account, is_active=True).first()


def person_named(edition: Edition, name: str) -> Person | None:
    """Return `[people.NAME]`, regardless of width, case and spaces."""
    wanted = folded(name)
    people = edition.bindings.people.items()
    return next((each for known, each in people if folded(known) == wanted), None)


def name_of(edition: Edition, person: str) -> str:
    """Return what *person*, a name in `[people]`, is called: it may be that of a role."""
    bound = person_named(edition, person)
    return bound.name or person if bound is not None else person


def _watch(edition: Edition, role: str, now: datetime) -> OnDuty:
    bindings, wanted = edition.bindings, folded(role)
    known = rosters(edition.design, bindings.duty)
    found = next((each for each in known if folded(each.role) == wanted), None)
    return OnDuty((role,)) if found is None else holding(found, standing(now), now, bindings.system)


def _holder(name: str, override: Override | None, edition: Edition) -> Holder:
    bound, file = person_named(edition, name), edition.bindings.file
    section = f'[people."{name}"]'
    if bound is None:
        return Holder(name, None, Message("approvals.not-in-people", section=section, file=file), override)
    if not bound.account:
        why = Message("approvals.without-account", person=name, section=section, file=file)
        return Holder(name, None, why, override)
    account = account_of(edition, name)
    if account is None:
        why = Message("approvals.no-such-account", person=name, account=bound.account, section=section)
        return Holder(name, None, why, override)
    return Holder(name, account, NOTHING, override)
