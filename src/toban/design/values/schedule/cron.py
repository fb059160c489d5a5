"""Cron lines to schedules: 0 2 * * 0, */5 9-18 * * 1-5, 0 9 L * *, 0 9 * * FRI#2, @daily."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache

from cronsim import CronSim, CronSimError

from toban.design.assumption import Assumption
from toban.design.values.duration import Duration, TimeUnit
from toban.design.values.schedule.rule import Cadence, DayOfMonth, NthWeekday, Schedule, Weekday
from toban.message import Message

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
"""The most rules in words that one line may yield; a line with more stays as it is."""
_NAMES = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_QUARTZ_DAY = re.compile(
    rf"(?P<clock>[\d*][\d*/,-]{{0,80}} [\d*][\d*/,-]{{0,80}}) (?:(?P<last>l) \* (?:\*|\?)"
    rf"|[*?] \* (?P<day>{'|'.join(_NAMES)})(?:#(?P<nth>[1-5])|(?P<final>l)))"
)
"""A day in Quartz's words. 5L and 5#2 are left out: 5 is Friday to cron and Thursday to Quartz, and W is left
out, as it may or may not know public holidays."""

_ANY_DATE = re.compile(r"(?P<before>\S+ \S+ )\?(?P<after> \S+ [a-z*][a-z,-]*)")
_ANY_WEEKDAY = re.compile(r"(?P<before>\S+ \S+ \S+ \S+ )\?(?P<after>)")


@dataclass(frozen=True, slots=True)
class CronRule:
    """A cron line as sets of numbers, with the meaning of crontab(5)."""

    clocks: tuple[time, ...]
    dates: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """As `date.weekday` counts: Monday is 0."""
    is_either: bool
    """Whether a day of either a date or a weekday is enough: both are given, and neither begins with *."""
    is_by_hour: bool
    """Whether it names an hour or minute by *: then it follows each jump of summer time, as cron does."""

    def falls_on(self, day: date) -> bool:
        """Say whether cron would run on *day*."""
        if day.month not in self.months:
            return False
        is_date, is_weekday = day.day in self.dates, day.weekday() in self.weekdays
        return is_date or is_weekday if self.is_either else is_date and is_weekday


@lru_cache(maxsize=1024)
def cron_rule(line: str) -> CronRule | None:
    """Read five fields, or a nickname, in lower case; None if cron would refuse them."""
    line = _NICKNAMES.get(line, line)
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
    minute, hour, dates, _, weekdays = line.split(" ")
    return CronRule(
        tuple(time(hour, minute) for hour in sorted(fields.hours) for minute in sorted(fields.minutes)),
        frozenset(fields.days),
        frozenset(fields.months),
        # Sunday is 0 or 7 to cron.
        frozenset((number - 1) % 7 for number in numbers),
        is_either=not (dates.startswith("*") or weekdays.startswith("*")),
        is_by_hour=minute.startswith("*") or hour.startswith("*"),
    )


def read_cron(text: str) -> tuple[Schedule, ...] | None:
    """Read a line of five fields, or a nickname, in lower case, as cron does.

    What has a name in words becomes that (0 9 * * 1-5 is 毎週月・火・水・木・金曜), in at most a few rules; any
    other line stays a line.
    """
    if named := _quartz_day(text):
        return named
    line = _NICKNAMES.get(text, _with_any_day(text))
    rule = cron_rule(line)
    if rule is None:
        return None
    clocks = [clock.hour * 60 + clock.minute for clock in rule.clocks]
    days = _days(rule)
    if days == [Schedule(Cadence.DAILY)] and (interval := _interval(clocks)):
        return (interval,)
    if days is None or len(clocks) * len(days) > _MOST or rule.is_by_hour:
        said = Message("design.cron-date-or-weekday", line=line)
        taken = (Assumption(said, Message("design.why-cron")),) if rule.is_either else ()
        return (Schedule(Cadence.CRON, cron=line, assumptions=taken),)
    return tuple(_at(day, clock) for day, clock in itertools.product(days, clocks))


def _with_any_day(line: str) -> str:
    """Return *line* with * for a date or weekday that does not matter (?).

    Where the weekday is a number it stays: lines with ? are often Quartz's, to which 5 is Thursday.
    """
    if match := _ANY_DATE.fullmatch(line) or _ANY_WEEKDAY.fullmatch(line):
        return f"{match['before']}*{match['after']}"
    return line


def _quartz_day(text: str) -> tuple[Schedule, ...] | None:
    """Read a line whose day is the last of the month (L), or the n-th or last weekday (FRI#2, FRIL)."""
    match = _QUARTZ_DAY.fullmatch(text)
    rule = cron_rule(f"{match['clock']} * * *") if match else None
    if match is None or rule is None or len(rule.clocks) > _MOST:
        return None
    day: DayOfMonth | NthWeekday = DayOfMonth(-1)
    if match["day"]:
        day = NthWeekday(int(match["nth"] or -1), tuple(Weekday)[_NAMES.index(match["day"])])
    return tuple(Schedule(Cadence.MONTHLY, day=day, at=clock) for clock in rule.clocks)


def _steps_too_far(line: str) -> bool:
    """Say whether a step exceeds its field: cron treats */90 as once an hour, but people mean 90 minutes."""
    fields = zip(line.split(" "), _LENGTHS, strict=True)
    return any(int(step) >= length for field, length in fields for step in _STEP.findall(field))


def _days(rule: CronRule) -> list[Schedule] | None:
    """Return the days as schedules without a clock; None for dates with weekdays, and days of a season."""
    dates, months = sorted(rule.dates), tuple(sorted(rule.months))
    every_date, every_month, every_weekday = len(dates) == 31, len(months) == 12, len(rule.weekdays) == 7
    if every_date and every_month and every_weekday:
        return [Schedule(Cadence.DAILY)]
    if rule.is_either:
        return None
    if every_date and every_month:
        named = tuple(day for number, day in enumerate(Weekday) if number in rule.weekdays)
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
