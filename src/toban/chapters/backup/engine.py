"""The extension point for backup engines: one small Protocol, one failure type, one line of registration."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from toban.chapters.backup.bindings import BackupBinding
from toban.design.clauses.backup import BackupPolicy
from toban.design.reader import Design
from toban.design.values.backup_method import BackupMethod
from toban.design.values.duration import Generations, Retention
from toban.engine.bindings.table import kinded
from toban.engine.registry.kinds import KindPoint
from toban.engine.stores.store import Store, StoredObject
from toban.engine.trial import Doubt
from toban.message import NOTHING, Message


class Method(StrEnum):
    """What a backup contains."""

    FULL = "full"
    INCREMENTAL = "incremental"
    """What changed since a full backup, its root."""


class BackupFailed(Exception):
    """An engine could not do what it was asked; the message tells the operator why, without any secret.

    `retry` says whether the same order may succeed later. An unfinished backup does not count as one.
    """

    def __init__(self, message: Message, *, hint: Message = NOTHING, retry: bool = True) -> None:
        super().__init__(Message("common.hinted", what=message, hint=hint) if hint else message)
        self.doubt: Doubt = (message, hint) if hint else message
        self.retry = retry


class Damaged(BackupFailed):
    """The stored data is not what was backed up; the message names the object and the file in it."""

    def __init__(self, message: Message) -> None:
        super().__init__(message, retry=False)


class NeedsFull(BackupFailed):
    """No increment can be made on the parent: a full backup must come first; the message says why."""


class ActWatch(Protocol):
    """The observer of a long operation: a run's step, or a terminal."""

    def say(self, text: Message) -> None:
        """Report a line of text."""

    def progress(self, percent: float | None, text: Message = NOTHING) -> None:
        """Report the progress; *percent* is None if the total is not known."""

    def why_stop(self) -> object | None:
        """Return why the operation must end at once, or None. Call this often."""


@dataclass(frozen=True, slots=True)
class WalPosition:
    """A moment in a cluster's history."""

    timeline: int
    lsn: str
    """`0/3000028`, as PostgreSQL writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBackup:
    """A backup that is durable in its store, with every fact that the catalogue keeps about it.

    The same facts are stored next to the backup, so that a lost catalogue can be rebuilt.
    """

    label: str
    """Unique within its subject; labels sort by time: `20261125T020000Z-full`."""
    method: Method
    engine: str
    """The kind of engine that made it: `native`."""
    engine_version: str
    server_version: str
    """`18.6`."""
    system_id: str
    """The cluster's own identifier; for a logical backup, server and database."""
    parent: str = ""
    """The label of the full backup that an increment is based on."""
    started_at: datetime
    ended_at: datetime
    start: WalPosition | None = None
    """Replay begins here."""
    end: WalPosition | None = None
    """Replay must reach this place for the backup to be complete."""
    restorable_to: datetime
    """The moment that this backup alone restores: for a physical one, its end."""
    objects: tuple[StoredObject, ...] = ()
    manifest_sha256: str = ""
    source_bytes: int = 0
    """Bytes of the source that went into it, before compression."""
    facts: Mapping[str, object] = field(default_factory=dict)
    """What the engine itself needs to restore it (JSON): archives, tablespaces, compression."""


@dataclass(frozen=True, slots=True)
class BackupCheck:
    """The result of checking a stored backup."""

    is_whole: bool
    troubles: Sequence[Message] = ()
    """Each names the object and what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOrder:
    """What to restore, and where to."""

    chain: Sequence[TakenBackup]
    """The full backup, then the increment on it if there is one."""
    into: Path
    """An empty or not yet existing folder; for engines that restore into a server, their work folder."""
    to: datetime | None = None
    """The moment to recover to; None for as far as the chain and the log go."""
    server: str = ""
    """For logical backups: the DSN of an empty database to restore into. Otherwise the new server's name."""
    to_lsn: str = ""
    """Instead of `to`: nothing that was logged from this position on is restored."""
    follows_log: bool = True
    """False: the chain alone, as of the end of its newest backup."""
    binaries: Path | None = None
    """The folder of the database's own programs, in the chain's version; None if it is not known."""
    pauses: bool = False
    """For physical backups: recovered, the server stays read-only until a person promotes it."""
    owner: tuple[int, int] | None = None
    """User and group of the account that the server will run as; None: those of this process."""


@dataclass(frozen=True, slots=True)
class RestoredBackup:
    """What was restored, and how long each phase took."""

    folder: Path | None
    """A data directory ready to be started; None if it was restored into a server."""
    phases: Mapping[str, float]
    """Seconds by phase, in order: `fetch`, `combine`, …"""
    server: str = ""
    """The name of what was created instead of a folder."""


class BackupEngine(Protocol):
    """A way to back one subject up, ready to use."""

    @property
    def methods(self) -> frozenset[Method]:
        """The methods that it supports."""

    def take(self, label: str, method: Method, parent: TakenBackup | None, watch: ActWatch) -> TakenBackup:
        """Make a backup, durable in the store, or raise `BackupFailed`: `NeedsFull` if only a full one helps.

        On failure it removes what it wrote, as far as it can; the rest is swept later.
        """

    def verify(self, taken: TakenBackup, watch: ActWatch) -> BackupCheck:
        """Read the stored backup, and compare it with what was recorded when it was made."""

    def restore(self, order: RestoreOrder, watch: ActWatch) -> RestoredBackup:
        """Restore it, verifying every input first; raises `BackupFailed`."""

    def remove(self, taken: TakenBackup) -> None:
        """Delete the backup from where it is; safe to repeat."""

    def doubts(self) -> Sequence[Doubt]:
        """Return what would prevent a backup tonight, by asking the real server and store; takes seconds."""

    def close(self) -> None:
        """Close connections."""


