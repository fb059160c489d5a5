"""Toban's own state as a backup: what a new machine needs to continue where the old one stopped.

One archive (tar, zstd) with the state database, the keys of the home directory, the document and bindings in
force, and on request the measurements. Next to it is a description, whose presence makes it a backup. What is
left out can be recreated: logs, counters, locks.
"""

import fcntl
import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, cast

import zstandard

from toban.chapters.backup.engine import ActWatch
from toban.engine.state.copying import STATE_FILE, copied
from toban.engine.state.upgrading import BEFORE_UPGRADES
from toban.engine.stores.store import Store, StoredObject, StoreTrouble, Writer
from toban.message import Message, plain

FOLDER = "toban-self/"
"""The folder of these backups in a store. It is not a subject's folder: it has no row in the document."""

FORM = 1
LEFT_BEHIND = timedelta(days=1)
TELEMETRY = "telemetry"
_DESCRIPTION, _ARCHIVE = "backup.json", "toban.tar.zst"
_LEFT_OUT = frozenset(
    {
        *(f"{STATE_FILE}{beside}" for beside in ("", "-wal", "-shm", "-holds", "-upgrade")),
        "lock",
        "processes.json",
    }
)
_LEFT_OUT_FOLDERS = frozenset({"log", "metrics", "hold", "webshop", BEFORE_UPGRADES, TELEMETRY})
"""`webshop` is what `toban up` runs without a document: it is not Toban's state."""
_PIECE = 1 << 20


class OwnStateNotPossible(Exception):
    """It can't be done now; `hint` is the way out."""

    def __init__(self, said: Message, hint: Message) -> None:
        super().__init__(said)
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBackup:
    """A backup of Toban's own state."""

    label: str
    at: datetime
    version: str
    state: str
    """`sqlite`, or `postgresql` if it is a dump."""
    evidence: str
    """The evidence's head; the backup holds at least the evidence up to it: `N:DIGEST`."""
    has_telemetry: bool
    archive: StoredObject


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnToban:
    """The Toban instance to back up."""

    home: Path
    state: Mapping[str, Any]
    """Django's settings of the state database."""
    version: str
    evidence: str
    has_telemetry: bool
    """Whether the measurements are wanted."""
    stores: Sequence[Path] = ()
    """Folders of stores: a store in the home directory must not be backed up into itself."""


def back_up(here: OwnToban, store: Store, now: datetime, watch: ActWatch) -> OwnBackup:
    """Write a backup of *here* into *store*; Toban may keep running meanwhile, its telemetry store may not.

    Raises `NotPossible`, `OwnStateNotPossible` and `StoreTrouble`.
    """
    label = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    key = f"{FOLDER}{label}/{_ARCHIVE}"
    with tempfile.TemporaryDirectory(dir=here.home, prefix="own-backup-") as scratch:
        watch.say(Message("backup.copying-the-state"))
        copy = copied(here.state, Path(scratch))
        with _telemetry_at_rest(here), store.writer(key) as writer:
            _pack(here, copy, writer, watch)
    own = OwnBackup(
        label=label,
        at=now,
        version=here.version,
        state="sqlite" if copy.name == STATE_FILE else "postgresql",
        evidence=here.evidence,
        has_telemetry=here.has_telemetry,
        archive=writer.stored,
    )
    listed = {each.key: each.size for each in store.listing(f"{FOLDER}{label}/")}
    if listed.get(key) != own.archive.size:
        raise StoreTrouble(Message("backup.own-not-listed", store=store.name, key=key), passing=True)
    # Read back whole, as every other backup is.
    for _ in store.stream(key, sha256=own.archive.sha256):
        pass
    store.put(f"{FOLDER}{label}/{_DESCRIPTION}", _described(own))
    watch.progress(100)
    return own


def listed(store: Store) -> list[OwnBackup]:
    """Return the backups of Toban's own state in *store*, oldest first."""
    keys = [each.key for each in store.listing(FOLDER) if each.key.endswith(f"/{_DESCRIPTION}")]
    return sorted((_read(store.read(key)) for key in keys), key=lambda own: own.label)


def forget(store: Store, keep: int, now: datetime) -> list[str]:
    """Remove all but the newest *keep* (at least one), and return the labels of those removed.

    Unfinished backups that were begun a day ago or earlier are removed with them.
    """
    found = listed(store)
    gone = found[: -max(keep, 1)]
    for own in gone:
        store.delete([f"{FOLDER}{own.label}/{_DESCRIPTION}"])
        store.delete([own.archive.key])
    described = {own.archive.key for own in found}
    before = now - LEFT_BEHIND
    store.sweep(FOLDER, before)
    store.delete(
        [
            each.key
            for each in store.listing(FOLDER)
            if each.key.endswith(f"/{_ARCHIVE}") and each.key not in described and each.modified_at < before
        ]
    )
    return [own.label for own in gone]


