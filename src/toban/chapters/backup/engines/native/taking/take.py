"""Takes a backup: from the server's walsender straight into the store, nothing on this machine's disk."""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version

import structlog
import zstandard

from toban.chapters.backup.engine import ActWatch, BackupFailed, Method, NeedsFull, TakenBackup, WalPosition
from toban.chapters.backup.engines.native.checking.doubts import SUMMARIES_OFF, too_old
from toban.chapters.backup.engines.native.protocol.replication import (
    ArchiveBegins,
    BackupProgress,
    BaseBackup,
    Identity,
    ManifestBegins,
    Replication,
    ReplicationRefusal,
    Stopped,
)
from toban.chapters.backup.engines.native.protocol.segments import position
from toban.chapters.backup.engines.native.protocol.server import Inquiry, ServerState
from toban.chapters.backup.engines.native.taking.landmarks import Landmarks, certain_by
from toban.chapters.backup.engines.native.taking.members import NoTar
from toban.chapters.backup.engines.native.taking.pack import Archives, Compression
from toban.engine.stores.store import Store, StoredObject, StoreTrouble, folder_of
from toban.message import Message, message_of, plain

_NOT_IN_STATE = "55000"
"""`object_not_in_prerequisite_state`: among other causes, the base of an increment is missing."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClusterSource:
    """What is backed up, and where to."""

    subject: str
    dsn: str
    store: Store
    compression: Compression
    checkpoint: str
    """`fast` or `spread`."""

    def folder(self, label: str) -> str:
        """Return the prefix of a backup's keys."""
        return f"{folder_of(self.subject)}/{label}/"


def take(
    source: ClusterSource, label: str, method: Method, parent: TakenBackup | None, watch: ActWatch
) -> TakenBackup:
    """Make a backup, durable in the store, or raise `BackupFailed`, with nothing left under its label."""
    folder = source.folder(label)
    try:
        # An earlier attempt at the same label may have been killed.
        _remove(source.store, folder)
        return _Taking(source, label, method, parent, watch).run()
    except BaseException as error:
        _leave_nothing(source.store, folder)
        failure = _failure(error, method)
        if failure is None:
            raise
        raise failure from error


def _failure(error: BaseException, method: Method) -> BackupFailed | None:
    """Return what *error* means to the operator; None if it says so itself, or must not be handled here."""
    match error:
        case Stopped():
            return BackupFailed(Message("backup-engines.taking-stopped"))
        case ReplicationRefusal(sqlstate=code) if method is Method.INCREMENTAL and code == _NOT_IN_STATE:
            return NeedsFull(
                Message("backup-engines.increment-refused", error=message_of(error)), retry=False
            )
        case ReplicationRefusal() | NoTar():
            return BackupFailed(
                Message("backup-engines.trouble-of", place="PostgreSQL", trouble=message_of(error))
            )
        case StoreTrouble():
            return BackupFailed(message_of(error), retry=error.passing)
        case _:
            return None


@dataclass(slots=True)
class _Taking:
    """One attempt."""

    source: ClusterSource
    label: str
    method: Method
    parent: TakenBackup | None
    watch: ActWatch
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    landmarks: Landmarks = field(init=False)
    manifest: StoredObject | None = None
    manifest_sha256: str = ""

    def __post_init__(self) -> None:
        self.landmarks = Landmarks(Inquiry(self.source.dsn))

    def run(self) -> TakenBackup:
        with closing(self.landmarks.inquiry):
            return self._run()

    def _run(self) -> TakenBackup:
        server = self.landmarks.look()
        if server.is_too_old:
            what, hint = too_old(server)
            raise BackupFailed(what, hint=hint, retry=False)
        with Replication(self.source.dsn, lambda: self.watch.why_stop() is not None) as replication:
            identity = replication.identify()
            if self.method is Method.INCREMENTAL:
                _check_parent(self.parent, identity, server)
            # The log that the backup needs must not be recycled before it was sent.
            replication.create_slot(f"toban_backup_{secrets.token_hex(4)}", temporary=True)
            if self.method is Method.INCREMENTAL and self.parent is not None:
                self.watch.say(Message("backup-engines.uploading-manifest", full=self.parent.label))
                replication.upload_manifest(_manifest(self.source.store, self.parent))
            self.watch.progress(None, Message("backup-engines.waiting-for-checkpoint"))
            backup = replication.base_backup(self._options())
            folder = self.source.folder(self.label)
            with Archives(self.source.store, folder, self.source.compression) as archives:
                self._copy(backup, archives)
            end = backup.end()
        taken = self._taken(archives, server, identity, backup.start, end)
        _check_sizes(self.source.store, folder, taken.objects)
        return taken

    def _options(self) -> dict[str, str | bool]:
        is_full = self.method is Method.FULL
        return {
            "LABEL": f"toban {self.label}",
            "CHECKPOINT": self.source.checkpoint,
            "MANIFEST": "yes",
            "WAL": True,
            # The log is in the backup itself: a broken archive_command must not hold it up.
            "WAIT": False,
            # The server estimates the whole cluster; an increment is only a part of it.
            **({"PROGRESS": True} if is_full else {"INCREMENTAL": True}),
        }

    def _copy(self, backup: BaseBackup, archives: Archives) -> None:
        messages = backup.messages()
        for message in messages:
            self.landmarks.look_again()
            match message:
                case memoryview():
                    archives.write(message)
                case ArchiveBegins():
                    archives.begin(message)
                case BackupProgress():
                    self._tell(message.done, backup.expected)
                case ManifestBegins():
                    # The manifest must not be stored before everything that it lists.
                    archives.finish()
                    self._copy_manifest(piece for piece in messages if isinstance(piece, memoryview))

    def _copy_manifest(self, pieces: Iterator[memoryview]) -> None:
        digest = hashlib.sha256()
        key = f"{self.source.folder(self.label)}backup_manifest.zst"
        with self.source.compression.into(self.source.store, key) as manifest:
            for piece in pieces:
                digest.update(piece)
                manifest.write(piece)
        self.manifest, self.manifest_sha256 = manifest.stored, digest.hexdigest()

    def _tell(self, done: int, expected: int) -> None:
        percent = min(done / expected * 100, 100.0) if expected else None
        self.watch.progress(percent, plain(f"{done / 2**20:,.0f} MiB"))

    def _taken(
        self,
        archives: Archives,
        server: ServerState,
        identity: Identity,
        start: WalPosition,
        end: WalPosition,
    ) -> TakenBackup:
        if self.manifest is None:
            raise ReplicationRefusal(Message("backup-engines.backup-sent-in-part"))
        return TakenBackup(
            label=self.label,
            method=self.method,
            engine="native",
            engine_version=version("toban"),
            server_version=server.version,
            system_id=identity.system_id,
            parent=self.parent.label if self.method is Method.INCREMENTAL and self.parent else "",
            started_at=self.started_at,
            ended_at=datetime.now(UTC),
            start=start,
            end=end,
            restorable_to=certain_by(self.landmarks.noted, end.lsn),
            objects=(*archives.stored, self.manifest),
            manifest_sha256=self.manifest_sha256,
            source_bytes=archives.taken,
            facts={
                "archives": archives.facts,
                "manifest": {"key": self.manifest.key, "compression": "zstd"},
                "wal_segment_size": server.segment_bytes,
                "checksums": server.has_checksums,
                "tablespaces": _tablespaces(archives),
            },
        )


