"""The snapshot that corresponds to a position in the log."""

from toban.chapters.backup.engine import TransactionSnapshot
from toban.chapters.backup.engines.native.taking.moment import Commit, place_of

END = 10_000


def snapshot(visible: str, at: int) -> TransactionSnapshot:
    return TransactionSnapshot(visible, f"0/{at:X}")


def test_without_running_transactions_the_noted_position_is_used() -> None:
    assert place_of([snapshot("12:12:", 500)], [Commit(10, 100), Commit(11, 200)], END) == (0, "0/1F4")


def test_a_commit_the_snapshot_did_not_see_stays_after_the_restored_position() -> None:
    # 12 was already in the log when the snapshot did not see it yet.
    assert place_of([snapshot("12:14:12", 500)], [Commit(13, 300), Commit(12, 400)], END) == (0, "0/190")


def test_an_invisible_commit_before_a_visible_one_has_no_position() -> None:
    assert place_of([snapshot("12:14:12", 500)], [Commit(12, 300), Commit(13, 400)], END) is None


def test_the_first_snapshot_with_a_position_is_used() -> None:
    crossed, clear = snapshot("12:14:12", 500), snapshot("14:14:", 600)

    assert place_of([crossed, clear], [Commit(12, 300), Commit(13, 400)], END) == (1, "0/258")


def test_a_transaction_that_began_later_is_not_visible() -> None:
    assert place_of([snapshot("12:12:", 500)], [Commit(11, 100), Commit(12, 450)], END) == (0, "0/1C2")


def test_log_that_ends_before_the_position_has_no_position() -> None:
    assert place_of([snapshot("12:12:", 500)], [Commit(11, 100)], 499) is None


def test_transaction_ids_are_compared_across_wraparound() -> None:
    # The snapshot has the full id; the log has the lower 32 bits.
    wrapped = snapshot(f"{(1 << 32) + 5}:{(1 << 32) + 5}:", 500)

    assert place_of([wrapped], [Commit((1 << 32) - 2, 100), Commit(4, 200), Commit(5, 300)], END) == (
        0,
        "0/12C",
    )
