"""The logical copy: what the document's own `pg_dump` makes, streamed to the store, never incomplete."""

from toban.chapters.backup.engine import BackupEngine, EngineKind
from toban.chapters.backup.engines.pg_dump.config import METHODS, PgDumpBackup
from toban.engine.stores.store import Store


def _build(subject: str, config: PgDumpBackup, store: Store | None) -> BackupEngine:
    # Imported late: it loads the database driver, which reading the bindings does not need.
    from toban.chapters.backup.engines.pg_dump.engine import PgDump  # noqa: PLC0415

    return PgDump(subject, config, store)


KIND = EngineKind(config=PgDumpBackup, build=_build, methods=METHODS, into_database=True)
