"""The settings of `[backups.SUBJECT]` with `kind = "native"`."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from toban.chapters.backup.bindings import BackupBinding
from toban.chapters.backup.engine import Method
from toban.engine.bindings.secret import Secret

METHODS = frozenset({Method.FULL, Method.INCREMENTAL})
"""The methods that an engine of this kind supports."""


class NativeBackup(BackupBinding):
    """`kind = "native"`: a PostgreSQL server, by its connection string."""

    example: ClassVar[Mapping[str, str]] = {"dsn": "env:BACKUP_DATABASE_URL"}

    dsn: Secret
    wal: bool = True
    """Whether the log is stored too, as it is written: then hardly anything is lost between two backups."""
    slot: str = Field(default="toban", pattern=r"[a-z0-9_]{1,63}")
    """The replication slot that keeps the log until it is stored."""
    wal_seconds: float = Field(default=3.0, ge=0.1, le=60)
    """How old log may become before it is stored, even if its segment is not complete."""
    # Above 9, a cancelled backup would block the process until zstd has compressed what it already holds.
    level: int = Field(default=1, ge=-7, le=9)
    """The level of zstd; higher is smaller and slower."""
    jobs: int = Field(default=2, ge=1, le=64)
    """Cores that compress."""
    checkpoint: Literal["fast", "spread"] = "fast"
    """`spread`: the backup begins with the server's next slow checkpoint, minutes later."""
