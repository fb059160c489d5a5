"""Registers the native engine: `kind = "native"` of `[backups.SUBJECT]`."""

from collections.abc import Mapping

from toban.chapters.backup.engine import BackupEngine, BackupWay, EngineKind
from toban.chapters.backup.engines.native.config import METHODS, NativeBackup
from toban.engine.stores.store import Store


def _build(subject: str, config: NativeBackup, store: Store | None) -> BackupEngine:
    if store is None:
        raise ValueError("the native engine keeps its backups in a store")
    # Imported late: it loads the database driver and numpy, which reading the bindings does not need.
    from toban.chapters.backup.engines.native.engine import Native  # noqa: PLC0415

    return Native(subject, config, store)


def _way(_config: NativeBackup, _facts: Mapping[str, object]) -> BackupWay:
    return BackupWay(
        takes="BASE_BACKUP",
        loads="pg_combinebackup + WAL",
        programs=frozenset({"pg_basebackup", "pg_combinebackup", "tar"}),
        compression="zstd",
    )


KIND = EngineKind(config=NativeBackup, build=_build, methods=METHODS, way=_way)
