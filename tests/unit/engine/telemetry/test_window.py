"""The points of a chart."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.engine.telemetry.row_binary import milliseconds
from toban.engine.telemetry.window import window

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
FIVE_MINUTES = 300_000


def test_a_day_in_300_points_comes_from_the_samples() -> None:
    cut = window(NOON - timedelta(days=1), NOON, 300)

    assert (cut.step, cut.from_rollup) == (288_000, False)


def test_buckets_of_exactly_five_minutes_come_from_the_rollup() -> None:
    cut = window(NOON - timedelta(days=1), NOON, 288)

    assert (cut.step, cut.from_rollup) == (FIVE_MINUTES, True)


def test_a_millisecond_less_comes_from_the_samples() -> None:
    cut = window(NOON - timedelta(minutes=5), NOON - timedelta(milliseconds=1), 1)

    assert (cut.step, cut.from_rollup) == (FIVE_MINUTES - 1, False)


def test_the_rollup_is_aligned_to_its_own_grid() -> None:
    cut = window(NOON - timedelta(days=90, seconds=17), NOON, 300)

    assert cut.start % FIVE_MINUTES == 0
    assert cut.step % FIVE_MINUTES == 0
    assert cut.start == milliseconds(NOON - timedelta(days=90, minutes=5))


@pytest.mark.parametrize(("start", "points"), [(NOON, 10), (NOON + timedelta(seconds=1), 10), (NOON, 0)])
def test_an_empty_range_is_an_error(start: datetime, points: int) -> None:
    with pytest.raises(ValueError, match="nothing to show"):
        window(start, NOON, points)


def test_a_range_with_zero_points_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing to show"):
        window(NOON - timedelta(days=1), NOON, 0)


@given(
    length=st.timedeltas(min_value=timedelta(milliseconds=1), max_value=timedelta(days=800)),
    points=st.integers(1, 2000),
)
def test_there_are_at_most_the_requested_buckets_and_they_cover_the_range(
    length: timedelta, points: int
) -> None:
    start = NOON - length

    cut = window(start, NOON, points)

    last_bucket = (cut.end - 1 - cut.start) // cut.step
    assert last_bucket < points
    assert cut.start <= milliseconds(start)
    assert cut.end == milliseconds(NOON)
