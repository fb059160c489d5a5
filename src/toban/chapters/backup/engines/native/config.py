"""What `[backups.SUBJECT]` says with `kind = "native"`."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from toban.chapters.backup.bindings import BackupBinding
from toban.chapters.backup.engine import Method
from toban.engine.bindings.secret import Secret

METHODS = frozenset({Method.FULL, Method.INCREMENTAL})
"""What an engine of this kind makes."""


class NativeBackup(BackupBinding):
    """`kind = "native"`: a PostgreSQL server, by its connection string."""

    example: ClassVar[Mapping[str, str]] = {"dsn": "env:BACKUP_DATABASE_URL"}

    dsn: Secret
    wal: bool = True
    """Whether the log is kept too, as it is written: then hardly anything is lost between two backups."""
    slot: str = Field(default="toban", pattern=r"[a-z0-9_]{1,63}")
    """The replication slot that keeps the log until it is stored."""
    wal_seconds: float = Field(default=3.0, ge=0.1, le=60)
    """How old log may grow before it is stored, whether or not its segment is whole."""
    # Above 9, giving a backup up would hold the process for as long as zstd needs for what it has taken in.
    level: int = Field(default=1, ge=-7, le=9)
    """zstd's; higher is smaller and slower."""
    jobs: int = Field(default=2, ge=1, le=64)
    """Cores that compress."""
    checkpoint: Literal["fast", "spread"] = "fast"
    """`spread`: the backup begins with the server's next slow checkpoint, minutes later."""
