"""Reads a backup's stored objects as members of the data directory, and verifies each as it streams."""

import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from toban.chapters.backup.engine import ActWatch, BackupFailed, Damaged, TakenBackup
from toban.chapters.backup.engines.native.taking import manifest as manifests
from toban.chapters.backup.engines.native.taking.archive import (
    BadArchive,
    Member,
    MemberKind,
    inflated,
    members,
)
from toban.chapters.backup.engines.native.taking.manifest import BackupManifest, BadManifest, File
from toban.engine.stores.store import Store, StoreTrouble
from toban.message import Message, message_of

_READERS = min(max(os.cpu_count() or 1, 2), 8)
"""Archives that are read at once. Hashing, inflating and writing release the interpreter lock: more readers
than cores are slower (2 readers 2.3 s, 4 readers 3.6 s on 2 cores)."""

_OUTSIDE_MANIFEST = ("pg_wal/", "backup_manifest")
"""Paths that PostgreSQL leaves out of its manifest: the log has checksums of its own."""


@dataclass(frozen=True, slots=True)
class StoredArchive:
    """A stored tar of a backup, or a part of one."""

    key: str
    root: str
    """Where its members belong, below the data directory: empty, or `pg_tblspc/16400`."""
    is_compressed: bool
    sha256: str
    size: int
    """Stored bytes."""


@dataclass(frozen=True, slots=True)
class Tablespace:
    """A tablespace."""

    oid: str
    path: str
    """Where the source has it; a relative path for one inside the data directory."""


class MemberContent:
    """The bytes of one member, in order; reading them to the end verifies them."""

    def __init__(self, key: str, path: str, pieces: Iterator[memoryview], file: File | None) -> None:
        self.path = path
        self._key = key
        self._pieces = self._proven(pieces, file)
        self._rest = memoryview(b"")

    def __iter__(self) -> Iterator[bytes]:
        """Yield what has not been read yet."""
        if self._rest:
            rest, self._rest = self._rest, memoryview(b"")
            yield bytes(rest)
        yield from self._pieces

    def take(self, count: int) -> Iterator[memoryview]:
        """Yield the next *count* bytes in pieces; fewer only at the end."""
        while count and (self._rest or self._more()):
            taken = self._rest[:count]
            self._rest = self._rest[len(taken) :]
            count -= len(taken)
            yield taken

    def read(self, count: int) -> bytes:
        """Return exactly *count* bytes; fewer only at the end."""
        return b"".join(self.take(count))

    def _more(self) -> bool:
        self._rest = memoryview(next(self._pieces, b""))
        return bool(self._rest)

    def prove(self) -> None:
        """Read to the end; raises `Damaged` if the checksum differs."""
        for _ in self:
            pass

    def _proven(self, pieces: Iterator[memoryview], file: File | None) -> Iterator[bytes]:
        checksum = manifests.CHECKSUMS[file.algorithm if file else ""]()
        with _named(self._key):
            for piece in map(bytes, pieces):
                checksum.update(piece)
                yield piece
        if file is not None and checksum.hexdigest() != file.checksum:
            trouble = Message("backup-engines.checksum-differs", algorithm=file.algorithm)
            raise Damaged(_of(self._key, self.path, trouble))


@contextmanager
def _named(key: str) -> Iterator[None]:
    """Raise damage as `Damaged`, naming the object."""
    try:
        yield
    except (BadArchive, StoreTrouble) as error:
        raise Damaged(_of(key, message_of(error))) from error


def _of(*path: Message | str) -> Message:
    """Return the last of *path*, with the object, and the file in it, that it is about."""
    place, *rest = path
    return Message("backup-engines.trouble-of", place=place, trouble=_of(*rest) if rest[1:] else rest[0])


def archives(taken: TakenBackup) -> tuple[StoredArchive, ...]:
    """Return the archives of *taken*, the largest first, so that no large one is left alone at the end."""
    sizes = {stored.key: stored.size for stored in taken.objects}
    entries = _mappings(taken, "archives")
    if not entries:
        raise Damaged(_of(taken.label, Message("backup-engines.archives-not-recorded")))
    found = [
        StoredArchive(
            key=str(entry["key"]),
            root=f"pg_tblspc/{entry['tablespace']}" if entry.get("tablespace") else "",
            is_compressed=entry.get("compression") == "zstd",
            sha256=str(entry["sha256"]),
            size=sizes.get(str(entry["key"]), 0),
        )
        for entry in entries
    ]
    return tuple(sorted(found, key=lambda archive: -archive.size))


