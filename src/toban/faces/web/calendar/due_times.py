"""When schedules are due around a moment, and on a day. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta, tzinfo

from toban.design.values.schedule import Schedule
from toban.engine.bindings.model import System
from toban.engine.calendar.due import due_times

_SPANS = tuple(timedelta(days=days) for days in (1, 8, 40, 400))
"""Tried in turn, so that a minutely schedule isn't computed for a whole year."""
_MOMENT = timedelta(microseconds=1)


def next_times(schedules: Sequence[Schedule], system: System, now: datetime, count: int) -> list[datetime]:
    """Return the next *count* due times after *now*, or as many as a year holds."""
    found: list[datetime] = []
    for span in _SPANS:
        found = between(schedules, system, now + _MOMENT, now + span)
        if len(found) >= count:
            break
    return found[:count]


def previous_times(
    schedules: Sequence[Schedule], system: System, now: datetime, count: int
) -> list[datetime]:
    """Return the last *count* due times up to *now*, newest first, or as many as a year holds."""
    found: list[datetime] = []
    for span in _SPANS:
        found = between(schedules, system, now - span, now + _MOMENT)
        if len(found) >= count:
            break
    return found[::-1][:count]


def since(moment: datetime | None, begun: datetime | None, *, is_day: bool, zone: tzinfo) -> datetime | None:
    """Return *moment* unless it was before Toban had *begun*; a day counts until its end."""
    if moment is None or begun is None:
        return None
    if is_day:
        return moment if moment.astimezone(zone).date() >= begun.astimezone(zone).date() else None
    return moment if moment >= begun else None


def between(schedules: Sequence[Schedule], system: System, start: datetime, end: datetime) -> list[datetime]:
    """Return all due times of *schedules* from *start* (included) to *end* (excluded), in order.

    If the document names a day without a time, midnight stands for the day.
    """
    return sorted(
        {each for schedule in schedules for each in due_times(_timed(schedule), system, start, end)}
    )


def _timed(schedule: Schedule) -> Schedule:
    return schedule if schedule.is_timed else replace(schedule, at=time(0))
