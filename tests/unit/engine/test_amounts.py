"""Durations and sizes as text."""

from datetime import timedelta

import pytest

from toban.engine.amounts import Unit, about, length, parts, size


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0秒"),
        (0, "0秒"),
        (59.9, "59秒"),
        (60, "1分"),
        (3_599, "59分59秒"),
        (3_600, "1時間"),
        (3_659, "1時間"),
        (7_500, "2時間5分"),
        (86_400 + 60, "1日"),
        (2 * 86_400 + 3 * 3600, "2日3時間"),
    ],
)
def test_a_duration_is_written_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert str(length(timedelta(seconds=seconds))) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "約0秒"),
        (119, "約119秒"),
        (90 * 60, "約90分"),
        (0.2 * 86_400, "約5時間"),
        (36 * 3600, "約36時間"),
        (2 * 86_400, "約2日"),
        (30 * 86_400, "約30日"),
    ],
)
def test_a_rounded_duration_has_at_least_two_of_its_unit(seconds: float, words: str) -> None:
    assert str(about(timedelta(seconds=seconds))) == words


def test_the_parts_of_a_duration_are_available_for_other_languages() -> None:
    assert parts(timedelta(minutes=65)) == [(1, Unit.HOUR), (5, Unit.MINUTE)]
    assert parts(timedelta(milliseconds=900)) == []


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (1_234_000, "1.23 MB"),
        (562_400_000, "562 MB"),
        (16_200_000_000, "16.2 GB"),
        (999_999_999_999, "1.0 TB"),
        (1_500_000_000_000, "1.5 TB"),
        (10**18, "1,000,000.0 TB"),
    ],
)
def test_a_size_is_written_in_powers_of_a_thousand(count: int, words: str) -> None:
    assert size(count) == words
