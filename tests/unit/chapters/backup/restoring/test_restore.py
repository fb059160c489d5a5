"""The chain that a restore target needs, and the possible targets."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.chapters.backup.engines.native.taken import FULL

from toban.chapters.backup.engine import Method, TakenBackup, WalPosition
from toban.chapters.backup.restoring.restore import (
    KnownBackups,
    RestoreRefusal,
    RestoreTarget,
    plan,
    with_log_elsewhere,
)
from toban.chapters.backup.rules import WalStretch


def hour(number: int) -> datetime:
    return datetime(2026, 4, 1, number, tzinfo=UTC)


def increment(number: int) -> TakenBackup:
    return replace(
        FULL,
        label=f"20260401T{number:02}0000Z-incr",
        method=Method.INCREMENTAL,
        parent=FULL.label,
        ended_at=hour(number),
        restorable_to=hour(number),
        start=WalPosition(1, f"0/{number:X}000028"),
        end=WalPosition(1, f"0/{number:X}000120"),
    )


BACKUPS = [FULL, increment(3), increment(4)]
LOG = WalStretch("7", 1, "0/1000000", "0/9000000", hour(6))


def labels(target: RestoreTarget, known: KnownBackups) -> list[str]:
    return [taken.label for taken in plan("PostgreSQL", known, target).chain]


def test_the_newest_state_is_the_newest_increment_on_its_full_backup() -> None:
    assert labels(RestoreTarget(), KnownBackups(BACKUPS)) == [FULL.label, increment(4).label]


def test_a_target_time_is_restored_from_the_last_backup_before_it() -> None:
    assert labels(RestoreTarget(at=hour(4)), KnownBackups(BACKUPS, [LOG])) == [FULL.label, increment(4).label]
    earlier = hour(4) - timedelta(microseconds=1)
    assert labels(RestoreTarget(at=earlier), KnownBackups(BACKUPS, [LOG])) == [FULL.label, increment(3).label]


def test_a_label_is_restored_without_log() -> None:
    found = plan("PostgreSQL", KnownBackups(BACKUPS, [LOG]), RestoreTarget(label=increment(3).label))

    assert [taken.label for taken in found.chain] == [FULL.label, increment(3).label]
    assert found.follows_log is False
    assert found.reaches == hour(3)


def test_with_log_the_newest_moment_is_the_end_of_the_log() -> None:
    assert plan("PostgreSQL", KnownBackups(BACKUPS, [LOG]), RestoreTarget()).reaches == hour(6)
    assert plan("PostgreSQL", KnownBackups(BACKUPS), RestoreTarget()).reaches == hour(4)


def test_both_ends_of_the_window_can_be_restored() -> None:
    known = KnownBackups(BACKUPS, [LOG])

    assert labels(RestoreTarget(at=FULL.restorable_to), known) == [FULL.label]
    assert labels(RestoreTarget(at=hour(6)), known) == [FULL.label, increment(4).label]


@pytest.mark.parametrize("at", [FULL.restorable_to - timedelta(seconds=1), hour(6) + timedelta(seconds=1)])
def test_a_moment_outside_the_window_is_refused_and_the_window_named(at: datetime) -> None:
    with pytest.raises(RestoreRefusal) as refused:
        plan("PostgreSQL", KnownBackups(BACKUPS, [LOG]), RestoreTarget(at=at))

    assert "2026-04-01 02:05:00 から 2026-04-01 06:00:00 まで" in str(refused.value.hint)
    assert refused.value.hint.in_language("en") == (
        "“PostgreSQL” can be restored to any moment from 2026-04-01 02:05:00 to 2026-04-01 06:00:00"
    )


def test_the_reach_of_a_log_known_only_to_the_store_is_left_to_the_engine() -> None:
    known = KnownBackups(BACKUPS, is_log_known=False)

    assert labels(RestoreTarget(at=hour(9)), known) == [FULL.label, increment(4).label]
    assert plan("PostgreSQL", known, RestoreTarget()).reaches is None


def test_log_that_an_engine_stores_elsewhere_counts_too() -> None:
    known = with_log_elsewhere(KnownBackups(BACKUPS), hour(5))

    found = plan("PostgreSQL", known, RestoreTarget(at=hour(5)))

    assert (found.newest.label, found.to, found.reaches) == (increment(4).label, hour(5), hour(5))
    assert plan("PostgreSQL", known, RestoreTarget()).reaches == hour(5)
    with pytest.raises(RestoreRefusal, match="には戻せません"):
        plan("PostgreSQL", known, RestoreTarget(at=hour(5) + timedelta(seconds=1)))


def test_log_stored_elsewhere_with_unknown_reach_is_left_to_its_engine() -> None:
    known = with_log_elsewhere(KnownBackups(BACKUPS), None)

    assert plan("PostgreSQL", known, RestoreTarget(at=hour(9))).to == hour(9)
    assert plan("PostgreSQL", known, RestoreTarget()).reaches is None


SNAPSHOT = replace(FULL, start=None, end=None)
"""A backup without a position in a log of ours: an RDS snapshot or a dump."""


def test_a_snapshot_is_rolled_forward_if_its_engine_stores_the_log() -> None:
    known = with_log_elsewhere(KnownBackups([SNAPSHOT]), hour(5))

    found = plan("PostgreSQL", known, RestoreTarget(at=hour(4)))

    assert (found.to, found.reaches) == (hour(4), hour(4))


def test_a_snapshot_without_log_restores_only_its_own_moment() -> None:
    later = replace(SNAPSHOT, label="20260403T020000Z-full", restorable_to=hour(23))

    for known in (KnownBackups([SNAPSHOT, later]), with_log_elsewhere(KnownBackups([SNAPSHOT, later]), None)):
        found = plan("PostgreSQL", known, RestoreTarget(at=hour(4)))
        assert (found.newest, found.to, found.reaches) == (SNAPSHOT, None, SNAPSHOT.restorable_to)
        with pytest.raises(RestoreRefusal, match="には戻せません"):
            plan("PostgreSQL", known, RestoreTarget(at=hour(23) + timedelta(seconds=1)))


def test_a_damaged_backup_is_not_chosen() -> None:
    assert labels(RestoreTarget(), KnownBackups(BACKUPS, bad=frozenset([increment(4).label]))) == [
        FULL.label,
        increment(3).label,
    ]


def test_an_increment_on_a_damaged_full_backup_is_refused_by_its_label() -> None:
    with pytest.raises(RestoreRefusal, match="使えません"):
        plan(
            "PostgreSQL",
            KnownBackups(BACKUPS, bad=frozenset([FULL.label])),
            RestoreTarget(label=increment(3).label),
        )


def test_having_no_usable_backup_and_having_none_are_distinguished() -> None:
    with pytest.raises(RestoreRefusal, match="使えるバックアップがありません"):
        plan("PostgreSQL", KnownBackups(BACKUPS, bad=frozenset([FULL.label])), RestoreTarget())
    with pytest.raises(RestoreRefusal, match="バックアップがありません"):
        plan("PostgreSQL", KnownBackups([]), RestoreTarget())


def test_the_expected_time_grows_with_the_source() -> None:
    known = KnownBackups([replace(FULL, source_bytes=3000)])

    assert plan("PostgreSQL", known, RestoreTarget(), measured=(60.0, 1000)).expected == timedelta(minutes=3)
    assert plan("PostgreSQL", known, RestoreTarget()).expected is None
