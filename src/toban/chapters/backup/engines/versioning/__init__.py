"""A bucket that keeps former versions by itself."""

from toban.chapters.backup.engine import BackupEngine, EngineKind
from toban.chapters.backup.engines.versioning.config import VersioningBackup
from toban.engine.stores.store import Store
from toban.message import Message


def _build(subject: str, config: VersioningBackup, store: Store | None) -> BackupEngine:  # noqa: ARG001 - the kind's signature
    # Imported late: it loads AWS's library, which reading the bindings does not need.
    from toban.chapters.backup.engines.versioning.engine import Bucket  # noqa: PLC0415

    return Bucket(config)


def _keeping(config: VersioningBackup) -> Message:
    return Message("backup-engines.lifecycle-of", bucket=config.bucket)


KIND = EngineKind(
    VersioningBackup, _build, frozenset(), keeps_versions=True, keeping=_keeping, needs_store=False
)
