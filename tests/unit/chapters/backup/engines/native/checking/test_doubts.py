"""Doubts about the next backup that follow from a server's settings."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from toban.chapters.backup.engines.native.checking.doubts import server_doubts, slot_trouble
from toban.chapters.backup.engines.native.protocol.server import ReplicationSlot, ServerLook, ServerState
from toban.engine.trial import Doubt

GOOD = {
    "server_version": "18.6 (Debian 18.6-1)",
    "server_version_num": "180006",
    "data_checksums": "on",
    "wal_level": "replica",
    "summarize_wal": "on",
    "wal_summary_keep_time": "14400",
    "max_wal_senders": "10",
    "max_replication_slots": "10",
    "max_slot_wal_keep_size": "20480",
    "wal_segment_size": "16777216",
}
WELL = ReplicationSlot(True, True, "reserved", 10 << 30, "0/1000000", 16 << 20)


def doubts(
    settings: Mapping[str, str] = MappingProxyType({}),
    slot: ReplicationSlot | None = WELL,
    *,
    streams: bool = True,
    replicates: bool = True,
) -> list[Doubt]:
    server = ServerState(
        settings={**GOOD, **settings},
        certain_at=datetime(2026, 11, 25, tzinfo=UTC),
        flushed="0/1000000",
        is_standby=False,
        may_replicate=replicates,
        walsenders=2,
        redo="0/1000000",
    )
    return list(server_doubts(ServerLook(server, slot), streams=streams, slot="toban"))


def test_a_correctly_configured_server_raises_no_doubt() -> None:
    assert doubts() == []
    # The first backup comes before the first log.
    assert doubts(slot=None) == []


@pytest.mark.parametrize(
    ("setting", "value", "complaint", "way_out"),
    [
        ("server_version_num", "160009", "増分バックアップを知りません", 'kind = "pgbackrest"'),
        ("wal_level", "minimal", "wal_level", "SET wal_level = replica"),
        ("max_wal_senders", "2", "max_wal_senders", "SET max_wal_senders"),
        ("max_replication_slots", "0", "max_replication_slots", "再起動"),
        ("summarize_wal", "off", "増分を作れません", "SET summarize_wal = on"),
        ("wal_summary_keep_time", "2159", "wal_summary_keep_time", "'10d'"),
        ("data_checksums", "off", "壊れたページ", "pg_checksums --enable"),
        ("max_slot_wal_keep_size", "-1", "ディスクが一杯", "SET max_slot_wal_keep_size"),
    ],
)
def test_a_doubt_names_the_setting_and_gives_a_hint(
    setting: str, value: str, complaint: str, way_out: str
) -> None:
    (found,) = doubts({setting: value})

    assert isinstance(found, tuple)
    said, hint = found
    assert complaint in str(said)
    assert way_out in str(hint)


def test_summaries_kept_for_a_day_and_a_half_or_forever_are_enough() -> None:
    assert doubts({"wal_summary_keep_time": "2160"}) == []
    assert doubts({"wal_summary_keep_time": "0"}) == []


def test_a_role_without_the_replication_right_raises_a_doubt() -> None:
    (found,) = doubts(replicates=False)

    assert isinstance(found, tuple)
    assert [each.in_language("en") for each in found] == [
        "The role lacks REPLICATION",
        "ALTER ROLE the_role REPLICATION;",
    ]


def test_a_log_that_is_not_streamed_needs_no_limit_on_slots() -> None:
    assert doubts({"max_slot_wal_keep_size": "-1"}, streams=False) == []


def test_a_logical_slot_of_someone_else_is_not_used() -> None:
    (found,) = doubts(slot=ReplicationSlot(False, True, "reserved", None, "0/1000000", 0))

    assert isinstance(found, tuple)
    assert "論理レプリケーション" in str(found[0])


@pytest.mark.parametrize(
    ("status", "safe", "retained", "words"),
    [
        ("reserved", 21 << 20, 79 << 20, None),
        ("extended", 20 << 20, 80 << 20, "80 MiB 溜めています（あと 20 MiB）"),
        ("unreserved", -(4 << 20), 120 << 20, "失われる寸前"),
        ("lost", None, 0, "失われました"),
        # Without a limit no slot can be close to it: that is a separate doubt.
        ("extended", None, 500 << 20, None),
    ],
)
def test_a_slot_is_in_danger_from_four_fifths_of_its_limit(
    status: str, safe: int | None, retained: int, words: str | None
) -> None:
    found = slot_trouble(ReplicationSlot(True, True, status, safe, "0/1000000", retained))

    assert found is None if words is None else words in str(found)


def test_without_a_limit_a_large_amount_of_retained_log_is_a_problem() -> None:
    assert slot_trouble(ReplicationSlot(True, True, "extended", None, "0/1000000", (4 << 30) - 1)) is None
    assert "上限がない" in str(
        slot_trouble(ReplicationSlot(True, True, "extended", None, "0/1000000", 4 << 30))
    )
