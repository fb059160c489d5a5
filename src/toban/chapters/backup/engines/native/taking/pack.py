"""From the server's tar stream to compressed objects in a store, in bounded memory.

A new object begins at the first member after `OBJECT_BYTES` of tar, so that a restore can read several at
once. Each is a tar of whole members; concatenated they are exactly the stream that the server sent.

Within an object each large member is a zstd frame of its own, with the compression that suits it: an index
compresses differently from a table. `zstd -d` reads the frames as one stream.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import zstandard

from toban.chapters.backup.engines.native.protocol.replication import ArchiveBegins
from toban.chapters.backup.engines.native.taking.members import Members
from toban.engine.stores.store import Store, StoredObject, Writer

OBJECT_BYTES = 128 << 20

_LARGE = 16 << 20
"""Bytes from which on a member gets its own frame: at a frame's end the threads wait for each other."""
_HEAD = 1 << 20
"""Bytes of a frame to collect before its compression is chosen. An increment's file begins with the numbers
of its blocks, half a mebibyte at most; the sample must come after them."""
_TRIED = 128 << 10
"""Bytes at the end of that to use as the sample: one block of zstd's."""
_SHORT_MATCH = 4
"""Bytes. An index entry takes 16, and the entries of a rising key differ every few bytes: zstd's fast levels
look for seven equal bytes, and store such an index in up to twice the space. In a table, four bytes are often
equal by chance, and encoding such a match takes more than the bytes themselves (1.2 times the space)."""


@dataclass(frozen=True, slots=True)
class Compression:
    """How hard to compress, with how many of this machine's cores, and into objects of what size."""

    level: int
    threads: int
    object_bytes: int = OBJECT_BYTES
    """Bytes of tar after which a new object begins."""

    @contextmanager
    def into(self, store: Store, key: str) -> Iterator["CompressedObject"]:
        """Write an object through zstd; it appears if the block succeeds, as with `Store.writer`."""
        with store.writer(key) as writer:
            compressed = CompressedObject(writer, self)
            yield compressed
            compressed.end()

    def frame(self, sample: bytes) -> "zstandard.ZstdCompressionObj":
        """Begin a frame, with short matches if they make its *sample* smaller."""
        usual, short = self._compressor(0), self._compressor(0, min_match=_SHORT_MATCH)
        if len(short.compress(sample)) < len(usual.compress(sample)):
            return self._compressor(self.threads, min_match=_SHORT_MATCH).compressobj()
        return self._compressor(self.threads).compressobj()

    def _compressor(self, threads: int, **changes: int) -> "zstandard.ZstdCompressor":
        parameters = zstandard.ZstdCompressionParameters.from_level(self.level, threads=threads, **changes)
        return zstandard.ZstdCompressor(compression_params=parameters)


class CompressedObject:
    """An object being written through zstd, in one frame or several."""

    def __init__(self, writer: Writer, compression: Compression) -> None:
        self._writer = writer
        self._compression = compression
        self._frame: zstandard.ZstdCompressionObj | None = None
        self._head = bytearray()
        """Bytes that wait for their frame to begin."""
        self._is_large = False
        self.taken = 0
        """Bytes before compression."""

    def expect(self, size: int) -> None:
        """Announce that *size* bytes of another kind follow; large content shares no frame."""
        is_large = size >= _LARGE
        if is_large or self._is_large:
            self.end()
        self._is_large = is_large

    def write(self, piece: memoryview | bytes) -> None:
        """Add bytes."""
        self.taken += len(piece)
        if self._frame is not None:
            self._put(self._frame.compress(piece))
            return
        self._head += piece
        if len(self._head) >= _HEAD:
            self._frame = self._begin()

    def end(self) -> None:
        """End the current frame, if there is one: write everything that is still held."""
        if self._frame is None and not self._head:
            return
        frame = self._frame or self._begin()
        self._put(frame.flush())
        self._frame = None

    def _begin(self) -> "zstandard.ZstdCompressionObj":
        frame = self._compression.frame(bytes(self._head[-_TRIED:]))
        self._put(frame.compress(self._head))
        self._head = bytearray()
        return frame

    def _put(self, ready: bytes) -> None:
        if ready:
            self._writer.write(ready)

    @property
    def stored(self) -> StoredObject:
        """What was written; only available after the block has succeeded."""
        return self._writer.stored


@dataclass(slots=True)
class _Object:
    """The object being written."""

    key: str
    archive: ArchiveBegins
    block: AbstractContextManager[CompressedObject]
    compressed: CompressedObject


@dataclass(slots=True)
class Archives:
    """Stores the archives of one backup, one after the other."""

    store: Store
    folder: str
    """The prefix of the keys: `PostgreSQL/20261125T020000Z-full/`."""
    compression: Compression
    facts: list[dict[str, object]] = field(default_factory=list)
    """What a restore needs to know about each finished object."""
    stored: list[StoredObject] = field(default_factory=list)
    taken: int = 0
    """Bytes of tar in finished objects."""
    _archive: ArchiveBegins | None = None
    _members: Members = field(default_factory=Members)
    _number: int = 0
    _object: _Object | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A failure must reach the store's writer before the object could be ended.
        if kind is None:
            self.finish()
        elif self._object is not None:
            self._object.block.__exit__(kind, error, trace)

    @property
    def begun(self) -> ArchiveBegins | None:
        """The archive that is being written."""
        return self._archive

    def begin(self, archive: ArchiveBegins) -> None:
        """Begin *archive*: what follows belongs to it."""
        self.finish()
        self._archive, self._members, self._number = archive, Members(), 0

    def write(self, piece: memoryview) -> None:
        """Add bytes of the archive."""
        for cut in self._members.cuts(piece):
            if cut.begins is not None and self._is_full:
                self.finish()
            if self._object is None:
                self._object = self._start()
            if cut.begins is not None:
                self._object.compressed.expect(cut.size)
            self._object.compressed.write(cut.content)

    @property
    def _is_full(self) -> bool:
        return self._object is not None and self._object.compressed.taken >= self.compression.object_bytes

    def _start(self) -> _Object:
        archive = self._archive
        assert archive is not None  # noqa: S101 - the server names an archive before it sends any of it
        name = "base" if archive.tablespace is None else str(archive.tablespace)
        key = f"{self.folder}{name}.{self._number:04}.tar.zst"
        block = self.compression.into(self.store, key)
        self._number += 1
        return _Object(key, archive, block, block.__enter__())

    def finish(self) -> None:
        """End the current object, so that what was written so far is durable."""
        if self._object is None:
            return
        done, self._object = self._object, None
        done.block.__exit__(None, None, None)
        self.taken += done.compressed.taken
        self.stored.append(done.compressed.stored)
        self.facts.append(
            {
                "key": done.key,
                "tablespace": done.archive.tablespace,
                "path": done.archive.location or None,
                "format": "tar",
                "compression": "zstd",
                "sha256": done.compressed.stored.sha256,
            }
        )
