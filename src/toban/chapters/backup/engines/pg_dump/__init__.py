"""The logical copy: what the document's own `pg_dump` makes, streamed to the store, never incomplete."""

from collections.abc import Mapping

from toban.chapters.backup.engine import BackupEngine, BackupWay, EngineKind
from toban.chapters.backup.engines.pg_dump.config import METHODS, PgDumpBackup
from toban.engine.stores.store import Store


def _build(subject: str, config: PgDumpBackup, store: Store | None) -> BackupEngine:
    # Imported late: it loads the database driver, which reading the bindings does not need.
    from toban.chapters.backup.engines.pg_dump.engine import PgDump  # noqa: PLC0415

    return PgDump(subject, config, store)


def _way(config: PgDumpBackup, facts: Mapping[str, object]) -> BackupWay:
    form = str(facts.get("format") or config.format)
    # Which compression pg_dump supports, only pg_dump itself can say.
    usual = "gzip" if form == "plain" else ""
    return BackupWay(
        takes=f"pg_dump --format={form}",
        loads="psql" if form == "plain" else "pg_restore",
        programs=frozenset({"pg_dump", "psql" if form == "plain" else "pg_restore"}),
        form=form,
        compression=str(facts.get("compression") or config.compression or usual),
    )


KIND = EngineKind(config=PgDumpBackup, build=_build, methods=METHODS, into_database=True, way=_way)
