"""How much of a time must be known before a level is judged."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.chapters.objectives.coverage import Coverage, coverage, judged_span, measured_since
from toban.chapters.objectives.rules import SliceTally

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 4, 10, 12, tzinfo=TOKYO)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TODAY = NOON.date()


def days(**hours: float) -> dict[date, SliceTally]:
    """Return days of April with so many known hours: `d9=24`."""
    return {
        date(2026, 4, int(name[1:])): SliceTally(covered=count * 3600, amount=count * 3600)
        for name, count in hours.items()
    }


@pytest.mark.parametrize(
    ("known", "passed", "is_enough"),
    [
        (2 * MINUTE, 2 * MINUTE, False),
        (HOUR - MINUTE, HOUR - MINUTE, False),
        (HOUR, HOUR, True),
        (95 * HOUR, 100 * HOUR, True),
        (94 * HOUR, 100 * HOUR, False),
        (HOUR, 10 * DAY, False),
    ],
)
def test_a_level_needs_a_share_of_the_time_and_an_hour(
    known: timedelta, passed: timedelta, is_enough: bool
) -> None:
    assert Coverage(known, passed).is_enough(0.95) is is_enough


def test_the_newest_slice_may_wait_for_its_measurement() -> None:
    assert Coverage(55 * MINUTE, HOUR).reaches(1.0)
    assert not Coverage(54 * MINUTE, HOUR).reaches(1.0)


def test_a_row_is_measured_from_its_coming_into_force_on() -> None:
    assert measured_since({}, NOON - HOUR, TOKYO, NOON) == NOON - HOUR
    assert measured_since(days(d10=0.5), NOON - HOUR, TOKYO, NOON) == NOON - HOUR


def test_measurements_that_are_older_than_the_row_count() -> None:
    assert measured_since(days(d8=0, d9=6, d10=12), NOON, TOKYO, NOON) == NOON - 18 * HOUR


def test_a_month_is_judged_from_its_start_or_the_rows() -> None:
    month = NOON.replace(day=1, hour=0)

    assert judged_span(month, NOON - 60 * DAY, NOON) == (month, NOON)
    assert judged_span(month, NOON - HOUR, NOON) == (NOON - HOUR, NOON)


def test_a_month_that_has_just_begun_is_judged_with_the_day_before() -> None:
    month = NOON.replace(day=1, hour=0)

    assert judged_span(month, NOON - 60 * DAY, month + MINUTE) == (month + MINUTE - DAY, month + MINUTE)


def test_of_a_day_that_is_partly_in_the_span_as_much_is_known_as_fits() -> None:
    found = coverage(days(d8=24, d9=24, d10=6), (NOON - DAY, NOON), TOKYO)

    assert (found.known, found.passed, found.share) == (18 * HOUR, DAY, 0.75)


def test_measurements_before_a_row_do_not_stand_for_those_that_are_missing_since() -> None:
    known = days(d5=24, d6=24, d7=12, d8=0, d9=0, d10=0)
    since = measured_since(known, NOON - 3 * DAY, TOKYO, NOON)

    assert coverage(known, (since, NOON), TOKYO).share == pytest.approx(60 / 132)


def test_nothing_is_known_of_a_time_before_its_begin() -> None:
    found = coverage(days(d10=12), (NOON, NOON - DAY), TOKYO)

    assert (found.known, found.passed, found.share) == (timedelta(0), timedelta(0), 0.0)
