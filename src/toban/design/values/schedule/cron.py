"""Cron lines to schedules: 0 2 * * 0, 0 9 * * 1-5, 0 9,18 1 4,10 *, @daily."""

import itertools
import re
from collections.abc import Sequence
from datetime import time
from decimal import Decimal

from toban.design.values.duration import Duration, TimeUnit
from toban.design.values.schedule.rule import Cadence, DayOfMonth, Schedule, Weekday

_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_LINE = re.compile(r"(?:[\d*][\d*/,-]{0,80} ){3}[\da-z*][\da-z*/,-]{0,80} [\da-z*][\da-z*/,-]{0,80}")
_ITEM = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d{1,2}))?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAY = 24 * 60
_MOST = 24
"""Rules of one line; a line that means more is no list of due times but a traffic pattern."""


def read_cron(text: str) -> tuple[Schedule, ...] | None:
    """Read a line of five fields, or a nickname, in lower case; None for what no schedules can say.

    None also for a line that names both a date and a weekday: cron takes either, which no document means.
    """
    line = _NICKNAMES.get(text, text)
    if not _LINE.fullmatch(line):
        return None
    fields = line.split(" ")
    minutes, hours = _values(fields[0], range(60)), _values(fields[1], range(24))
    dates, months = _values(fields[2], range(1, 32)), _values(fields[3], range(1, 13), _MONTHS)
    # Sunday is 0 or 7.
    weekdays = _values(fields[4], range(8), _DAYS)
    if not (minutes and hours and dates and months and weekdays):
        return None
    clocks = [hour * 60 + minute for hour in hours for minute in minutes]
    days = _days(dates, months, frozenset(number % 7 for number in weekdays))
    if days is None:
        return None
    if days == [Schedule(Cadence.DAILY)] and (interval := _interval(clocks)):
        return (interval,)
    if len(clocks) * len(days) > _MOST:
        return None
    return tuple(_at(day, clock) for day, clock in itertools.product(days, clocks))


def _values(field: str, allowed: range, names: Sequence[str] = ()) -> tuple[int, ...] | None:
    """Return the numbers that a field holds, in order; None where it holds anything else."""
    found: set[int] = set()
    for item in field.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            return None
        first = allowed[0] if match["first"] == "*" else _number(match["first"], allowed, names)
        if match["last"]:
            last = _number(match["last"], allowed, names)
        else:
            last = allowed[-1] if match["first"] == "*" or match["step"] else first
        step = int(match["step"] or 1)
        if first is None or last is None or first > last or not 0 < step < len(allowed):
            return None
        found.update(range(first, last + 1, step))
    return tuple(sorted(found))


def _number(word: str, allowed: range, names: Sequence[str]) -> int | None:
    if word in names:
        return allowed[0] + names.index(word)
    return int(word) if word.isdecimal() and len(word) <= 2 and int(word) in allowed else None


def _days(dates: tuple[int, ...], months: tuple[int, ...], weekdays: frozenset[int]) -> list[Schedule] | None:
    """Return the days as schedules without a clock; None for both dates and weekdays, and for days of a season."""
    every_date, every_month, every_weekday = len(dates) == 31, len(months) == 12, len(weekdays) == 7
    if every_date and every_month and every_weekday:
        return [Schedule(Cadence.DAILY)]
    if every_date and every_month:
        named = tuple(
            day for day, number in zip(Weekday, (1, 2, 3, 4, 5, 6, 0), strict=True) if number in weekdays
        )
        return [Schedule(Cadence.WEEKLY, weekdays=named)]
    if every_date or not every_weekday:
        return None
    if every_month:
        return [Schedule(Cadence.MONTHLY, day=DayOfMonth(number)) for number in dates]
    return [Schedule(Cadence.YEARLY, day=DayOfMonth(number), months=months) for number in dates]


def _interval(clocks: Sequence[int]) -> Schedule | None:
    """Return the interval whose moments these are, in minutes from midnight, evenly over the whole day.

    Cron starts anew each hour and day: */7 is no interval of 7 minutes.
    """
    step = _DAY // len(clocks)
    offset = clocks[0]
    if len(clocks) == 1 or list(clocks) != list(range(offset, _DAY, step)):
        return None
    if offset and (step < 60 or offset >= 60):
        return None
    hours, rest = divmod(step, 60)
    every = Duration(Decimal(step), TimeUnit.MINUTE) if rest else Duration(Decimal(hours), TimeUnit.HOUR)
    return Schedule(Cadence.INTERVAL, every, minute=offset or None)


def _at(day: Schedule, clock: int) -> Schedule:
    return Schedule(
        day.cadence, weekdays=day.weekdays, day=day.day, months=day.months, at=time(*divmod(clock, 60))
    )
