"""How far back an instance's free storage says what was used."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from toban.chapters.capacity.usage import UsageAt
from toban.chapters.capacity.usage_sources.rds.rules import used_in_the_past

FIRST = datetime(2026, 4, 1, tzinfo=UTC)
ALLOCATED = 200.0


def days(values: Sequence[float], since: int = 0) -> dict[datetime, float]:
    return {FIRST + timedelta(days=since + number): value for number, value in enumerate(values)}


def used(free: Sequence[float]) -> list[float]:
    return [each.used for each in used_in_the_past(days(free), ALLOCATED)]


def test_what_is_not_free_is_used() -> None:
    found = used_in_the_past(days([120, 118, 115]), ALLOCATED)

    assert found == [UsageAt(FIRST + timedelta(days=n), value) for n, value in enumerate((80, 82, 85))]


def test_days_without_a_value_are_left_out() -> None:
    free = {**days([120]), **days([110], since=5)}

    assert [each.at.day for each in used_in_the_past(free, ALLOCATED)] == [1, 6]
    assert used_in_the_past({}, ALLOCATED) == []


def test_a_little_that_becomes_free_is_a_clean_up() -> None:
    assert used([120, 115, 130]) == [80, 85, 70]


def test_before_the_volume_may_have_grown_nothing_is_known() -> None:
    # 180 until the third day, 200 from then on: of that day's mean, a quarter is of the larger volume.
    assert used([60, 58, 61, 74, 72]) == [126, 128]


def test_the_last_of_several_steps_counts() -> None:
    # The day of the step itself may be a mean of both sizes.
    assert used([10, 40, 38, 36, 60, 58, 57]) == [142, 143]


def test_a_volume_that_was_larger_once_is_not_used_by_less_than_nothing() -> None:
    assert used([400, 390, 120, 110]) == [80, 90]