@runtime_checkable
class KeepsLog(Protocol):
    """An engine whose log is kept elsewhere; only the engine can say how far that log goes."""

    def newest_moment(self) -> datetime | None:
        """Return the newest moment that can be restored; None if there is none; raises `BackupFailed`."""


@runtime_checkable
class TrimsLog(Protocol):
    """An engine whose log is in the store, and that can remove the log no backup needs any more."""

    def trim_log(self, oldest: TakenBackup) -> int:
        """Delete the log that no backup from *oldest* on needs; return how many objects were deleted."""


@dataclass(frozen=True, slots=True)
class TransactionSnapshot:
    """What a transaction of the source saw."""

    visible: str
    """As `pg_current_snapshot()` writes it."""
    lsn: str
    """Where the log ended just after it was taken."""


@runtime_checkable
class FindsMoments(Protocol):
    """An engine that can say where in its log a database is exactly as a snapshot saw it."""

    def place_of(
        self, snapshots: Sequence[TransactionSnapshot], taken: TakenBackup, binaries: Path, watch: ActWatch
    ) -> tuple[int, str] | None:
        """Return which of *snapshots* a recovery from *taken* can lead to, and the LSN to stop before."""


@runtime_checkable
class KnownByHand(Protocol):
    """An engine whose backups can be restored with standard programs, and that knows the commands."""

    def by_hand(self, order: RestoreOrder) -> Sequence[Message | str]:
        """Return lines of bash that do *order* below `./`, once its objects are in `./LABEL/` and `./wal/`.

        The comments among them are messages.
        """


@dataclass(frozen=True, slots=True)
class VersionGuard:
    """How a place keeps former versions of its objects, compared with the document."""

    value: Message
    """`バージョニング有効、旧版 30日`."""
    faults: Sequence[Message] = ()
    """Why less is kept than the document says."""
    excesses: Sequence[Message] = ()
    """Why more is kept."""
    changes: Sequence[Message] = ()
    """The changes that would fix it, as they would be applied."""


@runtime_checkable
class KeepsVersions(Protocol):
    """An engine for a place that keeps former versions by itself; its settings are watched."""

    def look(self, days: int | None) -> VersionGuard:
        """Compare the settings with *days* of retention; None: the document does not give any.

        Raises `StoreTrouble`.
        """

    def mend(self, days: int | None) -> Sequence[Message]:
        """Apply the changes that `look` names, keeping all other settings, and return them."""


@runtime_checkable
class KeepsByItself(Protocol):
    """An engine of a place that removes copies by settings of its own, whatever Toban removes."""

    def own_keeping(self, method: BackupMethod) -> Sequence[Retention | Generations]:
        """Return by what the place removes copies of *method*: a length, a count, both or nothing.

        Raises `BackupFailed` or `StoreTrouble`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupWay:
    """What an engine does, in the words of its tools: a document's commands are compared with it."""

    takes: str
    """How it takes a backup, as an operator would write it: `pg_dump --format=plain`."""
    loads: str
    """How it restores one."""
    programs: frozenset[str]
    """The programs that do the same: `pg_dump`, `psql`."""
    form: str = ""
    """The format of a dump: `plain`, `custom`, `directory`; empty if there is only one."""
    compression: str = ""
    """`gzip`, `zstd` or `none`; empty if it is not known before a backup is taken."""


@dataclass(frozen=True, slots=True)
class EngineKind:
    """A backup engine as `toban.toml` names it; the registration in `wiring.py` gives it that name."""

    config: type[BackupBinding]
    build: Callable[[str, Any, Store | None], BackupEngine]
    """Makes a subject's engine from a valid config and a store; does not connect yet."""
    methods: frozenset[Method]
    keeps_versions: bool = False
    """Whether its engines are `KeepsVersions`, and take no backups."""
    keeping: Callable[[Any], Message] | None = None
    """Names the settings by which the place itself removes copies; its engines are `KeepsByItself`."""
    needs_store: bool = True
    """False if the engine keeps its backups in a place of its own."""
    into_database: bool = False
    """Whether a restore goes into an empty database that must already exist."""
    way: Callable[[Any, Mapping[str, object]], BackupWay] | None = None
    """Describes how it works, from a valid config and the `facts` of its newest backup, which may be empty.

    None: the document's procedures can't be compared with it."""


ENGINE_KINDS = KindPoint("backups", EngineKind)
"""`kind = "…"` of `[backups.SUBJECT]`."""


def _subjects(design: Design) -> set[str]:
    return {policy.subject for policy in design.of(BackupPolicy)}


BACKUPS = kinded("backups", BackupBinding, ENGINE_KINDS, names=_subjects)
"""The document's name for what is backed up (PostgreSQL) → by which engine, from where."""
