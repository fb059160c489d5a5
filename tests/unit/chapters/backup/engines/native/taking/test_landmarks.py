"""The moment a backup certainly contains, computed from what the server reported while it was taken."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.chapters.backup.engines.native.taking.landmarks import certain_by

NOON = datetime(2026, 11, 25, 3, tzinfo=UTC)
NOTED = [
    (NOON, "0/9000000"),
    (NOON + timedelta(seconds=1), "0/9000060"),
    # More digits mean a later position, whatever the letters.
    (NOON + timedelta(seconds=2), "0/10000000"),
]


@pytest.mark.parametrize(
    ("end", "seconds"),
    [("0/9000000", 0), ("0/900005F", 0), ("0/9000060", 1), ("0/FFFFFFF", 1), ("0/10000000", 2), ("1/0", 2)],
)
def test_the_newest_landmark_covered_by_the_backups_log_counts(end: str, seconds: int) -> None:
    assert certain_by(NOTED, end) == NOON + timedelta(seconds=seconds)
