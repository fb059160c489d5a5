"""What `[backups.SUBJECT]` says with `kind = "pg_dump"`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from toban.chapters.backup.bindings import BackupBinding
from toban.chapters.backup.engine import Method
from toban.engine.bindings.secret import Secret

METHODS = frozenset({Method.FULL})
"""What an engine of this kind makes."""


def _beside_the_bindings(path: Path, info: ValidationInfo) -> Path:
    base: Path = (info.context or {}).get("base", Path())
    return base / path


class PgDumpBackup(BackupBinding):
    """`kind = "pg_dump"`: one database, by its connection string."""

    example: ClassVar[Mapping[str, str]] = {"dsn": "env:BACKUP_DATABASE_URL"}

    dsn: Secret
    format: Literal["custom", "directory", "plain"] = "custom"
    """`plain`: SQL, as many documents write it. `directory`: dumped in parallel, by way of a disk."""
    compression: Literal["zstd", "gzip", "none"] | None = None
    """None: gzip for `plain`, else zstd where the installed pg_dump can, else gzip."""
    jobs: int = Field(default=2, ge=1, le=64)
    """Connections at once: for dumping in `directory` format, and for every restore but of `plain`."""
    binaries: Annotated[Path, AfterValidator(_beside_the_bindings)] | None = None
    """The folder of pg_dump, pg_restore and psql; None: they are looked up in PATH."""
    spool: Annotated[Path, AfterValidator(_beside_the_bindings)] | None = None
    """Where a `directory` dump is kept until it is stored; None: the system's temporary folder."""
