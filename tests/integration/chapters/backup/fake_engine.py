"""An engine that backs up a text, and produces on demand the failures real engines have by accident."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from toban.chapters.backup.bindings import BackupBinding
from toban.chapters.backup.engine import (
    ActWatch,
    BackupCheck,
    BackupFailed,
    EngineKind,
    Method,
    NeedsFull,
    RestoredBackup,
    RestoreOrder,
    TakenBackup,
    WalPosition,
)
from toban.engine.stores.store import Store, StoreTrouble, folder_of
from toban.message import Message, message_of, plain


class FakeBackup(BackupBinding):
    """`kind = "fake"`."""


@dataclass
class Source:
    """The data that the engine backs up; tests change it between backups."""

    text: bytes = b"all the orders of the shop"
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    refuses: str = ""
    """The reason why no backup can be taken."""
    needs_full: str = ""
    """The reason why no increment can be made."""
    damages: bool = False
    """Whether the stored content differs from the record."""
    taken: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    trimmed_to: list[str] = field(default_factory=list)
    dies_once: Exception | None = None
    """Raised after the object is stored, before the backup is complete."""


class FakeEngine:
    """Stores the source's text as one object."""

    methods = frozenset((Method.FULL, Method.INCREMENTAL))

    def __init__(self, source: Source, subject: str, store: Store) -> None:
        self._source, self._subject, self._store = source, subject, store

    def take(self, label: str, method: Method, parent: TakenBackup | None, watch: ActWatch) -> TakenBackup:  # noqa: ARG002 - the Protocol has it
        source, began = self._source, self._source.now()
        if source.refuses:
            raise BackupFailed(plain(source.refuses))
        if method is Method.INCREMENTAL and source.needs_full:
            raise NeedsFull(plain(source.needs_full))
        folder = f"{folder_of(self._subject)}/{label}"
        self._store.delete([each.key for each in self._store.listing(f"{folder}/")])
        stored = self._store.put(f"{folder}/text", source.text)
        source.taken.append(label)
        if source.dies_once is not None:
            failure, source.dies_once = source.dies_once, None
            raise failure
        if source.damages:
            self._store.put(f"{folder}/text", bytes(len(source.text)))
        return TakenBackup(
            label=label,
            method=method,
            engine="fake",
            engine_version="1",
            server_version="18.6",
            system_id="7",
            parent=parent.label if parent else "",
            started_at=began,
            ended_at=source.now(),
            start=WalPosition(1, "0/1000000"),
            end=WalPosition(1, "0/1000100"),
            restorable_to=source.now(),
            objects=(stored,),
            manifest_sha256=hashlib.sha256(source.text).hexdigest(),
            source_bytes=len(source.text),
        )

    def verify(self, taken: TakenBackup, watch: ActWatch) -> BackupCheck:  # noqa: ARG002 - the Protocol has it
        troubles = []
        for stored in taken.objects:
            try:
                list(self._store.stream(stored.key, sha256=stored.sha256))
            except StoreTrouble as error:
                troubles.append(message_of(error))
        return BackupCheck(not troubles, troubles)

    def restore(self, order: RestoreOrder, watch: ActWatch) -> RestoredBackup:  # noqa: ARG002 - the Protocol has it
        raise BackupFailed(plain("nothing to restore into"), retry=False)

    def remove(self, taken: TakenBackup) -> None:
        folder = f"{folder_of(self._subject)}/{taken.label}/"
        self._store.delete([each.key for each in self._store.listing(folder)])
        self._source.removed.append(taken.label)

    def trim_log(self, oldest: TakenBackup) -> int:
        self._source.trimmed_to.append(oldest.label)
        return 1

    def doubts(self) -> Sequence[Message]:
        return ()

    def close(self) -> None:
        pass


def kind_of(source: Source) -> EngineKind:
    """Return a kind whose engines back up *source*."""

    def build(subject: str, config: BackupBinding, store: Store | None) -> FakeEngine:
        assert store is not None
        return FakeEngine(source, subject, store)

    return EngineKind(FakeBackup, build, FakeEngine.methods)
