"""The days of a schedule."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest

from toban.design.calendar import (
    BusinessCalendar,
    Period,
    days_from,
    is_due_on,
    periods_on,
)
from toban.design.values.days_off.closed import ClosedDays, read_closed_days
from toban.design.values.duration import Duration, TimeUnit
from toban.design.values.schedule import (
    Cadence,
    DayOfMonth,
    NthBusinessDay,
    NthWeekday,
    Schedule,
    Weekday,
)

no_holidays = BusinessCalendar(keeps_holidays=False)


def closed_on(day: date) -> BusinessCalendar:
    return replace(no_holidays, closed=(ClosedDays(day, day, is_yearly=False),))


def local(day: date, at: time) -> datetime:
    return datetime.combine(day, at)


def days_of(schedule: Schedule, first: date, count: int) -> list[date]:
    return [day for day in days_from(first, count) if is_due_on(schedule, day, no_holidays)]


def test_second_sunday_is_between_the_eighth_and_the_fourteenth() -> None:
    schedule = Schedule(Cadence.MONTHLY, day=NthWeekday(2, Weekday.SUNDAY))

    days = days_of(schedule, date(2026, 2, 1), 59)

    assert days == [date(2026, 2, 8), date(2026, 3, 8)]


def test_last_friday_is_the_fourth_or_the_fifth() -> None:
    schedule = Schedule(Cadence.MONTHLY, day=NthWeekday(-1, Weekday.FRIDAY))

    days = days_of(schedule, date(2026, 1, 1), 59)

    assert days == [date(2026, 1, 30), date(2026, 2, 27)]


@pytest.mark.parametrize(("year", "last"), [(2027, 28), (2028, 29)])
def test_end_of_month_follows_leap_years(year: int, last: int) -> None:
    schedule = Schedule(Cadence.MONTHLY, day=DayOfMonth(-1))

    assert days_of(schedule, date(year, 2, 1), last) == [date(year, 2, last)]


def test_thirty_first_is_skipped_in_short_months() -> None:
    schedule = Schedule(Cadence.MONTHLY, day=DayOfMonth(31))

    assert days_of(schedule, date(2026, 4, 1), 61) == [date(2026, 5, 31)]


def test_business_days_are_counted_without_weekends_and_holidays() -> None:
    first_and_last = (NthBusinessDay(1), NthBusinessDay(-1))

    days = [
        day
        for rule in first_and_last
        for day in days_from(date(2027, 1, 1), 31)
        if is_due_on(Schedule(Cadence.MONTHLY, day=rule), day, closed_on(date(2027, 1, 1)))
    ]

    assert days == [date(2027, 1, 4), date(2027, 1, 29)]


def test_a_business_day_beyond_the_month_never_occurs() -> None:
    schedule = Schedule(Cadence.MONTHLY, day=NthBusinessDay(24))

    assert days_of(schedule, date(2026, 1, 1), 365) == []


def test_a_quarterly_schedule_without_months_has_no_days() -> None:
    schedule = Schedule(Cadence.QUARTERLY, day=DayOfMonth(1))

    assert days_of(schedule, date(2026, 1, 1), 365) == []


def test_a_yearly_schedule_with_a_month_has_one_day() -> None:
    schedule = Schedule(Cadence.YEARLY, day=DayOfMonth(1), months=(4,))

    assert days_of(schedule, date(2026, 1, 1), 365) == [date(2026, 4, 1)]


def test_weekdays_narrow_a_daily_schedule() -> None:
    schedule = Schedule(Cadence.DAILY, weekdays=(Weekday.MONDAY, Weekday.FRIDAY))

    assert days_of(schedule, date(2026, 11, 23), 7) == [date(2026, 11, 23), date(2026, 11, 27)]


def test_working_days_exclude_weekends_and_holidays() -> None:
    working_days = Schedule(Cadence.DAILY, weekdays=tuple(Weekday)[:5])
    monday_to_friday = Schedule(Cadence.WEEKLY, weekdays=tuple(Weekday)[:5])
    holiday, thursday = date(2026, 11, 23), date(2026, 11, 26)

    works = closed_on(holiday)

    assert [is_due_on(working_days, day, works) for day in (holiday, thursday)] == [False, True]
    assert [is_due_on(monday_to_friday, day, works) for day in (holiday, thursday)] == [True, True]


def test_a_biweekly_schedule_without_its_first_week_has_no_days() -> None:
    fortnightly = Schedule(Cadence.WEEKLY, Duration(Decimal(2), TimeUnit.WEEK), (Weekday.FRIDAY,))

    assert days_of(fortnightly, date(2026, 1, 1), 28) == []


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(Cadence.INTERVAL, every=Duration(Decimal(1), TimeUnit.HOUR)),
        Schedule(Cadence.CONTINUOUS),
        Schedule(Cadence.ON_EVENT, event="変更時"),
        Schedule(Cadence.MONTHLY),
        Schedule(Cadence.WEEKLY),
    ],
)
def test_a_schedule_without_a_day_has_no_days(schedule: Schedule) -> None:
    assert days_of(schedule, date(2026, 1, 1), 365) == []


def test_window_past_midnight_ends_on_the_next_day() -> None:
    schedule = Schedule(Cadence.DAILY, at=time(23), until=time(1))

    periods = list(periods_on(schedule, date(2026, 12, 31), no_holidays))

    assert periods == [Period(local(date(2026, 12, 31), time(23)), local(date(2027, 1, 1), time(1)))]


def test_schedule_without_clock_has_no_period() -> None:
    assert list(periods_on(Schedule(Cadence.DAILY), date(2026, 1, 1), no_holidays)) == []


def test_the_end_of_a_window_is_outside_it() -> None:
    window = Period(local(date(2026, 1, 1), time(2)), local(date(2026, 1, 1), time(4)))

    inside = [
        Period(at, at).meets(window) for at in (window.start, window.end - timedelta(minutes=1), window.end)
    ]

    assert inside == [True, True, False]


def test_periods_that_only_touch_do_not_overlap() -> None:
    window = Period(local(date(2026, 1, 1), time(2)), local(date(2026, 1, 1), time(4)))

    assert not Period(local(date(2026, 1, 1), time(1)), window.start).meets(window)
    assert Period(local(date(2026, 1, 1), time(1)), window.start + timedelta(minutes=1)).meets(window)


def test_public_holidays_are_business_days_only_if_they_are_not_observed() -> None:
    saturday, new_year, friday = date(2027, 1, 2), date(2027, 1, 1), date(2027, 1, 8)

    kept, not_kept = BusinessCalendar(), BusinessCalendar(keeps_holidays=False)

    assert [kept.is_business_day(day) for day in (saturday, new_year, friday)] == [False, False, True]
    assert [not_kept.is_business_day(day) for day in (saturday, new_year, friday)] == [False, True, True]


def test_company_closing_days_are_days_off_in_addition_to_public_holidays() -> None:
    closing = read_closed_days("12-29..01-03")
    assert closing is not None
    calendar = BusinessCalendar(closed=(closing,))

    days = days_from(date(2026, 12, 28), 8)

    assert [str(calendar.day_off(day)) for day in days] == ["", *["休業日"] * 3, "元日", *["休業日"] * 2, ""]
    assert calendar.days_off_around(date(2027, 1, 4)) == {date(2027, 1, 3)}
