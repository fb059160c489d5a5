"""Amazon RDS: its own snapshots by the document's schedule, and its own point in time."""

from toban.chapters.backup.engine import Engine, EngineKind
from toban.chapters.backup.engines.rds.config import METHODS, RdsBackup
from toban.engine.stores.store import Store


def _build(subject: str, config: RdsBackup, store: Store | None) -> Engine:
    # It loads AWS's library, which those who only read the bindings need not wait for.
    from toban.chapters.backup.engines.rds.engine import Rds  # noqa: PLC0415

    return Rds(subject, config, store)


KIND = EngineKind(config=RdsBackup, build=_build, methods=METHODS, needs_store=False)
