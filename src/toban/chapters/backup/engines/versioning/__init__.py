"""A bucket that keeps former versions by itself."""

from toban.chapters.backup.engine import BackupEngine, EngineKind
from toban.chapters.backup.engines.versioning.config import VersioningBackup
from toban.engine.stores.store import Store


def _build(subject: str, config: VersioningBackup, store: Store | None) -> BackupEngine:  # noqa: ARG001 - the kind's signature
    # Imported late: it loads AWS's library, which reading the bindings does not need.
    from toban.chapters.backup.engines.versioning.engine import Bucket  # noqa: PLC0415

    return Bucket(config)


KIND = EngineKind(VersioningBackup, _build, frozenset(), keeps_versions=True, needs_store=False)