def spaces(taken: TakenBackup) -> tuple[Tablespace, ...]:
    """Return the tablespaces of *taken*."""
    found = {
        str(entry["tablespace"]): Tablespace(str(entry["tablespace"]), str(entry.get("path") or ""))
        for entry in _mappings(taken, "archives")
        if entry.get("tablespace")
    }
    return tuple(found.values())


def _mappings(taken: TakenBackup, fact: str) -> Sequence[Mapping[str, object]]:
    found = taken.facts.get(fact)
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, Sequence) else []


def manifest_of(store: Store, taken: TakenBackup) -> BackupManifest:
    """Read the backup's manifest and verify that it is the one that was stored; raises `Damaged`."""
    described = taken.facts.get("manifest")
    if not isinstance(described, Mapping):
        raise Damaged(_of(taken.label, Message("backup-engines.manifest-not-recorded")))
    key = str(described["key"])
    try:
        text = store.read(key)
        if described.get("compression") == "zstd":
            text = b"".join(inflated([text]))
        found = manifests.parse(text)
    except (BadManifest, BadArchive, StoreTrouble) as error:
        raise Damaged(_of(key, message_of(error))) from error
    if taken.manifest_sha256 and found.sha256 != taken.manifest_sha256:
        raise Damaged(_of(key, Message("backup-engines.manifest-differs")))
    return found


class ReadProgress:
    """How much of several archives was read; reader threads share it, and it stops them."""

    def __init__(self, watch: ActWatch, total: int, what: Literal["fetched", "verified"]) -> None:
        self._watch = watch
        self._total = total
        self._what = what
        self._done = 0
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        """Add *count* bytes; raises `BackupFailed` once the whole operation must end."""
        with self._lock:
            self._done += count
            percent = min(100 * self._done / self._total, 100) if self._total else None
            done, total = _megabytes(self._done), _megabytes(self._total)
            self._watch.progress(percent, Message(f"backup-engines.{self._what}", done=done, total=total))
            if (reason := self._watch.why_stop()) is not None:
                raise BackupFailed(Message("backup-engines.stopped", reason=reason))


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"


def walk(
    store: Store, archive: StoredArchive, manifest: BackupManifest, progress: ReadProgress
) -> Iterator[tuple[Member, MemberContent]]:
    """Yield each member of *archive* under its path below the data directory.

    Raises `Damaged`, naming the object, if anything differs from the manifest or from the stored SHA-256. The
    SHA-256 of the whole object is known only at its end.
    """
    stored = _counted(store.stream(archive.key, sha256=archive.sha256), progress)
    with _named(archive.key):
        for member, pieces in members(inflated(stored) if archive.is_compressed else stored):
            path = "/".join(filter(None, (archive.root, member.name)))
            file = _listed(archive.key, path, member, manifest) if member.kind is MemberKind.FILE else None
            content = MemberContent(archive.key, path, pieces, file)
            yield Member(path, member.kind, member.size, member.target), content


def _counted(pieces: Iterator[bytes], progress: ReadProgress) -> Iterator[bytes]:
    for piece in pieces:
        progress.add(len(piece))
        yield piece


def _listed(key: str, path: str, member: Member, manifest: BackupManifest) -> File | None:
    file = manifest.files.get(path)
    if file is None:
        if path.startswith(_OUTSIDE_MANIFEST):
            return None
        raise Damaged(_of(key, path, Message("backup-engines.file-not-in-manifest")))
    if file.size != member.size:
        trouble = Message("backup-engines.file-size-differs", size=member.size, recorded=file.size)
        raise Damaged(_of(key, path, trouble))
    return file


def side_by_side[T](act: Callable[[StoredArchive], T], every: Collection[StoredArchive]) -> list[T]:
    """Call *act* for each archive, several at once; the first failure is raised once all have ended."""
    with ThreadPoolExecutor(min(_READERS, max(len(every), 1)), thread_name_prefix="archive") as pool:
        return list(pool.map(act, every))
