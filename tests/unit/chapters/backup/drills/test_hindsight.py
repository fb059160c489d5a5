"""How well an RPO was kept, by the moments that could be restored."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.chapters.backup.drills.hindsight import Restorable, kept_share

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = 24 * HOUR


def share(limit: timedelta, *hours: float, until: float = 24) -> float | None:
    moments = [Restorable(NOON + HOUR * each, NOON + HOUR * each) for each in hours]
    return kept_share(moments, (NOON, NOON + HOUR * until), lambda _at: limit)


def test_a_backup_every_hour_keeps_an_rpo_of_an_hour_all_the_time() -> None:
    assert share(HOUR, *range(24)) == 1


def test_half_an_hour_is_kept_half_of_the_time() -> None:
    assert share(HOUR / 2, *range(24)) == pytest.approx(0.5)


def test_a_missed_backup_counts_for_the_time_that_it_was_missing() -> None:
    # None at 6: from 6 to 7, the newest is more than an hour old.
    assert share(HOUR, *range(6), *range(7, 24)) == pytest.approx(23 / 24)


def test_time_before_the_first_backup_is_not_known_and_not_kept() -> None:
    assert share(HOUR, *range(12, 24)) == 1
    assert share(HOUR) is None
    assert share(HOUR, 30.0) is None


def test_a_moment_counts_once_it_is_stored() -> None:
    # Taken at 0:00, in the store at 2:00, the next at 3:00 at once.
    moments = [Restorable(NOON, NOON - 2 * HOUR), Restorable(NOON + 3 * HOUR, NOON + 3 * HOUR)]

    assert kept_share(moments, (NOON, NOON + 4 * HOUR), lambda _at: 3 * HOUR) == pytest.approx(0.5)


def test_a_backup_that_is_older_than_another_takes_nothing_away() -> None:
    moments = [Restorable(NOON, NOON), Restorable(NOON + HOUR, NOON - DAY)]

    assert kept_share(moments, (NOON, NOON + 2 * HOUR), lambda _at: 2 * HOUR) == 1
