"""Values converted so that they can be compared."""

from datetime import time, timedelta
from decimal import Decimal

import pytest

from toban.design.lint.measures import between_runs, comparable, length, repeated, uncovered
from toban.design.values.duration import Duration, TimeUnit
from toban.design.values.hours import WORKING_DAYS, Hours
from toban.design.values.quantity import Quantity
from toban.design.values.schedule import Cadence, Schedule, Weekday

ALWAYS = Hours()
OFFICE = Hours(WORKING_DAYS, time(9), time(18), includes_holidays=False)


def test_office_hours_leave_most_of_the_week_uncovered() -> None:
    gap, on_holidays = uncovered(ALWAYS, [OFFICE])

    assert gap == timedelta(hours=168 - 45)
    assert on_holidays


def test_shifts_together_cover_the_whole_week() -> None:
    day = Hours(start=time(9), end=time(21))
    night = Hours(start=time(21), end=time(9))

    assert uncovered(ALWAYS, [day, night]) == (timedelta(), False)


def test_a_gap_of_one_minute_between_shifts_is_found_on_each_day() -> None:
    day = Hours(start=time(9), end=time(20, 59))
    night = Hours(start=time(21), end=time(9))

    assert uncovered(ALWAYS, [day, night]) == (timedelta(minutes=7), True)


def test_sunday_night_shift_reaches_into_monday() -> None:
    monday_early = Hours((Weekday.MONDAY,), time(0), time(3), includes_holidays=False)
    sunday_night = Hours((Weekday.SUNDAY,), time(22), time(3), includes_holidays=False)

    assert uncovered(monday_early, [sunday_night]) == (timedelta(), False)


def test_working_days_with_holidays_included_leave_only_the_weekend() -> None:
    every_working_day = Hours(WORKING_DAYS, includes_holidays=True)

    assert uncovered(ALWAYS, [every_working_day]) == (timedelta(days=2), False)


def test_with_nobody_on_duty_all_service_hours_are_uncovered() -> None:
    assert uncovered(OFFICE, []) == (timedelta(hours=45), False)


@pytest.mark.parametrize(
    ("left", "right", "values"),
    [
        (Quantity(Decimal("0.5"), "秒"), Quantity(Decimal(500), "ms"), (Decimal(500), Decimal(500))),
        (Quantity(Decimal(1), "TB"), Quantity(Decimal(1000), "GB"), (Decimal(10**12), Decimal(10**12))),
        (Quantity(Decimal(1), "TiB"), Quantity(Decimal(1024), "GiB"), (Decimal(2**40), Decimal(2**40))),
        (Quantity(Decimal(1), "GiB"), Quantity(Decimal(1), "GB"), (Decimal(2**30), Decimal(10**9))),
        (Quantity(Decimal(2), "台"), Quantity(Decimal(10), "台"), (Decimal(2), Decimal(10))),
    ],
)
def test_quantities_of_one_family_are_compared_in_one_unit(
    left: Quantity, right: Quantity, values: tuple[Decimal, Decimal]
) -> None:
    assert comparable(left, right) == values


def test_percent_and_milliseconds_are_not_compared() -> None:
    assert comparable(Quantity(Decimal(1), "%"), Quantity(Decimal(1), "ms")) is None


def test_twice_a_day_is_every_twelve_hours() -> None:
    assert between_runs(Schedule(Cadence.DAILY, times=2)) == timedelta(hours=12)


def test_on_demand_promises_no_time_between_runs() -> None:
    assert between_runs(Schedule(Cadence.ON_DEMAND)) is None


def test_absurd_durations_do_not_overflow_a_timedelta() -> None:
    absurd = Duration(Decimal(10**6), TimeUnit.YEAR)

    assert length(absurd) == timedelta(days=36_500)
    assert repeated(length(absurd), 10**15) + length(absurd) < timedelta.max


def test_weekend_shift_is_absent_on_a_public_holiday_in_the_week() -> None:
    weekdays = Hours(WORKING_DAYS, includes_holidays=False)
    weekend = tuple(day for day in Weekday if day not in WORKING_DAYS)

    assert uncovered(ALWAYS, [weekdays, Hours(weekend)]) == (timedelta(), True)
    assert uncovered(ALWAYS, [weekdays, Hours(weekend, adds_holidays=True)]) == (timedelta(), False)
