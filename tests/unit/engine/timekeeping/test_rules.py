from datetime import UTC, datetime, timedelta

import pytest

from toban.engine.timekeeping.rules import Reading, deviation, is_right, wrong

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
SECOND, TICK = timedelta(seconds=1), timedelta(microseconds=1)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_clock_may_be_two_seconds_off_and_no_more(sign: int) -> None:
    at_once = Reading(NOON, asked=100.0, answered=100.0)

    assert is_right(sign * 2 * SECOND, at_once)
    assert not is_right(sign * (2 * SECOND + TICK), at_once)


def test_a_slow_answer_does_not_accuse_the_clock() -> None:
    slow = Reading(NOON, asked=100.0, answered=106.0)

    assert is_right(5 * SECOND, slow)
    assert not is_right(5 * SECOND + TICK, slow)


def test_the_databases_time_goes_on_with_the_clock_that_is_never_set() -> None:
    reading = Reading(NOON, asked=100.0, answered=102.0)

    assert reading.time(111.0) == NOON + 10 * SECOND


def test_a_deviation_says_its_direction() -> None:
    ahead = deviation(timedelta(minutes=11))

    assert ahead.in_language("en") == "11 min ahead of the database's clock"
    assert deviation(-3 * SECOND).code == "supervision.clock-behind"


def test_a_wrong_clock_is_said_with_what_follows_from_it() -> None:
    said = wrong("web1", 3 * SECOND).in_language("ja")

    assert said.startswith("web1 の時計は、データベースの時計より3秒進んでいます。")
