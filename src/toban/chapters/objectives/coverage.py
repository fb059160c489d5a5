"""How much of a time is known, and whether a level may be judged from it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from toban.chapters.objectives import periods
from toban.chapters.objectives.rules import SLICE, SliceTally
from toban.engine.spans import Span

NEEDED = 0.95
"""The share of the time that must be known, unless the bindings say otherwise."""
LEAST = timedelta(hours=1)
"""The known time that a level needs in any case."""
_LOOK_BACK = timedelta(days=1)
"""A month that has just begun is judged together with the day before it: its own first hour is too short."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much is known of a time that has passed."""

    known: timedelta
    passed: timedelta

    @property
    def share(self) -> float:
        """The known share, 0 to 1."""
        return min(self.known / self.passed, 1.0) if self.passed > timedelta(0) else 0.0

    def reaches(self, needed: float) -> bool:
        """Say whether the share *needed* is known."""
        # The newest slice may still wait for its measurement.
        return self.known >= needed * (self.passed - SLICE)

    def is_enough(self, needed: float) -> bool:
        """Say whether a level may be judged: the share *needed* is known, and an hour."""
        return self.known >= LEAST and self.reaches(needed)


def measured_since(
    days: Mapping[date, SliceTally], in_force: datetime, zone: ZoneInfo, now: datetime
) -> datetime:
    """Return when the measurements of a row should begin: when it came into force, or with the first of them.

    The store may hold older ones than the row. Of the first day that has any, its end is taken as known.
    """
    first = min((day for day, tally in days.items() if tally.covered > 0), default=None)
    if first is None:
        return in_force
    end = min(periods.day_span(first, zone)[1], now)
    return min(in_force, end - timedelta(seconds=days[first].covered))


def judged_span(month_start: datetime, since: datetime, now: datetime) -> Span:
    """Return the time whose coverage decides whether a month's level may be judged *now*."""
    return max(since, min(month_start, now - _LOOK_BACK)), now


def coverage(days: Mapping[date, SliceTally], span: Span, zone: ZoneInfo) -> Coverage:
    """Return how much of *span* is known from *days*; of a day that is partly in it, as much as fits."""
    known = (min(timedelta(seconds=days[day].covered), _within(day, span, zone)) for day in days)
    return Coverage(sum(known, timedelta(0)), max(periods.length(span), timedelta(0)))


def _within(day: date, span: Span, zone: ZoneInfo) -> timedelta:
    start, end = periods.day_span(day, zone)
    return max(periods.length((max(start, span[0]), min(end, span[1]))), timedelta(0))
