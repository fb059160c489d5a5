"""The engine as configured in `toban.toml`: its doubts about a real server, and the log it trims."""

from datetime import UTC, datetime

import pytest
from tests.integration.chapters.backup.engines.native.conftest import NewCluster
from tests.integration.chapters.backup.engines.watching import text_of

from toban.chapters.backup.engine import BackupEngine, Method, TakenBackup, TrimsLog, WalPosition
from toban.chapters.backup.engines.native.config import NativeBackup
from toban.chapters.backup.engines.native.kind import KIND
from toban.chapters.backup.engines.native.protocol.segments import (
    WalSegment,
    log_folder,
    piece_key,
    segment_key,
)
from toban.chapters.backup.following.following import FollowsLog
from toban.engine.bindings.secret import Secret
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore
from toban.engine.stores.store import Store

MIB = 1 << 20


def engine(store: Store, **config: object) -> BackupEngine:
    return KIND.build("PostgreSQL", NativeBackup(dsn=Secret("env:BACKUP_DSN"), **config), store)  # type: ignore[arg-type]


def test_a_correctly_configured_server_raises_no_doubt(
    new_cluster: NewCluster, store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = new_cluster(max_slot_wal_keep_size="1GB")
    cluster.sql("CREATE ROLE toban LOGIN REPLICATION PASSWORD 's3cr3t'")
    monkeypatch.setenv("BACKUP_DSN", cluster.dsn.replace("postgres:pg-s3cr3t", "toban:s3cr3t"))

    assert engine(store).doubts() == []


@pytest.mark.slow
def test_everything_the_real_server_lacks_is_reported_at_once(
    new_cluster: NewCluster, store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = new_cluster(checksums=False, summarize_wal="off")
    monkeypatch.setenv("BACKUP_DSN", cluster.dsn)

    found = engine(store).doubts()

    assert [
        word
        for word in ("summarize_wal", "data_checksums", "max_slot_wal_keep_size")
        for doubt in found
        if word in text_of(doubt).splitlines()[0]
    ] == [
        "summarize_wal",
        "data_checksums",
        "max_slot_wal_keep_size",
    ]


@pytest.mark.slow
def test_a_missing_replication_line_in_pg_hba_conf_is_reported_with_the_line_to_add(
    new_cluster: NewCluster, store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = new_cluster(max_slot_wal_keep_size="1GB")
    rules = cluster.files / "pg_hba.conf"
    rules.write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
    cluster.sql("SELECT pg_reload_conf()")
    monkeypatch.setenv("BACKUP_DSN", cluster.dsn)

    (found,) = engine(store).doubts()

    assert "no pg_hba.conf entry for replication connection" in text_of(found)
    assert "HINT: pg_hba.conf に「host replication" in text_of(found)


def test_a_missing_store_and_a_missing_secret_are_reported_together(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BACKUP_DSN", raising=False)
    nowhere = DirectoryStore(DirectoryConfig(path=store._root / "not mounted"))

    about_store, about_secret = engine(nowhere).doubts()

    assert "not mounted" in text_of(about_store)
    assert "BACKUP_DSN" in text_of(about_secret)


def test_only_log_that_no_retained_backup_needs_is_trimmed(store: DirectoryStore) -> None:
    folder = log_folder("PostgreSQL", "7")
    kept_first = WalSegment(2, 5, 16 * MIB)
    keys = {
        "before": segment_key(folder, WalSegment(2, 4, 16 * MIB)),
        "piece before": piece_key(folder, WalSegment(1, 4, 16 * MIB), 0x100),
        "holds the start": segment_key(folder, kept_first),
        "after": segment_key(folder, kept_first.next),
        # The same positions on another timeline, after a restore into the past.
        "later timeline": segment_key(folder, WalSegment(3, 4, 16 * MIB)),
        "history": f"{folder}00000002.history",
    }
    for key in keys.values():
        store.put(key, b"log")
    trims = engine(store)
    assert isinstance(trims, TrimsLog)
    assert isinstance(trims, FollowsLog)

    count = trims.trim_log(backup_from(WalPosition(2, "0/5000028")))

    left = {name for name, key in keys.items() if key in {each.key for each in store.listing("")}}
    assert left == {"holds the start", "after", "later timeline", "history"}
    assert count == 2


def backup_from(start: WalPosition) -> TakenBackup:
    noon = datetime(2026, 11, 25, 3, tzinfo=UTC)
    return TakenBackup(
        label="20261125T030000Z-full",
        method=Method.FULL,
        engine="native",
        engine_version="1",
        server_version="18.6",
        system_id="7",
        started_at=noon,
        ended_at=noon,
        start=start,
        end=start,
        restorable_to=noon,
        facts={"wal_segment_size": 16 * MIB},
    )
