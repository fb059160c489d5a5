"""When a clause is next due, by its own schedule, in the document's zone. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from toban.design.calendar import days_from, is_due_on, japanese_holidays
from toban.design.clauses.base import Clause
from toban.design.lint.measures import length
from toban.design.values.schedule import Cadence, Schedule
from toban.engine.bindings.model import System

_DAYS_AHEAD = 370
"""A yearly schedule falls at least once within."""
_WEEKEND = 5


def next_due(clause: Clause, system: System, now: datetime) -> datetime | None:
    """Return the first moment after *now* that any schedule of *clause* names; None where none does."""
    moments = (_next(schedule, system, now) for schedule in _schedules(clause))
    return min((moment for moment in moments if moment is not None), default=None)


def _schedules(clause: Clause) -> Iterator[Schedule]:
    for each in fields(clause):
        value = getattr(clause, each.name)
        for candidate in value if isinstance(value, tuple) else (value,):
            if isinstance(candidate, Schedule):
                yield candidate


def _next(schedule: Schedule, system: System, now: datetime) -> datetime | None:
    zone = ZoneInfo(schedule.zone) if schedule.zone else system.zone
    local = now.astimezone(zone)
    if schedule.cadence is Cadence.INTERVAL:
        return _next_interval(schedule, local)
    is_business_day = _business_days(system, local.year)
    # Where the document names a day and no time, the day itself is what is due.
    at = schedule.at or time(0)
    for day in days_from(local.date(), _DAYS_AHEAD):
        moment = datetime.combine(day, at, zone)
        if moment > local and is_due_on(schedule, day, is_business_day):
            return moment
    return None


def _next_interval(schedule: Schedule, local: datetime) -> datetime | None:
    """The next multiple of the interval, counted from midnight: 1時間毎 falls on the full hour."""
    if schedule.every is None or length(schedule.every) <= timedelta(0):
        return None
    midnight = datetime.combine(local.date(), time(0), local.tzinfo) + timedelta(minutes=schedule.minute or 0)
    every = length(schedule.every)
    return midnight + every * ((local - midnight) // every + 1)


def _business_days(system: System, year: int) -> Callable[[date], bool]:
    holidays = japanese_holidays(range(year, year + 2)) if system.holidays == "JP" else {}
    return lambda day: day.weekday() < _WEEKEND and day not in holidays
