"""A log file that is held open: its bytes can be read even after it is renamed."""

import os
import stat
from dataclasses import replace
from pathlib import Path

from toban.faces.agent.files import fingerprint
from toban.faces.agent.files.fingerprint import Fingerprint
from toban.faces.agent.files.positions import FilePosition, PassedOffset

type Identity = tuple[int, int]
"""Device and inode: unique as long as the file is held open."""

type Stamp = tuple[int, int]
"""Size, and modification time in nanoseconds: a file emptied and filled again may have the same size."""

NEVER: Stamp = (-1, -1)
"""A stamp that no file has."""


class NoLog(Exception):
    """The path is not a regular file."""


class LogUnreadable(Exception):
    """A file can't be read, for example because its disk fails; that says nothing about other files."""

    def __init__(self, path: Path, identity: Identity, problem: OSError) -> None:
        super().__init__(problem.strerror)
        self.path = path
        self.identity = identity
        self.problem = problem


class LogFile:
    """One file, by its inode. Every method that reads it may raise `LogUnreadable`."""

    def __init__(self, path: Path) -> None:
        """Open *path*; raises `OSError` or `NoLog`."""
        self._path = path
        # Non-blocking: opening a named pipe would wait for a writer.
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        found = os.fstat(self._descriptor)
        self.identity: Identity = (found.st_dev, found.st_ino)
        if not stat.S_ISREG(found.st_mode):
            self.close()
            raise NoLog(f"{path} is no regular file")

    @property
    def size(self) -> int:
        """The file's size in bytes."""
        size, _ = self._stat()
        return size

    @property
    def stamp(self) -> Stamp:
        """Size and modification time; they change when the file is written to."""
        return self._stat()

    def read(self, start: int, count: int) -> bytes:
        """Return up to *count* bytes from *start*; fewer only at the end."""
        found = b""
        while len(found) < count:
            try:
                more = os.pread(self._descriptor, count - len(found), start + len(found))
            except OSError as problem:
                raise LogUnreadable(self._path, self.identity, problem) from problem
            if not more:
                break
            found += more
        return found

    def head(self) -> Fingerprint:
        """Return the fingerprint of its beginning."""
        return fingerprint.of(self.read(0, fingerprint.HEAD))

    def behind(self, offset: int) -> Fingerprint:
        """Return the fingerprint of the bytes right before *offset*."""
        start = max(offset - fingerprint.BEHIND, 0)
        return fingerprint.of(self.read(start, offset - start))

    def has(self, position: FilePosition) -> bool:
        """Say whether this is the file that *position* describes: the bytes seen then are still there."""
        return (
            self._begins(position)
            and self.behind(position.offset) == position.behind
            and self.size >= position.needs
        )

    def rest_of(self, copied: FilePosition) -> FilePosition | None:
        """Return where to continue in this copy of *copied*, or None if it is no copy.

        The copy may have been made before the latest lines were written, which the original has lost since.
        """
        size = self.size
        if not self._agrees(copied, size):
            return None
        if size < copied.offset:
            return replace(copied, head=self.head(), offset=size, behind=self.behind(size), pending=None)
        pending = copied.pending
        if pending and pending.end > size:
            # Under the same key, what is here is not stored again if the whole batch was.
            pending = replace(pending, end=size) if size > copied.offset else None
        return replace(copied, head=self.head(), pending=pending)

    def _agrees(self, position: FilePosition, size: int) -> bool:
        """Say whether its *size* bytes and those of *position* are the same, where they are known."""
        at = max((each for each in position.passed if each.offset <= size), default=None)
        if position.offset <= size and position.offset:
            at = PassedOffset(position.offset, position.behind)
        if size >= position.head.length:
            return position.head.length > 0 and self._begins(position) and self._has_passed(at)
        return at is not None and self._has_passed(at)

    def _has_passed(self, at: PassedOffset | None) -> bool:
        return at is None or self.behind(at.offset) == at.behind

    def _begins(self, position: FilePosition) -> bool:
        return fingerprint.of(self.read(0, position.head.length)) == position.head

    def begins_as(self, other: "LogFile") -> bool:
        """Say whether it begins with all of *other*; only two stretches of bytes are compared."""
        count = other.size
        return (
            self.size >= count
            and self.read(0, min(fingerprint.HEAD, count)) == other.read(0, fingerprint.HEAD)
            and self.behind(count) == other.behind(count)
        )

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _stat(self) -> Stamp:
        try:
            found = os.fstat(self._descriptor)
        except OSError as problem:
            raise LogUnreadable(self._path, self.identity, problem) from problem
        return found.st_size, found.st_mtime_ns
