"""DORA's four figures of a service in a month. Pure; `deliveries` reads the releases."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median

from toban.design.values.schedule.occurrence import existing
from toban.engine.bindings.model import System
from toban.engine.spans import Span
from toban.message import NOTHING, Message

FEWEST = 5
"""With fewer releases, a share or a median says little."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A release to the last environment, or a way back there; drills are none."""

    number: int
    is_rollback: bool
    is_bad: bool
    """Whether it was rolled back, or served and then failed."""
    served_at: datetime
    changes: tuple[datetime, ...] = ()
    """When each of its commits was made."""
    undoes: int | None = None
    detected_at: datetime | None = None
    checked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """The four figures; None for what nothing can be said about."""

    deployments: int
    days: int
    """Of the month, or of its part that is over."""
    lead_time: timedelta | None
    """The median from a commit until it served."""
    failures: int
    """Deployments that were rolled back, or failed after their switch."""
    restore_time: timedelta | None
    """The median from the detection of trouble until the former version was found healthy."""
    restores: int

    @property
    def failure_rate(self) -> float | None:
        """The share of deployments that failed."""
        return self.failures / self.deployments if self.deployments else None

    @property
    def per_week(self) -> float | None:
        """How many deployments a week."""
        return self.deployments * 7 / self.days if self.days else None

    @property
    def too_few(self) -> Message:
        """That these figures rest on few releases; nothing if they don't."""
        if self.deployments >= FEWEST:
            return NOTHING
        return Message("release-rows.too-few-for-figures", count=self.deployments, wanted=FEWEST)


def month_of(day: date, system: System) -> Span:
    """Return the month that *day* is in, in the document's zone."""
    first = day.replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return existing(first, time(0), system.zone), existing(following, time(0), system.zone)


def figures(deliveries: Iterable[Delivery], month: Span, now: datetime) -> Figures:
    """Return the figures of *month* as they are known at *now*.

    A deployment counts in the month in which it served, even if it fails later; a restore counts in the month
    in which it ended.
    """
    counted = counted_in(deliveries, month, now)
    waits = [each.served_at - change for each in counted.made for change in each.changes]
    return Figures(
        deployments=len(counted.made),
        days=_days(month, now),
        lead_time=_median(waits),
        failures=sum(each.number in counted.failed for each in counted.made),
        restore_time=_median([took for _, took in counted.restores]),
        restores=len(counted.restores),
    )


@dataclass(frozen=True, slots=True)
class CountedDeliveries:
    """What the figures of a month are made of."""

    made: tuple[Delivery, ...]
    failed: frozenset[int]
    """The numbers of those that were rolled back, or failed after their switch."""
    restores: tuple[tuple[Delivery, timedelta], ...]
    """Each rollback that ended in the month, with the time from the detection of the trouble."""


def counted_in(deliveries: Iterable[Delivery], month: Span, now: datetime) -> CountedDeliveries:
    """Return those of *deliveries* that count in *month*, as they are known at *now*."""
    known = [each for each in deliveries if each.served_at <= now]
    undone = {each.undoes for each in known if each.is_rollback}
    made = tuple(each for each in known if not each.is_rollback and _is_in(each.served_at, month))
    restores = tuple(
        (each, each.checked_at - each.detected_at)
        for each in known
        if each.is_rollback and each.detected_at and each.checked_at and _is_in(each.checked_at, month)
    )
    failed = frozenset(each.number for each in made if each.is_bad or each.number in undone)
    return CountedDeliveries(made, failed, restores)


def _is_in(moment: datetime, month: Span) -> bool:
    return month[0] <= moment < month[1]


def _days(month: Span, now: datetime) -> int:
    """Return how many days of the month have begun."""
    whole = timedelta(days=1)
    return max(-((month[0] - min(now, month[1])) // whole), 0)


def _median(lengths: Sequence[timedelta]) -> timedelta | None:
    if not lengths:
        return None
    return timedelta(seconds=median(max(each.total_seconds(), 0.0) for each in lengths))