def bring_back(own: OwnBackup, store: Store, folder: Path, watch: ActWatch) -> None:
    """Unpack *own* into *folder*, which must be missing or empty; nothing is left there if it fails."""
    if folder.exists() and any(folder.iterdir()):
        raise OwnStateNotPossible(
            Message("backup.folder-not-empty", folder=folder), Message("backup.name-an-empty-folder")
        )
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    try:
        source = _PieceFile(store.stream(own.archive.key, sha256=own.archive.sha256))
        with (
            zstandard.ZstdDecompressor().stream_reader(cast("IO[bytes]", source)) as unpacked,
            tarfile.open(fileobj=unpacked, mode="r|") as archive,
        ):
            for member in archive:
                watch.say(plain(member.name))
                archive.extract(member, partial, filter="data")
        # To the very end: only there is the checksum verified.
        source.drain()
        if folder.exists():
            folder.rmdir()
        partial.rename(folder)
        watch.progress(100)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


@contextmanager
def _telemetry_at_rest(here: OwnToban) -> Iterator[None]:
    """Keep the telemetry store from running while its files are read, if they are wanted."""
    if not here.has_telemetry:
        yield
        return
    folder = here.home / TELEMETRY
    if not folder.is_dir():
        raise OwnStateNotPossible(
            Message("backup.no-telemetry-folder", folder=folder), Message("backup.leave-telemetry-out")
        )
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OwnStateNotPossible(
                Message("backup.telemetry-is-running"), Message("backup.stop-the-telemetry-store")
            ) from error
        yield


def _pack(here: OwnToban, copy: Path, writer: Writer, watch: ActWatch) -> None:
    compressor = zstandard.ZstdCompressor(level=3)
    with (
        compressor.stream_writer(cast("IO[bytes]", writer), closefd=False) as packed,
        tarfile.open(fileobj=packed, mode="w|") as archive,
    ):
        archive.add(copy, copy.name)
        for path in _own_files(here):
            watch.say(plain(str(path.relative_to(here.home))))
            archive.add(path, str(path.relative_to(here.home)), recursive=False)


def _own_files(here: OwnToban) -> Iterator[Path]:
    """Yield the files of the home directory that can't be recreated."""
    for path in sorted(here.home.iterdir()):
        if path.name in _LEFT_OUT or path.name.startswith("own-backup-"):
            continue
        if path.is_dir() and (path.name not in _LEFT_OUT_FOLDERS or _is_wanted(path, here)):
            yield from (each for each in sorted(path.rglob("*")) if _is_own(each, here))
        elif path.is_file():
            yield path


def _is_own(path: Path, here: OwnToban) -> bool:
    in_store = any(path.is_relative_to(store) for store in here.stores)
    return path.is_file() and path.name != "lock" and not in_store


def _is_wanted(folder: Path, here: OwnToban) -> bool:
    return folder.name == TELEMETRY and here.has_telemetry


class _PieceFile:
    """A stream of pieces as a file that can be read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, most: int = -1) -> bytes:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = piece
        size = len(self._rest) if most < 0 else most
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def drain(self) -> None:
        for _ in self._pieces:
            pass


def _described(own: OwnBackup) -> bytes:
    facts = asdict(own) | {"form": FORM, "at": own.at.isoformat()}
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, indent=1).encode()


def _read(content: bytes) -> OwnBackup:
    try:
        read = json.loads(content)
        form = read.pop("form")
        read["at"] = datetime.fromisoformat(read["at"])
        read["archive"] = StoredObject(**read["archive"])
        own = OwnBackup(**read)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreTrouble(Message("backup.own-not-readable", error=repr(error))) from error
    if form != FORM:
        raise StoreTrouble(Message("backup.own-of-other-form", label=own.label, form=form))
    return own


def named(found: Sequence[OwnBackup], label: str) -> OwnBackup:
    """Return the backup with *label*, or the newest if *label* is empty; raises `OwnStateNotPossible`."""
    for own in reversed(found):
        if label in {"", own.label}:
            return own
    if not found:
        raise OwnStateNotPossible(Message("backup.no-own-yet"), Message("backup.take-own"))
    known = [own.label for own in found]
    raise OwnStateNotPossible(
        Message("backup.no-own-of-label", label=label), Message("backup.known-own", labels=known)
    )
