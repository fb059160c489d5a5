"""How much of the past is known, and whether it is dense enough for a row."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.chapters.monitoring.replaying.hindsight import are_too_far_apart, is_at_night, known_time
from toban.chapters.monitoring.replaying.replay import PastHour
from toban.engine.bindings.model import System

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def hour(number: int, known: int = 12, count: int = 480) -> PastHour:
    at = NOON + number * HOUR
    return PastHour(at, count, 0.0, 1.0, known, at + (12 - known) * 5 * MINUTE)


def test_all_hours_with_readings_are_known() -> None:
    assert known_time({"web-1": [hour(0), hour(1)]}, NOON + 2 * HOUR) == (NOON, 1.0)


def test_an_hour_without_any_reading_is_not_known() -> None:
    _, share = known_time({"web-1": [hour(0), hour(3)]}, NOON + 4 * HOUR)

    assert share == 0.5


def test_a_part_of_an_hour_is_known_in_part() -> None:
    _, share = known_time({"web-1": [hour(0), hour(1, known=6)]}, NOON + 2 * HOUR)

    assert share == 0.75


def test_it_begins_with_the_first_reading_and_not_with_its_hour() -> None:
    assert known_time({"web-1": [hour(0, known=3)]}, NOON + HOUR) == (NOON + 45 * MINUTE, 1.0)


def test_instances_that_come_and_go_cover_the_time_together() -> None:
    assert known_time({"web-1": [hour(0)], "web-2": [hour(1)]}, NOON + 2 * HOUR) == (NOON, 1.0)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (2 * MINUTE, MINUTE / 6, True),
        (2 * MINUTE, MINUTE / 2, False),
        # The row itself was measured like that: nothing is worse than it was.
        (MINUTE / 6, MINUTE / 6, False),
        (2 * MINUTE, 10 * MINUTE, False),
    ],
)
def test_readings_are_too_far_apart_for_a_row_that_would_be_silent_between_them(
    before: timedelta, after: timedelta, expected: bool
) -> None:
    # One reading in 7.5 seconds.
    assert are_too_far_apart({"web-1": [hour(0)]}, [before, after]) is expected


@pytest.mark.parametrize(
    ("clock", "expected"), [("21:59", False), ("22:00", True), ("04:59", True), ("05:00", False)]
)
def test_the_night_is_from_22_to_5(clock: str, expected: bool) -> None:
    at = datetime.fromisoformat(f"2026-04-01T{clock}:00+09:00")

    assert is_at_night(at, System().zone) is expected
