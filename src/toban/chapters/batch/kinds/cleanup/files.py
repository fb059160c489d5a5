"""Finds and removes files below a folder without ever being led out of it.

Folders are opened one inside the other, never by their whole path: a folder that is swapped for a symbolic
link meanwhile is not followed. Other file systems that are mounted below are left alone.
"""

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from toban.chapters.batch.kinds.cleanup.patterns import Pattern
from toban.chapters.batch.kinds.cleanup.rules import CleanupFile

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class RemovalOutcome(StrEnum):
    """What happened to a file that was to be removed."""

    REMOVED = "removed"
    GONE = "gone"
    """It was not there any more."""
    CHANGED = "changed"
    """It is not the file that was found: it stays."""


def find(pattern: Pattern) -> Iterator[CleanupFile]:
    """Yield every file that matches *pattern*; raises `OSError` if its folder can't be read."""
    # The folder itself may be a link: the operator named it.
    top = Path(os.path.realpath(pattern.folder))
    device = top.stat().st_dev
    for folder, folders, names, handle in os.fwalk(top, follow_symlinks=False, onerror=_raise):
        below = Path(folder).relative_to(top).parts
        is_deep = pattern.depth is not None and len(below) >= pattern.depth
        folders[:] = [] if is_deep else sorted(each for each in folders if _device(each, handle) == device)
        for name in sorted(names):
            if pattern.matches((*below, name)):
                try:
                    found = os.stat(name, dir_fd=handle, follow_symlinks=False)
                except FileNotFoundError:
                    # Rotated away while we were looking.
                    continue
                yield _file(Path(folder, name), found)


def _raise(error: OSError) -> None:
    raise error


def _device(name: str, handle: int) -> int | None:
    try:
        return os.stat(name, dir_fd=handle, follow_symlinks=False).st_dev
    except FileNotFoundError:
        return None


def _file(path: Path, found: os.stat_result) -> CleanupFile:
    return CleanupFile(
        path,
        found.st_size,
        datetime.fromtimestamp(found.st_mtime, UTC),
        found.st_dev,
        found.st_ino,
        is_regular=stat.S_ISREG(found.st_mode),
    )


def opened() -> frozenset[tuple[int, int]]:
    """Return device and inode of every file that a program has open, as far as this account may see."""
    found: set[tuple[int, int]] = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        # Programs end, files are closed, and other accounts' programs are not ours to inspect.
        with suppress(OSError):
            held = link.stat()
            found.add((held.st_dev, held.st_ino))
    return frozenset(found)


def remove(file: CleanupFile, below: Path, archive: Path | None = None) -> RemovalOutcome:
    """Remove *file*, which is below the folder *below*, if it is still the one that was found.

    With *archive*, a whole copy is first put there, under its path below the folder. May raise `OSError`.
    """
    parts = file.path.relative_to(below).parts
    with ExitStack() as stack:
        try:
            handle = _opened(below, parts[:-1], stack)
            found = os.stat(parts[-1], dir_fd=handle, follow_symlinks=False)
        except FileNotFoundError:
            return RemovalOutcome.GONE
        except OSError as error:
            # What was a folder is now a link or a file.
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                return RemovalOutcome.CHANGED
            raise
        if _file(file.path, found) != file:
            return RemovalOutcome.CHANGED
        if archive is not None:
            _put_away(parts[-1], handle, archive.joinpath(*parts), found)
        os.unlink(parts[-1], dir_fd=handle)
    return RemovalOutcome.REMOVED


def _opened(below: Path, folders: Sequence[str], stack: ExitStack) -> int:
    handle = os.open(below, _FOLDER)
    stack.callback(os.close, handle)
    for name in folders:
        handle = os.open(name, _FOLDER, dir_fd=handle)
        stack.callback(os.close, handle)
    return handle


def _put_away(name: str, handle: int, wanted: Path, found: os.stat_result) -> None:
    """Put a whole copy of the file at *wanted*, or next to it if another file has that name."""
    wanted.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    target, number = wanted, 1
    while target.exists():
        # A repeated step finds its own copy there.
        if _same(name, handle, target, found):
            return
        target, number = wanted.with_name(f"{wanted.name}.{number}"), number + 1
    draft = target.with_name(f".{target.name}.part")
    source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=handle)
    try:
        with os.fdopen(source, "rb") as reader, draft.open("wb") as writer:
            shutil.copyfileobj(reader, writer, 1 << 20)
            writer.flush()
            os.fchmod(writer.fileno(), stat.S_IMODE(found.st_mode))
            os.utime(writer.fileno(), ns=(found.st_atime_ns, found.st_mtime_ns))
            os.fsync(writer.fileno())
        draft.replace(target)
    except OSError:
        # A partial copy would only help to keep a full disk full.
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _same(name: str, handle: int, target: Path, found: os.stat_result) -> bool:
    if target.stat().st_size != found.st_size:
        return False
    source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=handle)
    with os.fdopen(source, "rb") as one, target.open("rb") as other:
        return hashlib.file_digest(one, "sha256").digest() == hashlib.file_digest(other, "sha256").digest()