def _check_parent(parent: TakenBackup | None, identity: Identity, server: ServerState) -> None:
    """Refuse early a parent that the server would refuse late, or that a restore could not combine."""
    if parent is None:
        raise NeedsFull(Message("backup-engines.no-full-to-build-on"), retry=False)
    if parent.system_id != identity.system_id:
        clusters = {"cluster": parent.system_id, "current": identity.system_id}
        raise NeedsFull(
            Message("backup-engines.full-of-another-cluster", full=parent.label, **clusters), retry=False
        )
    if parent.server_version.split(".")[0] != str(server.major):
        raise NeedsFull(
            Message(
                "backup-engines.full-of-another-version", full=parent.label, version=parent.server_version
            ),
            retry=False,
        )
    if not server.summarizes:
        what, hint = SUMMARIES_OFF
        raise NeedsFull(what, hint=hint, retry=False)
    if server.is_standby and parent.end and position(server.redo) < position(parent.end.lsn):
        raise BackupFailed(Message("backup-engines.standby-has-no-newer-restartpoint", full=parent.label))


def _manifest(store: Store, parent: TakenBackup) -> Iterator[bytes]:
    """Yield the manifest of *parent*; raises before it ends if it is not the one that was stored."""
    entry = parent.facts.get("manifest")
    if not isinstance(entry, dict):
        raise NeedsFull(_about(parent, Message("backup-engines.manifest-not-recorded")), retry=False)
    digest, decompressor = hashlib.sha256(), zstandard.ZstdDecompressor().decompressobj()
    try:
        for piece in store.stream(str(entry["key"])):
            plain = decompressor.decompress(piece)
            digest.update(plain)
            yield plain
    except zstandard.ZstdError as error:
        damage = Message("backup-engines.zstd-damaged", error=error)
        raise NeedsFull(_about(parent, damage), retry=False) from error
    except StoreTrouble as error:
        if error.passing:
            raise
        raise NeedsFull(_about(parent, message_of(error)), retry=False) from error
    if digest.hexdigest() != parent.manifest_sha256:
        raise NeedsFull(_about(parent, Message("backup-engines.manifest-differs")), retry=False)


def _about(parent: TakenBackup, trouble: Message) -> Message:
    return Message("backup-engines.manifest-not-usable", full=parent.label, trouble=trouble)


def _tablespaces(archives: Archives) -> list[dict[str, object]]:
    found = {fact["tablespace"]: fact["path"] for fact in archives.facts if fact["tablespace"] is not None}
    return [{"oid": oid, "path": path} for oid, path in found.items()]


def _check_sizes(store: Store, folder: str, objects: tuple[StoredObject, ...]) -> None:
    """Raise `StoreTrouble` unless the store lists every object in its full size."""
    listed = {each.key: each.size for each in store.listing(folder)}
    for each in objects:
        if listed.get(each.key) != each.size:
            trouble = Message(
                "backup-engines.stored-size-differs",
                object=each.key,
                size=each.size,
                listed=listed.get(each.key, 0),
            )
            raise StoreTrouble(trouble, passing=True)


def _remove(store: Store, folder: str) -> None:
    store.delete([each.key for each in store.listing(folder)])


def _leave_nothing(store: Store, folder: str) -> None:
    try:
        _remove(store, folder)
    except StoreTrouble as error:
        # Report the failure that led here; the sweep finds what is left.
        log.warning("backup_leftovers", folder=folder, reason=message_of(error).as_json())
