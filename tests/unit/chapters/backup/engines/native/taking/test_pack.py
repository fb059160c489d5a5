"""Compression of what a server sends: indexes differently from tables, and everything as one stream."""

import hashlib
import io
import struct

import zstandard

from toban.chapters.backup.engines.native.taking.pack import CompressedObject, Compression
from toban.engine.stores.store import StoredObject

LARGE = 17 << 20
ONE_THREAD = Compression(level=1, threads=1)


class Written:
    """A store's writer that keeps the content in memory."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """See `Writer`."""
        self.content += piece

    @property
    def stored(self) -> StoredObject:
        """See `Writer`."""
        return StoredObject("key", len(self.content), hashlib.sha256(self.content).hexdigest())


def index() -> bytes:
    """Return pages like those of a B-tree over ascending integers, for a table with 100 rows per block."""
    return b"".join(index_page(range(first, first + 366)) for first in range(0, 128 * 366, 366)) * 17


def index_page(keys: range) -> bytes:
    """Return a page: header, item pointers, and from the end the entries with row position and key."""
    entry, own = struct.Struct("<HHHHii"), struct.pack("<IIIHH", keys.start, keys.stop, 0, 1, 0)
    pointers = b"".join(struct.pack("<I", 8176 - 16 * nth | 1 << 15 | 16 << 17) for nth in range(1, 367))
    entries = b"".join(entry.pack(0, key // 100, key % 100 + 1, 16, key, 0) for key in reversed(keys))
    header = struct.pack("<QHHHHHHI", keys.start, 0, 0, 1488, 2320, 8176, 8196, 0)
    return (header + pointers).ljust(8176 - len(entries), b"\0") + entries + own


def table(size: int) -> bytes:
    """Return rows that have little in common."""
    row = struct.Struct("<iHHi32s20x")
    return b"".join(
        row.pack(7_000, number % 61 + 1, 2050, number, hashlib.md5(b"%d" % number).hexdigest().encode())  # noqa: S324
        for number in range(size // row.size)
    )


def compressed(*contents: bytes, compression: Compression = ONE_THREAD) -> bytes:
    written = Written()
    stream = CompressedObject(written, compression)
    for content in contents:
        stream.expect(len(content))
        for at in range(0, len(content), 100_000):
            stream.write(content[at : at + 100_000])
    stream.end()
    return bytes(written.content)


def plain(content: bytes) -> bytes:
    return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content), read_across_frames=True).read()


def test_an_index_is_compressed_with_short_matches() -> None:
    content = index()

    stored = compressed(content)

    assert len(stored) < 0.8 * len(zstandard.ZstdCompressor(level=1).compress(content))
    assert plain(stored) == content


def test_a_table_behind_an_index_is_compressed_as_a_table() -> None:
    rows = table(LARGE)

    both = compressed(index(), rows)

    alone = len(both) - len(compressed(index()))
    assert alone == len(compressed(rows))
    assert alone < 1.01 * len(zstandard.ZstdCompressor(level=1).compress(rows))


def test_small_files_share_a_frame() -> None:
    many = [b"a small file %d" % number for number in range(100)]

    stored = compressed(*many)

    assert zstandard.ZstdDecompressor().decompressobj().decompress(stored) == b"".join(many)


def test_all_threads_and_frames_are_one_stream() -> None:
    contents = [b"begin", table(LARGE), index(), b"", b"end"]

    stored = compressed(*contents, compression=Compression(level=3, threads=2))

    assert plain(stored) == b"".join(contents)
