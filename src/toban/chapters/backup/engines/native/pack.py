"""From the server's tar stream to compressed objects in a store, in bounded memory.

A new object begins at the first member after `OBJECT_BYTES` of tar, so that a restore can read several at
once. Each is a tar of whole members; one after the other they are the very stream that the server sent.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import zstandard

from toban.chapters.backup.engines.native.members import Members
from toban.chapters.backup.engines.native.replication import Archive
from toban.chapters.backup.store import Store, Stored, Writer

OBJECT_BYTES = 128 << 20


@dataclass(frozen=True, slots=True)
class Compression:
    """How hard to compress, with how many of this machine's cores, and in which portions."""

    level: int
    threads: int
    object_bytes: int = OBJECT_BYTES
    """Bytes of tar after which a new object begins."""

    @contextmanager
    def into(self, store: Store, key: str) -> Iterator["Compressed"]:
        """Write an object through zstd; it appears when the block ends well, as with `Store.writer`."""
        with store.writer(key) as writer:
            compressor = zstandard.ZstdCompressor(level=self.level, threads=self.threads)
            compressed = Compressed(writer, compressor.compressobj())
            yield compressed
            compressed.end()


class Compressed:
    """An object being written through zstd."""

    def __init__(self, writer: Writer, compressor: "zstandard.ZstdCompressionObj") -> None:
        self._writer = writer
        self._compressor = compressor
        self.taken = 0
        """Bytes before compression."""

    def write(self, piece: memoryview | bytes) -> None:
        """Add bytes."""
        self.taken += len(piece)
        if ready := self._compressor.compress(piece):
            self._writer.write(ready)

    def end(self) -> None:
        """Write what the compressor still holds."""
        self._writer.write(self._compressor.flush())

    @property
    def stored(self) -> Stored:
        """What was written; only after the block has ended well."""
        return self._writer.stored


@dataclass(slots=True)
class _Object:
    """The object under way."""

    key: str
    archive: Archive
    block: AbstractContextManager[Compressed]
    compressed: Compressed


@dataclass(slots=True)
class Archives:
    """Takes the archives of one backup, one after the other."""

    store: Store
    folder: str
    """What the keys start with: `PostgreSQL/20261125T020000Z-full/`."""
    compression: Compression
    facts: list[dict[str, object]] = field(default_factory=list)
    """Of each finished object, what a restore needs to know."""
    stored: list[Stored] = field(default_factory=list)
    taken: int = 0
    """Bytes of tar in finished objects."""
    _archive: Archive | None = None
    _members: Members = field(default_factory=Members)
    _number: int = 0
    _object: _Object | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A failure must reach the store's writer before any end of the object does.
        if kind is None:
            self.finish()
        elif self._object is not None:
            self._object.block.__exit__(kind, error, trace)

    @property
    def begun(self) -> Archive | None:
        """The archive that is being written."""
        return self._archive

    def begin(self, archive: Archive) -> None:
        """Let what follows be of *archive*."""
        self.finish()
        self._archive, self._members, self._number = archive, Members(), 0

    def write(self, piece: memoryview) -> None:
        """Add bytes of the archive."""
        for cut in self._members.cuts(piece):
            if cut.begins is not None and self._is_full:
                self.finish()
            if self._object is None:
                self._object = self._start()
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
        """Let what was written so far be durable."""
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
