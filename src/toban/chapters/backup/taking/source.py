"""What is backed up, by which engine and where to."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from toban.chapters.backup.bindings import BackupBinding
from toban.chapters.backup.engine import (
    BackupEngine,
    EngineKind,
    Method,
)
from toban.chapters.backup.rules import CopyRetention
from toban.design.clauses.backup import RestoreProcedure
from toban.engine.bindings.model import System
from toban.engine.clock import Clock, system_clock
from toban.engine.stores.store import Store, StoreKind


@dataclass(frozen=True, slots=True)
class OpenSubject:
    """A subject's engine and store, ready for use."""

    engine: BackupEngine
    store: Store | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSource:
    """What is backed up, by which engine, where to, and how long it is kept."""

    subject: str
    kind_name: str
    kind: EngineKind
    config: BackupBinding
    store_name: str
    store_kind: StoreKind | None
    store_config: Any
    keep: Mapping[Method, CopyRetention]
    digest: str
    """The digest of the document that orders it."""
    procedures: tuple[RestoreProcedure, ...] = ()
    """The document's procedures for restoring it."""
    zone: ZoneInfo = System().zone
    """The document's time zone."""
    clock: Clock = system_clock

    @contextmanager
    def opened(self) -> Iterator[OpenSubject]:
        """Yield engine and store; both are closed afterwards."""
        store = self.store_kind.build(self.store_config) if self.store_kind is not None else None
        try:
            engine = self.kind.build(self.subject, self.config, store if self.kind.needs_store else None)
            try:
                yield OpenSubject(engine, store)
            finally:
                engine.close()
        finally:
            if store is not None:
                store.close()
