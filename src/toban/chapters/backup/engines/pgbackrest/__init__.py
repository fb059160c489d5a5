"""A wrapper of pgBackRest: for clusters older than PostgreSQL 17, or too large to change what works."""

from collections.abc import Mapping

from toban.chapters.backup.engine import BackupEngine, BackupWay, EngineKind
from toban.chapters.backup.engines.pgbackrest.config import METHODS, PgBackRestBackup
from toban.chapters.backup.engines.pgbackrest.retention import file_of
from toban.engine.stores.store import Store
from toban.message import Message


def _build(subject: str, config: PgBackRestBackup, store: Store | None) -> BackupEngine:
    # Imported late: it loads the database driver, which reading the bindings does not need.
    from toban.chapters.backup.engines.pgbackrest.engine import PgBackRestEngine  # noqa: PLC0415

    return PgBackRestEngine(subject, config, store)


def _way(_config: PgBackRestBackup, _facts: Mapping[str, object]) -> BackupWay:
    return BackupWay(
        takes="pgbackrest backup", loads="pgbackrest restore", programs=frozenset({"pgbackrest"})
    )


def _keeping(config: PgBackRestBackup) -> Message:
    return Message("backup-engines.pgbackrest-retention", file=str(file_of(config)), repo=config.repo)


KIND = EngineKind(
    config=PgBackRestBackup,
    build=_build,
    methods=METHODS,
    keeping=_keeping,
    needs_store=False,
    way=_way,
)
