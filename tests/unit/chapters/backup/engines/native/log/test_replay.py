"""The log that is replayed after a backup."""

from datetime import UTC, datetime, timedelta

from toban.chapters.backup.engines.native.log.replay import Branch, Log, StoredSegment, read_history, unbroken
from toban.chapters.backup.engines.native.protocol.segments import WalSegment

SIZE = 16 << 20
NOON = datetime(2026, 4, 1, 3, tzinfo=UTC)


def stored(timeline: int, *numbers: int, partial: int | None = None) -> list[StoredSegment]:
    return [
        StoredSegment(
            WalSegment(timeline, number, SIZE),
            NOON + timedelta(minutes=number),
            whole="" if number == partial else f"{timeline}/{number}",
            pieces={0: "piece"} if number == partial else {},
        )
        for number in numbers
    ]


def followed(log: Log) -> list[tuple[int, int]]:
    return [(each.segment.timeline, each.segment.number) for each in log.segments]


def from_segment(
    number: int, log: list[StoredSegment], histories: dict[int, list[Branch]] | None = None
) -> Log:
    return unbroken(log, WalSegment(1, number, SIZE), histories or {}, begins=number * SIZE + 40)


def test_log_without_a_gap_is_followed_to_its_end() -> None:
    log = from_segment(5, stored(1, 3, 4, 5, 6, 7))

    assert followed(log) == [(1, 5), (1, 6), (1, 7)]
    assert log.missing is None


def test_a_gap_ends_the_log_and_is_named() -> None:
    log = from_segment(5, stored(1, 5, 6, 8))

    assert followed(log) == [(1, 5), (1, 6)]
    assert log.missing == WalSegment(1, 7, SIZE)


def test_having_no_log_at_all_is_not_a_gap() -> None:
    log = from_segment(5, stored(1, 2, 3))

    assert (followed(log), log.missing) == ([], None)


def test_log_that_starts_too_late_is_a_gap() -> None:
    assert from_segment(5, stored(1, 7)).missing == WalSegment(1, 5, SIZE)


def test_an_unfinished_segment_counts_as_the_last_one() -> None:
    log = from_segment(5, stored(1, 5, 6, partial=6))

    assert followed(log) == [(1, 5), (1, 6)]
    assert log.missing is None


def test_an_unfinished_segment_followed_by_more_log_is_a_gap() -> None:
    assert from_segment(5, stored(1, 5, 6, 7, partial=6)).missing == WalSegment(1, 6, SIZE)


def test_a_promotion_is_followed_and_both_files_of_its_segment_are_used() -> None:
    log = from_segment(5, stored(1, 5, 6, partial=6) + stored(2, 6, 7), {2: [Branch(1, 6 * SIZE + 100)]})

    assert followed(log) == [(1, 5), (1, 6), (2, 6), (2, 7)]
    assert log.timelines == [1, 2]
    assert log.missing is None


def test_after_a_promotion_at_a_segment_boundary_the_next_segment_is_on_the_new_timeline() -> None:
    log = from_segment(5, stored(1, 5, 6) + stored(2, 6), {2: [Branch(1, 6 * SIZE)]})

    assert followed(log) == [(1, 5), (2, 6)]


def test_a_timeline_that_branched_off_before_the_backup_is_not_followed() -> None:
    log = from_segment(5, stored(1, 5, 6) + stored(2, 5, 6), {2: [Branch(1, 5 * SIZE + 39)]})

    assert followed(log) == [(1, 5), (1, 6)]
    assert log.timelines == [1]


def test_the_newest_of_two_branches_is_followed() -> None:
    histories = {2: [Branch(1, 6 * SIZE + 1)], 3: [Branch(1, 7 * SIZE + 1)]}

    log = from_segment(5, stored(1, 5, 6, 7) + stored(2, 6) + stored(3, 7, 8), histories)

    assert followed(log) == [(1, 5), (1, 6), (1, 7), (3, 7), (3, 8)]


def test_a_history_file_names_the_parent_timelines() -> None:
    text = '1\t0/6000064\tno recovery target specified\n\n2\t1/A0000000\tat restore point "x"\n'

    assert read_history(text) == (Branch(1, 0x6000064), Branch(2, 0x1A0000000))
