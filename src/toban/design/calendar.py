"""Which days a schedule falls on: pure calendar arithmetic, without a clock and without a time zone."""

from calendar import monthrange
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache

from toban.design.values.days_off.closed import ClosedDays
from toban.design.values.days_off.holidays import japanese_holidays
from toban.design.values.schedule import (
    Cadence,
    DayOff,
    DayOfMonth,
    NthBusinessDay,
    NthWeekday,
    Schedule,
    Weekday,
)
from toban.design.values.schedule.cron import cron_rule
from toban.message import NOTHING, Message

_WEEKDAYS = tuple(Weekday)
_SATURDAY = 5
_DAY = timedelta(days=1)
_LONGEST_CLOSURE = 60
"""Days: a rule on days that are off for longer is due on none."""
_OVER_MONTHS = (Cadence.MONTHLY, Cadence.QUARTERLY, Cadence.HALF_YEARLY, Cadence.YEARLY)


@dataclass(frozen=True, slots=True)
class Period:
    """A period of local time, end exclusive; `start == end` is a single moment."""

    start: datetime
    end: datetime

    def meets(self, other: "Period") -> bool:
        """Say whether the two periods share a moment."""
        if self.start == self.end:
            return other.start <= self.start < other.end
        return self.start < other.end and other.start < self.end


def weekday(day: date) -> Weekday:
    """Return the document's word for the weekday of *day*."""
    return _WEEKDAYS[day.weekday()]


def weekday_name(day: date) -> Message:
    """Return the weekday of *day*: 月, Mon."""
    return Message(f"design.{weekday(day).name.lower()}")


def days_from(first: date, count: int) -> Iterator[date]:
    """Yield *count* days, starting with *first*."""
    return (first + timedelta(days=offset) for offset in range(count))


def is_due_on(schedule: Schedule, day: date, calendar: "BusinessCalendar") -> bool:
    """Say whether one of the rules of *schedule* falls on *day*, going by the document's words.

    False if they leave the day open (月次 without a day, 随時): its due days can't be known. For 四半期毎
    without months and 隔週 without its first week, *calendar* may know more. 平日 means business days.
    """
    return any(_is_due_on(each, day, calendar) for each in schedule.each)


def _is_due_on(schedule: Schedule, day: date, calendar: "BusinessCalendar") -> bool:
    match schedule.day_off:
        case None:
            return _falls_on(schedule, day, calendar)
        case DayOff.ADDED:
            return calendar.is_holiday(day) or _falls_on(schedule, day, calendar)
        case DayOff.SKIPPED:
            return not calendar.day_off(day) and _falls_on(schedule, day, calendar)
        case DayOff.EARLIER | DayOff.LATER as shift:
            # It falls on the day itself, or on one of the days off that lie between it and its neighbour.
            back = _DAY if shift is DayOff.EARLIER else -_DAY
            return calendar.is_business_day(day) and any(
                _falls_on(schedule, each, calendar) for each in _with_days_off(day, back, calendar)
            )


def _with_days_off(day: date, step: timedelta, calendar: "BusinessCalendar") -> Iterator[date]:
    """Yield *day* and the days off that follow it in one direction."""
    yield day
    for count in range(1, _LONGEST_CLOSURE):
        if calendar.is_business_day(day + count * step):
            return
        yield day + count * step


def _falls_on(schedule: Schedule, day: date, calendar: "BusinessCalendar") -> bool:
    if schedule.skips_holidays:
        return calendar.is_business_day(day)
    if schedule.cadence is Cadence.DAILY:
        return not schedule.weekdays or weekday(day) in schedule.weekdays
    if schedule.cadence is Cadence.WEEKLY:
        return weekday(day) in schedule.weekdays and (
            schedule.every is None or _is_of_fortnight(day, schedule.since, calendar)
        )
    if schedule.cadence is Cadence.CRON:
        rule = cron_rule(schedule.cron)
        return rule is not None and rule.falls_on(day)
    if schedule.cadence not in _OVER_MONTHS:
        return False
    if schedule.cadence is Cadence.QUARTERLY and not schedule.months:
        return day.month in calendar.quarters and _is_day_of_month(
            schedule if schedule.day else replace(schedule, day=DayOfMonth(1)), day, calendar
        )
    if schedule.months:
        return day.month in schedule.months and _is_day_of_month(schedule, day, calendar)
    return schedule.cadence is Cadence.MONTHLY and _is_day_of_month(schedule, day, calendar)


