"""The settings of `[backups.SUBJECT]` with `kind = "pgbackrest"`."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from toban.chapters.backup.bindings import BackupBinding
from toban.chapters.backup.engine import Method
from toban.engine.bindings.secret import Secret
from toban.engine.bindings.values import Length

METHODS = frozenset(Method)
"""The methods that an engine of this kind supports."""


class PgBackRestBackup(BackupBinding):
    """`kind = "pgbackrest"`: a stanza that pgBackRest's own configuration describes."""

    example: ClassVar[Mapping[str, str]] = {"stanza": "main"}

    stanza: str = Field(min_length=1)
    command: tuple[str, ...] = Field(default=("pgbackrest",), min_length=1)
    """How pgBackRest is started: as the cluster's account, which may need `sudo -u postgres` in front."""
    config: Path | None = None
    """pgBackRest's configuration; None: where pgBackRest itself looks."""
    repo: int = Field(default=1, ge=1, le=256)
    """The repository of that configuration that backups go to."""
    increments: Literal["diff", "incr"] = "diff"
    """`diff`: each increment is based on the full backup; any of them can go. `incr`: on the one before."""
    dsn: Secret | None = None
    """The cluster, to ask how far its archived log goes; None: only the ends of backups can be relied on."""
    lock_wait: Length = timedelta(minutes=5)
    """How long to wait while another pgBackRest holds the stanza's lock."""
