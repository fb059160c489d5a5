"""The moment an archive reaches."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from toban.chapters.backup.engines.pgbackrest.archived import ArchivedLog, how_far

MIB = 1 << 20
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
LAST_WRITE = NOON - timedelta(minutes=3)
BUSY = ArchivedLog(
    at=NOON,
    archived="0000000200000001000000FF",
    last_written_at=LAST_WRITE,
    # Segment 2/00000000 is the next: the log has continued in it.
    end=(2 << 32) + 5 * MIB,
    timeline=2,
    segment_size=16 * MIB,
)


def test_the_log_reaches_the_last_write_to_the_archived_segment() -> None:
    assert how_far(BUSY) == LAST_WRITE


@pytest.mark.parametrize(
    ("end", "moment"),
    [
        ((2 << 32) - 1, NOON),
        (2 << 32, NOON),
        ((2 << 32) + 40, NOON),
        ((2 << 32) + 41, LAST_WRITE),
    ],
    ids=["within", "at its end", "a header only", "a record more"],
)
def test_the_log_is_complete_if_nothing_was_written_since(end: int, moment: datetime) -> None:
    assert how_far(replace(BUSY, end=end)) == moment


def test_larger_segments_are_counted_by_their_size() -> None:
    large = replace(BUSY, segment_size=64 * MIB, archived="00000002000000010000003F")

    assert how_far(large) == LAST_WRITE
    assert how_far(replace(large, end=2 << 32)) == NOON


@pytest.mark.parametrize(
    "archived",
    ["", "00000002.history", "0000000200000001000000FF.00000028.backup", "0000000200000001000000FF.partial"],
)
def test_files_other_than_segments_give_no_moment(archived: str) -> None:
    assert how_far(replace(BUSY, archived=archived)) is None


def test_a_segment_of_another_timeline_gives_no_moment() -> None:
    assert how_far(replace(BUSY, timeline=3)) is None


def test_a_segment_removed_by_the_server_gives_no_moment_while_the_log_continues() -> None:
    assert how_far(replace(BUSY, last_written_at=None)) is None
