"""What is known of every system, as values for those who judge."""

from collections.abc import Iterator, Mapping, Sequence
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


_loaded: dict[str, tuple[str, Sequence[CollectedAccount]]] = {}
"""System → its accounts, and the revision that they are of."""


def there(readings: Mapping[str, SystemReading]) -> Mapping[str, Sequence[CollectedAccount]]:
    """Return the accounts that are there by system, in order of their names.

    They are loaded anew only after a look has read them: the loops ask every few seconds, and there may be
    tens of thousands. Nobody changes them.
    """
    known = dict(_loaded)
    found = {
        name: known[name][1]
        for name, each in readings.items()
        if each.revision and name in known and known[name][0] == each.revision
    }
    fresh: dict[str, list[CollectedAccount]] = {name: [] for name in readings if name not in found}
    for row in CollectedAccount.objects.there().filter(system__in=list(fresh)).order_by("name"):
        fresh[row.system].append(row)
    _loaded.update({name: (readings[name].revision, rows) for name, rows in fresh.items()})
    return {**found, **fresh}


def seen(plan: AccountsPlan) -> Sequence[SeenSystem]:
    """Return all systems of *plan*."""
    readings = SystemReading.objects.in_bulk([each.name for each in plan.systems])
    accounts = there(readings)
    return [
        _seen(
            system,
            readings.get(system.name),
            list(_accounts(plan, system, accounts.get(system.name, ()))),
            plan,
        )
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
