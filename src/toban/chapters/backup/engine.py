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
from toban.engine.bindings.table import kinded
from toban.engine.registry.kinds import KindPoint
from toban.engine.stores.store import Store, Stored


class Method(StrEnum):
    """What a backup holds."""

    FULL = "full"
    INCREMENTAL = "incremental"
    """What changed since a full one, its root."""


class BackupFailed(Exception):
    """An engine could not do what it was asked; the message tells the operator why, without any secret.

    `retry` says whether the same order may succeed later. Nothing half-made counts as a backup.
    """

    def __init__(self, message: str, *, retry: bool = True) -> None:
        super().__init__(message)
        self.retry = retry


class NeedsFull(BackupFailed):
    """No increment can be made on the parent: a full backup must come first; the message says why."""


class Watch(Protocol):
    """Who follows a long act: a run's step, or a terminal."""

    def say(self, text: str) -> None:
        """Note a line."""

    def progress(self, percent: float | None, text: str = "") -> None:
        """Note how far it is; None where the whole is not known."""

    def why_stop(self) -> object | None:
        """Return why the act must end at once, or None. Ask often."""


@dataclass(frozen=True, slots=True)
class Place:
    """A moment in a cluster's history."""

    timeline: int
    lsn: str
    """`0/3000028`, as PostgreSQL writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A backup, durable in its store: every fact that the catalogue keeps of it.

    It is also kept beside the backup in the store, so that a lost catalogue can be read anew.
    """

    label: str
    """Unique within its subject, and in the order of time: `20261125T020000Z-full`."""
    method: Method
    engine: str
    """The kind that made it: `native`."""
    engine_version: str
    server_version: str
    """`18.6`."""
    system_id: str
    """The cluster's own identifier; of a logical backup, server and database."""
    parent: str = ""
    """The label of the full backup that an increment stands on."""
    started_at: datetime
    ended_at: datetime
    start: Place | None = None
    """Replay begins here."""
    end: Place | None = None
    """Replay must come to here for the backup to be whole."""
    restorable_to: datetime
    """The moment that restoring this backup alone brings back: for a physical one, its end."""
    objects: tuple[Stored, ...] = ()
    manifest_sha256: str = ""
    source_bytes: int = 0
    """Bytes of the source that went into it, before compression."""
    facts: Mapping[str, object] = field(default_factory=dict)
    """What the engine itself needs to bring it back (JSON): archives, tablespaces, compression."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at a stored backup found."""

    is_whole: bool
    troubles: Sequence[str] = ()
    """Each names the object and what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOrder:
    """What is to be brought back, and where to."""

    chain: Sequence[Taken]
    """The full backup, and the increment on it where there is one, in order."""
    into: Path
    """An empty folder or none yet; for engines that restore into a server, the folder for their work."""
    to: datetime | None = None
    """The moment to recover to; None for as far as the chain and the log go."""
    server: str = ""
    """For logical backups: the DSN of an empty database to restore into. Else what the new one is called."""
    to_lsn: str = ""
    """Instead of `to`: nothing that was logged from this position on comes back."""
    follows_log: bool = True
    """False: the chain alone, as it stood when its newest backup ended."""
    binaries: Path | None = None
    """The folder of the database's own programs, of the version of the chain; None where it is not known."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back, and what each part of it took."""

    folder: Path | None
    """A data directory ready to be started; None when it went into a server."""
    phases: Mapping[str, float]
    """Seconds by phase, in order: `fetch`, `combine`, …"""
    server: str = ""
    """What was made instead of a folder, by its name."""


