"""A backup for tests of pure decisions."""

from datetime import UTC, datetime

from toban.chapters.backup.engine import Method, TakenBackup, WalPosition

FULL = TakenBackup(
    label="20260401T020000Z-full",
    method=Method.FULL,
    engine="native",
    engine_version="1",
    server_version="18.6",
    system_id="7",
    started_at=datetime(2026, 4, 1, 2, tzinfo=UTC),
    ended_at=datetime(2026, 4, 1, 2, 5, tzinfo=UTC),
    start=WalPosition(1, "0/2000028"),
    end=WalPosition(1, "0/2000120"),
    restorable_to=datetime(2026, 4, 1, 2, 5, tzinfo=UTC),
    source_bytes=1000,
)
