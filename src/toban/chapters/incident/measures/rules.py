"""Decisions about measures: whether one is kept, overdue, and whether an incident asks for others. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from toban.message import Message


@dataclass(frozen=True, slots=True)
class MeasureProof:
    """What evidence says about a measure at a moment."""

    said: Message
    """What proves it, or what is still missing."""
    at: datetime | None = None
    """Since when it is done; None if it is not."""


class MeasureState(StrEnum):
    """How a measure stands."""

    OPEN = "open"
    OVERDUE = "overdue"
    """Its day is over, and nothing shows that it is done."""
    KEPT = "kept"
    WITHDRAWN = "withdrawn"


def state_of(
    *, kept_at: datetime | None, withdrawn_at: datetime | None, due_on: date, today: date
) -> MeasureState:
    """Return how a measure stands; its day itself is still in time."""
    if withdrawn_at is not None:
        return MeasureState.WITHDRAWN
    if kept_at is not None:
        return MeasureState.KEPT
    return MeasureState.OVERDUE if today > due_on else MeasureState.OPEN


@dataclass(frozen=True, slots=True)
class RecurrenceFacts:
    """What decides whether a failure came again."""

    recovered_at: datetime | None
    recurred_at: Sequence[datetime]
    """When each incident was detected that is the same failure again."""
    measured_at: Sequence[datetime]
    """When each measure was recorded, in this incident and in those."""

    def days_without(self, now: datetime) -> int | None:
        """Return the whole days since the recovery, until it recurred or now; None while it goes on."""
        if self.recovered_at is None:
            return None
        until = min((*self.recurred_at, now))
        return max((until - self.recovered_at) // timedelta(days=1), 0)

    def said(self, now: datetime) -> Message:
        """Return how long it has not come again, or that it has: 12日 再発なし."""
        days = self.days_without(now)
        if days is None:
            return Message("incident-reports.goes-on")
        if self.recurred_at:
            return Message("incident-reports.came-again", days=days, times=len(self.recurred_at))
        return Message("incident-reports.days-without", days=days)

    @property
    def asks_again(self) -> bool:
        """Whether it recurred, and nobody has named a measure since: those there were did not help."""
        last = max(self.recurred_at, default=None)
        return last is not None and not any(each >= last for each in self.measured_at)


@dataclass(frozen=True, slots=True)
class IncidentDebt:
    """What an incident owes, as far as chapter 13 asks."""

    number: int
    is_closed: bool
    has_report: bool
    """Whether a final report is approved."""
    measures: Sequence[MeasureState]


@dataclass(frozen=True, slots=True)
class Prevention:
    """How reports and measures are owed over all incidents."""

    unproven: tuple[int, ...]
    """Incidents that were closed without report, or without a measure."""
    overdue: tuple[int, ...]
    """Incidents with a measure that is overdue."""


def prevention(incidents: Iterable[IncidentDebt]) -> Prevention:
    """Return what is owed; withdrawn measures count as none."""
    known = list(incidents)
    return Prevention(
        tuple(each.number for each in known if each.is_closed and not _is_proven(each)),
        tuple(each.number for each in known if MeasureState.OVERDUE in each.measures),
    )


def _is_proven(debt: IncidentDebt) -> bool:
    return debt.has_report and any(each is not MeasureState.WITHDRAWN for each in debt.measures)
