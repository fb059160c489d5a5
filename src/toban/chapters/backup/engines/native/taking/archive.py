"""The server's tar archives as a stream: members in order, their content in pieces, nothing held in memory.

`tarfile` reads only the headers; its own stream reader copies every byte several times.
"""

import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, cast

import zstandard

from toban.message import Message

_BLOCK = tarfile.BLOCKSIZE
_PIECE = 1 << 20
"""The most bytes of a member that are passed on at once."""

_END = bytes(_BLOCK)


class BadArchive(Exception):
    """The archive is cut off or is not a tar; the message says where."""


class MemberKind(StrEnum):
    """What PostgreSQL puts into its archives."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Member:
    """A header of the archive."""

    name: str
    """Below the archive's root, without `./`; never absolute, and never with `..`."""
    kind: MemberKind
    size: int
    target: str = ""
    """Where a link leads."""


class _ByteSource:
    """Bytes of a stream, by count."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._piece = memoryview(b"")

    def take(self, count: int) -> Iterator[memoryview]:
        """Yield exactly *count* bytes in pieces."""
        while count:
            if not self._piece and not self._more():
                raise BadArchive(Message("backup-engines.archive-cut-off"))
            taken = self._piece[:count]
            self._piece = self._piece[len(taken) :]
            count -= len(taken)
            yield taken

    def block(self) -> bytes:
        """Return the next header, or nothing at the end of the stream."""
        if not self._piece and not self._more():
            return b""
        return b"".join(self.take(_BLOCK))

    def drain(self) -> None:
        """Read the padding after the last member to its end, which proves that nothing was cut off."""
        while self._more():
            pass

    def _more(self) -> bool:
        for piece in self._pieces:
            if piece:
                self._piece = memoryview(piece)
                return True
        return False


def members(pieces: Iterable[bytes]) -> Iterator[tuple[Member, Iterator[memoryview]]]:
    """Yield each member with its content, which must be read before the next; raises `BadArchive`.

    The blocks of zeroes at the end may be missing: a stream cut between two members is complete.
    """
    source = _ByteSource(pieces)
    while (header := source.block()) and header != _END:
        try:
            info = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise BadArchive(Message("backup-engines.not-tar", error=error)) from error
        content = source.take(info.size) if info.isreg() else iter(())
        yield _member(info), content
        for _ in content:
            # Skip the content that the caller did not read.
            pass
        if info.isreg():
            for _ in source.take(-info.size % _BLOCK):
                pass
    source.drain()


def _member(info: tarfile.TarInfo) -> Member:
    name = info.name.removeprefix("./").rstrip("/")
    if name.startswith("/") or ".." in name.split("/"):
        raise BadArchive(Message("backup-engines.member-leads-out", member=info.name))
    if info.isreg():
        return Member(name, MemberKind.FILE, info.size)
    if info.isdir():
        return Member("" if name == "." else name, MemberKind.FOLDER, 0)
    if info.issym():
        return Member(name, MemberKind.LINK, 0, info.linkname)
    raise BadArchive(Message("backup-engines.member-of-unknown-kind", member=info.name))


class _ReadableIterator:
    """An iterator of bytes as zstandard wants to read them."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")

    def read(self, size: int) -> bytes:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = memoryview(piece)
        taken = self._rest[:size]
        self._rest = self._rest[len(taken) :]
        return bytes(taken)


def inflated(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the decompressed content of *pieces*, zstd frames; memory is bounded at any compression ratio.

    Raises `BadArchive` if it is not zstd. A last frame that is cut off simply ends: `members` notices that.
    """
    # zstandard calls only `read` on the file.
    feed = cast("IO[bytes]", _ReadableIterator(pieces))
    reader = zstandard.ZstdDecompressor().stream_reader(feed, read_across_frames=True)
    try:
        while piece := reader.read(_PIECE):
            yield piece
    except zstandard.ZstdError as error:
        raise BadArchive(Message("backup-engines.zstd-damaged", error=error)) from error
