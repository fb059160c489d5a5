"""Cron lines to schedules: 0 2 * * 0, 0 9 * * 1-5, 0 9,18 1 4,10 *, @daily."""

import itertools
import re
from collections.abc import Sequence
from datetime import UTC, datetime, time
from decimal import Decimal

from cronsim import CronSim, CronSimError

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
_STEP = re.compile(r"/(\d+)")
_LENGTHS = (60, 24, 31, 12, 8)
"""The number of values of each field."""
_ANY_DAY = datetime(2024, 1, 1, tzinfo=UTC)
_DAY = 24 * 60
_MOST = 24
"""The most rules one line may yield; a line with more is a traffic pattern, not a list of due times."""


def read_cron(text: str) -> tuple[Schedule, ...] | None:
    """Read a line of five fields, or a nickname, in lower case; None if no schedules can express it.

    None also for a line that names both a date and a weekday: cron runs on either, which no document means.
    """
    line = _NICKNAMES.get(text, text)
    if not _LINE.fullmatch(line) or _steps_too_far(line):
        return None
    try:
        fields = CronSim(line, _ANY_DAY)
    except CronSimError:
        return None
    numbers = [each for each in fields.weekdays if isinstance(each, int)]
    if len(numbers) < len(fields.weekdays):
        # 5L, the last Friday, is a cronsim extension, not standard cron.
        return None
    # Sunday is 0 or 7.
    weekdays = frozenset(number % 7 for number in numbers)
    clocks = [hour * 60 + minute for hour in sorted(fields.hours) for minute in sorted(fields.minutes)]
    days = _days(sorted(fields.days), tuple(sorted(fields.months)), weekdays)
    if days is None:
        return None
    if days == [Schedule(Cadence.DAILY)] and (interval := _interval(clocks)):
        return (interval,)
    if len(clocks) * len(days) > _MOST:
        return None
    return tuple(_at(day, clock) for day, clock in itertools.product(days, clocks))


def _steps_too_far(line: str) -> bool:
    """Say whether a step exceeds its field: cron treats */90 as once an hour, but people mean 90 minutes."""
    fields = zip(line.split(" "), _LENGTHS, strict=True)
    return any(int(step) >= length for field, length in fields for step in _STEP.findall(field))


def _days(dates: Sequence[int], months: tuple[int, ...], weekdays: frozenset[int]) -> list[Schedule] | None:
    """Return the days as schedules without a clock; None for dates with weekdays, and days of a season."""
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
    """Return the interval of *clocks* (minutes from midnight) if they are evenly spaced over the day.

    Cron restarts each hour and day: */7 is not an interval of 7 minutes.
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