def _is_of_fortnight(day: date, since: date | None, calendar: "BusinessCalendar") -> bool:
    """Say whether *day* is in one of every two weeks (Monday to Sunday), counted from the first."""
    first = since or calendar.fortnight
    if first is None or (since is not None and day < since):
        return False
    mondays = (each - timedelta(days=each.weekday()) for each in (day, first))
    return (next(mondays) - next(mondays)).days % 14 == 0


def periods_on(schedule: Schedule, day: date, calendar: "BusinessCalendar") -> Iterator[Period]:
    """Yield the periods in which *schedule* runs on *day*, if it is due that day and has a clock time.

    25:00 is in the night after *day*.
    """
    for each in schedule.each:
        if _is_due_on(each, day, calendar):
            yield from _periods(each, day + _DAY * each.next_day)


def _periods(schedule: Schedule, day: date) -> Iterator[Period]:
    if schedule.cadence is Cadence.CRON and (rule := cron_rule(schedule.cron)):
        yield from (Period(start, start) for clock in rule.clocks for start in (_moment(day, clock),))
    if schedule.at is None:
        return
    start = _moment(day, schedule.at)
    if schedule.until is None:
        yield Period(start, start)
        return
    ends_next_day = schedule.until <= schedule.at
    yield Period(start, _moment(day + timedelta(days=ends_next_day), schedule.until))


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """Working days: weekdays, except closing days and, where observed, public holidays."""

    keeps_holidays: bool = True
    """Whether Japan's public holidays count as days off."""
    closed: tuple[ClosedDays, ...] = ()
    fortnight: date | None = None
    """A day in the first of the weeks of 隔週; None: nobody knows which of the two weeks it is."""
    quarters: tuple[int, ...] = ()
    """The months in which a quarter begins, for 四半期毎; empty: nobody knows."""

    def is_business_day(self, day: date) -> bool:
        """Say whether people work on *day*."""
        return day.weekday() < _SATURDAY and not self.day_off(day)

    def is_holiday(self, day: date) -> bool:
        """Say whether *day* is a public holiday that is kept, on whatever weekday."""
        return self.keeps_holidays and day in _holidays_of(day.year)

    def day_off(self, day: date) -> Message:
        """Return why *day* is off regardless of its weekday (a holiday, 休業日); nothing if it isn't."""
        holiday = _holidays_of(day.year).get(day, NOTHING) if self.keeps_holidays else NOTHING
        return holiday or (
            Message("design.closed") if any(each.has(day) for each in self.closed) else NOTHING
        )

    def days_off_around(self, day: date) -> Collection[date]:
        """Return which of *day* and the day before are days off: hours may extend past midnight."""
        return frozenset(each for each in days_from(day - timedelta(days=1), 2) if self.day_off(each))


@cache
def _holidays_of(year: int) -> Mapping[date, Message]:
    return japanese_holidays(range(year, year + 1))


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at)


def _is_day_of_month(schedule: Schedule, day: date, calendar: BusinessCalendar) -> bool:
    length = monthrange(day.year, day.month)[1]
    match schedule.day:
        case DayOfMonth(number):
            return day.day == (number if number > 0 else length + 1 + number)
        case NthWeekday(nth, wanted):
            from_start = (day.day - 1) // 7 + 1
            from_end = -((length - day.day) // 7 + 1)
            return weekday(day) is wanted and nth in (from_start, from_end)
        case NthBusinessDay(nth):
            month = (day.replace(day=number) for number in range(1, length + 1))
            business = [each for each in month if calendar.is_business_day(each)]
            position = nth - 1 if nth > 0 else nth
            return -len(business) <= position < len(business) and business[position] == day
        case None:
            return False
