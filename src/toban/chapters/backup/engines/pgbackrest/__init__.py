"""A wrapper of pgBackRest: for clusters older than PostgreSQL 17, or too large to change what works."""

from collections.abc import Mapping

from toban.chapters.backup.engine import BackupEngine, BackupWay, EngineKind
from toban.chapters.backup.engines.pgbackrest.config import METHODS, PgBackRestBackup
from toban.engine.stores.store import Store


def _build(subject: str, config: PgBackRestBackup, store: Store | None) -> BackupEngine:
    # Imported late: it loads the database driver, which reading the bindings does not need.
    from toban.chapters.backup.engines.pgbackrest.engine import PgBackRestEngine  # noqa: PLC0415

    return PgBackRestEngine(subject, config, store)


def _way(_config: PgBackRestBackup, _facts: Mapping[str, object]) -> BackupWay:
    return BackupWay(
        takes="pgbackrest backup", loads="pgbackrest restore", programs=frozenset({"pgbackrest"})
    )


KIND = EngineKind(config=PgBackRestBackup, build=_build, methods=METHODS, needs_store=False, way=_way)
