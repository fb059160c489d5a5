"""Amazon RDS: its own snapshots by the document's schedule, and its own point-in-time restores."""

from collections.abc import Mapping

from toban.chapters.backup.engine import BackupEngine, BackupWay, EngineKind
from toban.chapters.backup.engines.rds.config import METHODS, RdsBackup
from toban.engine.stores.store import Store


def _build(subject: str, config: RdsBackup, store: Store | None) -> BackupEngine:
    # Imported late: it loads AWS's library, which reading the bindings does not need.
    from toban.chapters.backup.engines.rds.engine import Rds  # noqa: PLC0415

    return Rds(subject, config, store)


def _way(_config: RdsBackup, _facts: Mapping[str, object]) -> BackupWay:
    taking, restoring = "rds create-db-snapshot", "rds restore-db-instance"
    return BackupWay(takes=taking, loads=restoring, programs=frozenset({taking, restoring}))


KIND = EngineKind(config=RdsBackup, build=_build, methods=METHODS, needs_store=False, way=_way)
