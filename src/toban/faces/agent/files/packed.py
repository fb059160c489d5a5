"""A log file that was compressed when it was rotated: it reads as the original bytes, unpacked on demand.

Only one such file at a time has unpacked bytes in memory, and only one batch of them.
"""

import errno
import io
import os
from pathlib import Path

from toban.faces.agent.files import fingerprint, unpacking, zstd_frames
from toban.faces.agent.files.held import LogFile, LogUnreadable, Stamp
from toban.faces.agent.files.positions import FilePosition
from toban.faces.agent.files.unpacking import STEP

ENDINGS = tuple(unpacking.WAYS)
"""Endings of file names that can be read."""


class UnpackingDesk:
    """Keeps at most one packed file open for unpacking."""

    def __init__(self) -> None:
        self._holder: PackedFile | None = None

    def lay_open(self, file: "PackedFile") -> None:
        """Put the previous file away, and give its place to *file*."""
        if self._holder is not None and self._holder is not file:
            self._holder.put_away()
        self._holder = file


class PackedFile(LogFile):
    """One packed file, by its inode. It was written once: its content neither changes nor grows."""

    def __init__(self, path: Path, desk: UnpackingDesk) -> None:
        """Open *path*; raises `OSError` or `NoLog`."""
        self._way = unpacking.WAYS[path.suffix]
        self._desk = desk
        self._reader: unpacking.UnpackedFile | None = None
        self._held = bytearray()
        self._held_from = 0
        self._head: bytes | None = None
        self._size: int | None = None
        self.flaw = ""
        """Why it can't be read to its end, once that was tried."""
        super().__init__(path)

    @property
    def size(self) -> int:
        """The unpacked size in bytes, as far as it can be read; the file is read to its end for that."""
        return self._measure()

    @property
    def is_whole(self) -> bool:
        """Whether it can be read to its end."""
        self._measure()
        return not self.flaw

    @property
    def stamp_of_packed(self) -> Stamp:
        """Size and modification time of the packed file; they change while it is still being written."""
        return super().stamp

    @property
    def stamp(self) -> Stamp:
        """The unpacked size, and the modification time: a tool that packs a file keeps its time."""
        _, written = super().stamp
        return self.size, written

    def read(self, start: int, count: int) -> bytes:
        """Return up to *count* unpacked bytes from *start*; fewer at the end or where the file is damaged."""
        if self._head is None:
            self._head = self._unpack(0, fingerprint.HEAD)
        if start + count <= len(self._head):
            return self._head[start : start + count]
        return self._unpack(start, count)

    def has(self, position: FilePosition) -> bool:
        """Say whether it is the file that *position* describes, and can be read to its end."""
        return super().has(position) and self.is_whole

    def put_away(self) -> None:
        """Release everything that is held in memory."""
        self._reader = None
        self._held.clear()

    def close(self) -> None:
        """Close the file."""
        self.put_away()
        super().close()

    def _unpack(self, start: int, count: int) -> bytes:
        self._desk.lay_open(self)
        if self._reader is None or start < self._held_from:
            self._begin()
        # Keep the bytes right before: they are asked for next, to recognise the position.
        kept = max(start - fingerprint.BEHIND, self._held_from)
        while self._held_from + len(self._held) < start + count and self._unpack_more():
            too_old = min(kept - self._held_from, len(self._held))
            del self._held[:too_old]
            self._held_from += too_old
        begin = start - self._held_from
        return bytes(self._held[begin : begin + count])

    def _begin(self) -> None:
        self._held = bytearray()
        self._held_from = 0
        try:
            self._reader = self._way(_Bytes(self))
        except unpacking.FLAWS as flaw:
            self._give_up(flaw)

    def _give_up(self, flaw: Exception) -> None:
        # A reader that failed would report a different problem if it were asked again.
        self._reader = io.BytesIO()
        self.flaw = unpacking.told(flaw)

    def _unpack_more(self) -> bool:
        try:
            more = self._reader.read(STEP) if self._reader else b""
        except LogUnreadable:
            # The reader's position is unknown now.
            self.put_away()
            raise
        except unpacking.FLAWS as flaw:
            self._give_up(flaw)
            return False
        self._held += more
        return bool(more)

    def _measure(self) -> int:
        if self._size is not None:
            return self._size
        packed_size, _ = self.stamp_of_packed
        count = 0
        while found := len(self._unpack(count, STEP)):
            count += found
        # Neither gzip's reader nor Zstandard's complains about an empty file.
        is_cut = self._way is unpacking.zstd and not zstd_frames.is_whole(self.packed_bytes, packed_size)
        if not self.flaw and (packed_size == 0 or is_cut):
            self.flaw = "it ends too early"
        self._size = count
        return count

    def packed_bytes(self, start: int, count: int) -> bytes:
        """Return up to *count* bytes of the packed file from *start*; fewer only at the end."""
        return super().read(start, count)


class _Bytes(io.RawIOBase):
    """The packed bytes as a stream. Several may read one file, each at its own position."""

    def __init__(self, file: PackedFile) -> None:
        self._file = file
        self._at = 0

    def readable(self) -> bool:
        """Return True: the bytes are always readable."""
        return True

    def seekable(self) -> bool:
        """Return True: the index of a zip file is at its end."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move to another position; raises `OSError` if that is before the first byte."""
        size, _ = self._file.stamp_of_packed
        at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: size}[whence]
        if at < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._at = at
        return at

    def readinto(self, room: "bytearray | memoryview", /) -> int:  # type: ignore[override]
        """Fill *room* with as many bytes as there are."""
        found = self._file.packed_bytes(self._at, len(room))
        self._at += len(found)
        room[: len(found)] = found
        return len(found)


def is_packed(path: Path) -> bool:
    """Say whether the name of *path* ends like that of a packed file."""
    return path.suffix in ENDINGS
