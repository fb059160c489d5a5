"""When a clause is next due, by its own schedule, in the document's zone. Pure."""

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, time, timedelta

from toban.design.clauses.base import Clause
from toban.design.deadline import ends_at
from toban.design.values.duration import Duration
from toban.design.values.hours import Hours
from toban.design.values.schedule import Schedule
from toban.design.values.schedule.occurrence import occurrences
from toban.engine.bindings.model import System

_AHEAD = timedelta(days=370)
"""A yearly schedule occurs at least once within this time."""
_ANY_DAY = datetime(2024, 1, 1, tzinfo=UTC)
"""The year that follows has a 29th of February."""


def next_due(clause: Clause, system: System, now: datetime) -> datetime | None:
    """Return when any schedule of *clause* is first due after *now*; None if it has no such schedule."""
    moments = (_next(schedule, system, now) for schedule in schedules_of(clause))
    return min((moment for moment in moments if moment is not None), default=None)


def due_times(schedule: Schedule, system: System, start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield when *schedule* is due from *start* (included) to *end* (excluded), in the document's zone.

    A schedule without a clock time yields nothing: nobody knows when to begin.
    """
    return occurrences(schedule, start, end, system.zone, system.business)


def lasts(limit: Duration, start: datetime, system: System, hours: Hours) -> timedelta:
    """Return how long *limit* is from *start*: 1営業日 lasts until *hours* end on the next business day."""
    # In UTC: two local times are subtracted by their clocks, which summer time sets.
    return ends_at(start, limit, system.zone, system.business, hours).astimezone(UTC) - start


def is_ever_due(schedule: Schedule, system: System) -> bool:
    """Return whether *schedule* is ever due; without a clock time it never is."""
    return next(due_times(schedule, system, _ANY_DAY, _ANY_DAY + _AHEAD), None) is not None


def has_days(clause: Clause, system: System) -> bool:
    """Return whether any schedule of *clause* names a day, with a clock time or without."""
    return next_due(clause, system, _ANY_DAY) is not None


def schedules_of(clause: Clause) -> Iterator[Schedule]:
    """Yield every schedule that *clause* holds."""
    for each in fields(clause):
        value = getattr(clause, each.name)
        for candidate in value if isinstance(value, tuple) else (value,):
            if isinstance(candidate, Schedule):
                yield from candidate.each


def _next(schedule: Schedule, system: System, now: datetime) -> datetime | None:
    # If the document names a day but no time, the day itself is due.
    timed = schedule if schedule.is_timed else replace(schedule, at=time(0))
    just_after = now + timedelta(microseconds=1)
    return next(due_times(timed, system, just_after, now + _AHEAD), None)
