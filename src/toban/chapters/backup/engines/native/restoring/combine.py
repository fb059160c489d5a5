"""Merges a full backup and an increment on it into one data directory, without a second copy of either.

The full backup's files are written as they stream in, but only those that the increment builds upon. Then the
increment's changed blocks are written straight to their places, and its whole files next to them. The result
is, byte for byte, that of pg_combinebackup (docs/adr/0007).
"""

import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from toban.chapters.backup.engine import Damaged
from toban.chapters.backup.engines.native.restoring import fetch, incremental
from toban.chapters.backup.engines.native.restoring.fetch import (
    MemberContent,
    ReadProgress,
    StoredArchive,
    Tablespace,
)
from toban.chapters.backup.engines.native.restoring.incremental import BLOCK, BadIncrement
from toban.chapters.backup.engines.native.taking.archive import Member, MemberKind
from toban.chapters.backup.engines.native.taking.manifest import BackupManifest
from toban.engine.stores.store import Store
from toban.message import Message, message_of

CONTROL = "global/pg_control"
"""Without this file no server starts on the folder, so it gets its name last."""

_CONTROL_UNTIL_THEN = "global/pg_control.restoring"

_LEFT_OUT = frozenset({"tablespace_map", "backup_manifest"})
"""Links to tablespaces are made here, to new places; the manifest is about the increment alone."""

_INCREMENT_LINES = (b"INCREMENTAL FROM LSN:", b"INCREMENTAL FROM TLI:")


@dataclass(frozen=True, slots=True)
class ChainPart:
    """One backup of the chain, ready to be written."""

    archives: Sequence[StoredArchive]
    manifest: BackupManifest


class Tree:
    """The data directory being written. Threads may share it if each writes its own files."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._made: set[str] = set()
        self._lock = threading.Lock()

    def link(self, spaces: Iterable[Tablespace], beside: Path) -> None:
        """Create a folder for each tablespace below *beside*, never where the source has it."""
        for space in spaces:
            self.make_folder("pg_tblspc")
            place = self._root / "pg_tblspc" / space.oid
            if space.path.startswith("/"):
                target = beside / space.oid
                target.mkdir(mode=0o700, parents=True, exist_ok=True)
                place.symlink_to(target)
            else:
                # allow_in_place_tablespaces
                place.mkdir(mode=0o700, exist_ok=True)

    def make_folder(self, path: str) -> None:
        """Make the folder at *path*, and those above it."""
        if path not in self._made:
            (self._root / path).mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._lock:
                self._made.add(path)

    def write(self, path: str, content: Iterable[bytes]) -> None:
        """Write a whole file; an existing one means damage and raises `FileExistsError`."""
        self.make_folder(path.rpartition("/")[0])
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        descriptor = os.open(self._place(path), flags, 0o600)
        try:
            for piece in content:
                _write_all(descriptor, piece)
        finally:
            os.close(descriptor)

    def change(self, path: str, size: int, content: MemberContent) -> None:
        """Bring the full backup's *path* to the increment's state; *content* is its `INCREMENTAL.` file.

        If the header is wrong, raises `BadIncrement` before it changes anything.
        """
        start = content.read(incremental.HEAD_BYTES)
        head = incremental.read_head(start, size)
        rest = content.read(head.header_bytes - incremental.HEAD_BYTES)
        numbers = incremental.read_numbers(start + rest, head)
        try:
            descriptor = os.open(self._place(path), os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError as error:
            raise BadIncrement(Message("backup-engines.file-not-in-full")) from error
        try:
            length = os.fstat(descriptor).st_size
            if length % BLOCK:
                raise BadIncrement(Message("backup-engines.last-block-torn"))
            # In this order: blocks of the full backup beyond the truncation must read as zeroes.
            if length > head.truncation_block_length * BLOCK:
                os.ftruncate(descriptor, head.truncation_block_length * BLOCK)
            for first, count in incremental.runs(numbers):
                _write_at(descriptor, first * BLOCK, count * BLOCK, content)
            os.ftruncate(descriptor, incremental.whole_length(head, numbers) * BLOCK)
        finally:
            os.close(descriptor)

    def finish(self) -> None:
        """Give the control file its name so that a server can start; only after all else is on disk."""
        (self._root / _CONTROL_UNTIL_THEN).rename(self._root / CONTROL)

    def _place(self, path: str) -> str:
        return os.path.join(self._root, _CONTROL_UNTIL_THEN if path == CONTROL else path)  # noqa: PTH118 - thousands


def lay_down(
    store: Store, tree: Tree, part: ChainPart, progress: ReadProgress, *, needed: frozenset[str] | None = None
) -> None:
    """Write the files of *part* into *tree*, over those of the previous part; with *needed*, only these.

    Raises `Damaged` if an object or file differs from what was backed up; what was written by then is not a
    data directory, and no server starts on it.
    """
    layer = _BackupLayer(store, tree, part.manifest, needed, progress)
    seen = set().union(*fetch.side_by_side(layer.put, part.archives))
    if missing := sorted(part.manifest.files.keys() - seen):
        raise Damaged(Message("backup-engines.files-in-no-archive", file=missing[0], count=len(missing)))


def built_upon(increment: BackupManifest) -> frozenset[str]:
    """Return the full backup's files that the increment has changed blocks of; it holds all others whole."""
    return frozenset(
        incremental.whole_path(path) for path in increment.files if incremental.is_incremental(path)
    )


@dataclass(frozen=True, slots=True)
class _BackupLayer:
    store: Store
    tree: Tree
    manifest: BackupManifest
    needed: frozenset[str] | None
    progress: ReadProgress

    def put(self, archive: StoredArchive) -> set[str]:
        """Write the needed members of *archive*; return all the files in it."""
        seen = set()
        for member, content in fetch.walk(self.store, archive, self.manifest, self.progress):
            try:
                if self._put(member, content):
                    seen.add(member.name)
            except (BadIncrement, FileExistsError) as error:
                trouble = Message("backup-engines.trouble-of", place=member.name, trouble=message_of(error))
                raise Damaged(
                    Message("backup-engines.trouble-of", place=archive.key, trouble=trouble)
                ) from error
        return seen

    def _put(self, member: Member, content: MemberContent) -> bool:
        """Write one member if it is needed; return whether it is a file."""
        path = member.name
        if member.kind is not MemberKind.FILE:
            if member.kind is MemberKind.FOLDER and self.needed is None:
                self.tree.make_folder(path)
            # The only links are those of the tablespaces, and they exist already.
            return False
        if self.needed is not None:
            if path in self.needed:
                self.tree.write(path, content)
        elif incremental.is_incremental(path):
            self.tree.change(incremental.whole_path(path), member.size, content)
            content.prove()
        elif path == "backup_label":
            self.tree.write(path, [plain_label(b"".join(content))])
        elif path not in _LEFT_OUT:
            self.tree.write(path, content)
        return True


def plain_label(text: bytes) -> bytes:
    """Return a `backup_label` without the lines that mark an increment: the server refuses those."""
    lines = text.splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(_INCREMENT_LINES))


def _write_all(descriptor: int, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _write_at(descriptor: int, at: int, count: int, content: MemberContent) -> None:
    """Write the next *count* bytes of *content* to position *at*."""
    until = at + count
    for piece in content.take(count):
        rest = piece
        while rest:
            written = os.pwrite(descriptor, rest, at)
            rest, at = rest[written:], at + written
    if at != until:
        raise BadIncrement(Message("backup-engines.increment-ends-early"))
