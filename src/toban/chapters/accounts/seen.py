"""What is known of every system, as values for those who judge."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.chapters.accounts.account import FoundAccount, PasswordTerms, gaps_of
from toban.chapters.accounts.joining import AccountHolder, HolderKind
from toban.chapters.accounts.models import CollectedAccount, SystemReading
from toban.chapters.accounts.plan import AccountsPlan, AccountSystem
from toban.message import NOTHING, Message


@dataclass(frozen=True, slots=True)
class SeenAccount:
    """An account that is there."""

    found: FoundAccount
    holder: AccountHolder
    first_seen: datetime
    changed_at: datetime

    @property
    def is_of_person(self) -> bool:
        """Whether a person may sign in with it; what nobody is known for counts as a person's."""
        return not self.found.is_locked and self.holder.kind is not HolderKind.MACHINE


@dataclass(frozen=True, slots=True)
class SeenSystem:
    """A system as it was read last."""

    system: AccountSystem
    looked_at: datetime | None
    taken_at: datetime | None
    trouble: Message
    terms: PasswordTerms | None
    gaps: Sequence[Message]
    accounts: Sequence[SeenAccount]

    @property
    def name(self) -> str:
        """The system's name."""
        return self.system.name

    def why_unknown(self, oldest: timedelta, now: datetime) -> Message:
        """Return why what was read says nothing about now; nothing if it does."""
        if self.trouble:
            return Message("accounts.unread", system=self.name, why=self.trouble)
        if self.taken_at is None:
            return Message("accounts.not-read-yet", system=self.name)
        if now - self.taken_at > oldest:
            return Message("accounts.is-old", system=self.name, at=self.taken_at)
        return NOTHING


def seen(plan: AccountsPlan) -> Sequence[SeenSystem]:
    """Return all systems of *plan*."""
    names = [each.name for each in plan.systems]
    readings = SystemReading.objects.in_bulk(names)
    accounts: dict[str, list[CollectedAccount]] = defaultdict(list)
    for each in CollectedAccount.objects.there().filter(system__in=names).order_by("name"):
        accounts[each.system].append(each)
    return [
        _seen(system, readings.get(system.name), list(_accounts(plan, system, accounts[system.name])), plan)
        for system in plan.systems
    ]


def _seen(
    system: AccountSystem,
    reading: SystemReading | None,
    accounts: Sequence[SeenAccount],
    plan: AccountsPlan,
) -> SeenSystem:
    if reading is None:
        return SeenSystem(system, None, None, NOTHING, None, (), accounts)
    taken_at = reading.taken_at.astimezone(plan.zone) if reading.taken_at is not None else None
    return SeenSystem(
        system,
        reading.looked_at.astimezone(plan.zone),
        taken_at,
        reading.trouble,
        reading.password_terms,
        gaps_of(reading.gaps),
        accounts,
    )


def _accounts(
    plan: AccountsPlan, system: AccountSystem, rows: Sequence[CollectedAccount]
) -> Iterator[SeenAccount]:
    for each in rows:
        found = each.found
        yield SeenAccount(found, plan.holder(system, found), each.first_seen, each.changed_at)
