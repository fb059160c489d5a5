"""The settings of `[backups.SUBJECT]` with `kind = "pg_dump"`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from toban.chapters.backup.bindings import BackupBinding
from toban.chapters.backup.engine import Method
from toban.engine.bindings.secret import Secret

METHODS = frozenset({Method.FULL})
"""The methods that an engine of this kind supports."""


def _beside_the_bindings(path: Path, info: ValidationInfo) -> Path:
    base: Path = (info.context or {}).get("base", Path())
    return base / path


class PgDumpBackup(BackupBinding):
    """`kind = "pg_dump"`: one database, by its connection string."""

    example: ClassVar[Mapping[str, str]] = {"dsn": "env:BACKUP_DATABASE_URL"}

    dsn: Secret
    format: Literal["custom", "directory", "plain"] = "custom"
    """`plain`: SQL, as in many documents. `directory`: dumped in parallel, via a disk."""
    compression: Literal["zstd", "gzip", "none"] | None = None
    """None: gzip for `plain`; otherwise zstd if the installed pg_dump supports it, else gzip."""
    jobs: int = Field(default=2, ge=1, le=64)
    """Parallel connections: for dumping in `directory` format, and for restoring any format but `plain`."""
    binaries: Annotated[Path, AfterValidator(_beside_the_bindings)] | None = None
    """The folder of pg_dump, pg_restore and psql; None: they are looked up in PATH."""
    spool: Annotated[Path, AfterValidator(_beside_the_bindings)] | None = None
    """Where a `directory` dump is kept until it is stored; None: the system's temporary folder."""