class Engine(Protocol):
    """A way to back one subject up, ready to use."""

    @property
    def methods(self) -> frozenset[Method]:
        """What it can make."""

    def take(self, label: str, method: Method, parent: Taken | None, watch: Watch) -> Taken:
        """Make a backup, durable in the store, or raise `BackupFailed`: `NeedsFull` if only that helps.

        What it wrote before failing it removes as far as it can; what is left is swept later.
        """

    def verify(self, taken: Taken, watch: Watch) -> Checked:
        """Read what is stored, and compare it with what was recorded when it was made."""

    def restore(self, order: RestoreOrder, watch: Watch) -> Restored:
        """Bring it back, every input verified first; raises `BackupFailed`."""

    def remove(self, taken: Taken) -> None:
        """Delete the backup from where it is; safe to repeat."""

    def doubts(self) -> Sequence[str]:
        """Say what would keep it from working tonight, as the real server and store answer; takes seconds."""

    def close(self) -> None:
        """Let go of connections."""


@runtime_checkable
class KeepsLog(Protocol):
    """An engine whose log is kept elsewhere, where only it can say how far that goes."""

    def newest_moment(self) -> datetime | None:
        """Return the newest moment that can be restored; None where none can; raises `BackupFailed`."""


@runtime_checkable
class TrimsLog(Protocol):
    """An engine whose log lies in the store, and that can remove what no backup needs any more."""

    def trim_log(self, oldest: Taken) -> int:
        """Delete the log that no backup from *oldest* on needs; return how many objects that were."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a transaction of the source saw."""

    visible: str
    """As `pg_current_snapshot()` writes it."""
    lsn: str
    """Where the log ended just after it was taken."""


@runtime_checkable
class FindsMoments(Protocol):
    """An engine that can say where in its log a database is exactly what a snapshot saw."""

    def place_of(
        self, snapshots: Sequence[Snapshot], taken: Taken, binaries: Path, watch: Watch
    ) -> tuple[int, str] | None:
        """Return which of *snapshots* a recovery from *taken* can lead to, and the LSN to stop before."""


@runtime_checkable
class KnownByHand(Protocol):
    """An engine whose backups can be brought back with everybody's programs, and that knows how."""

    def by_hand(self, chain: Sequence[Taken]) -> Sequence[str]:
        """Return lines of bash that bring *chain* back, once its objects lie in `./LABEL/` and `./wal/`."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """How a place keeps former versions of what is in it, held against the document."""

    value: str
    """In words: `バージョニング有効、30日`."""
    faults: Sequence[str] = ()
    """Why less is kept than the document says."""
    excesses: Sequence[str] = ()
    """Why more is kept."""
    changes: Sequence[str] = ()
    """What would mend it, as it would be applied."""


@runtime_checkable
class KeepsVersions(Protocol):
    """An engine of a place that keeps former versions by itself: its settings are watched."""

    def look(self, days: int | None) -> Guarded:
        """Compare the settings with *days* of retention; None: the document says nothing of it.

        Raises `StoreTrouble`.
        """

    def mend(self, days: int | None) -> Sequence[str]:
        """Apply the changes that `look` names, all other settings kept, and return them."""


@dataclass(frozen=True, slots=True)
class EngineKind:
    """A backup engine as `toban.toml` names it; the registration in `wiring.py` gives it that name."""

    config: type[BackupBinding]
    build: Callable[[str, Any, Store | None], Engine]
    """Makes an engine for a subject of a valid config and its store; connects to nothing yet."""
    methods: frozenset[Method]
    keeps_versions: bool = False
    """Whether its engines are `KeepsVersions`, and take nothing."""
    needs_store: bool = True
    """False where the engine keeps its backups in a place of its own."""
    into_database: bool = False
    """Whether a restore goes into an empty database that must be there."""


ENGINE_KINDS = KindPoint("backups", EngineKind)
"""`kind = "…"` of `[backups.SUBJECT]`."""


def _subjects(design: Design) -> set[str]:
    return {policy.subject for policy in design.of(BackupPolicy)}


BACKUPS = kinded("backups", BackupBinding, ENGINE_KINDS, names=_subjects)
"""The document's word for what is backed up (PostgreSQL) → by which engine, from where."""
