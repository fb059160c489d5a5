"""How compressed logs are unpacked: as streams, in bounded memory whatever the file contains."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import IO, Protocol

import lz4.frame  # type: ignore[import-untyped]
import zstandard

STEP = 64 * 1024
"""Bytes that are read and unpacked at once."""

_MOST_MEMORY = 1 << 27
"""Bytes: the default limit of Zstandard's own tool, and twice what the highest level of xz needs. The other
formats need a few megabytes at most."""

_LONGEST_INDEX = 128 * 1024
"""Bytes of a zip file's index; the index of one log takes a few hundred."""

FLAWS = (EOFError, OSError, RuntimeError, zlib.error, lzma.LZMAError, zstandard.ZstdError, zipfile.BadZipFile)
"""Raised for a damaged or incomplete file; RuntimeError by lz4, and by zipfile for a password."""

_TOO_MUCH = ("Memory usage limit exceeded", "requires too much memory")
"""How xz and Zstandard say that a file needs more memory."""


class UnpackedFile(Protocol):
    """The content of a compressed file."""

    def read(self, size: int, /) -> bytes:
        """Return up to *size* bytes; none only at the end."""


class _Unpacking(Protocol):
    """A compressed stream in progress, with the interface of the standard library's modules."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Streams:
    """Compressed streams, one after another. The standard library's xz reader has no memory limit."""

    def __init__(self, begin: Callable[[], _Unpacking], packed: IO[bytes]) -> None:
        self._begin = begin
        self._packed = packed
        self._now = begin()

    def read(self, size: int, /) -> bytes:
        while True:
            given = b""
            if self._now.eof:
                # xz may pad a stream with zeros.
                given = (self._now.unused_data or b"").lstrip(b"\0") or self._packed.read(STEP).lstrip(b"\0")
                if not given:
                    return b""
                self._now = self._begin()
            elif self._now.needs_input:
                given = self._packed.read(STEP)
                if not given:
                    raise EOFError("it ends too early")
            found = self._now.decompress(given, size)
            if found:
                return found


class _Frugal(io.BufferedReader):
    """A file that refuses very long reads: zipfile reads an index of any length at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _LONGEST_INDEX:
            raise zipfile.BadZipFile("its index is too long")
        return super().read(size)


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_MEMORY)


def _zip(packed: io.RawIOBase) -> UnpackedFile:
    archive = zipfile.ZipFile(_Frugal(packed, STEP))
    files = [each for each in archive.infolist() if not each.is_dir()]
    if len(files) != 1:
        raise zipfile.BadZipFile(f"it holds {len(files)} files, and not one log")
    # zipfile unpacks the other formats without a bound.
    if files[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile("it is not compressed by deflate")
    return archive.open(files[0])


def zstd(packed: io.RawIOBase) -> UnpackedFile:
    """Return the content of *packed*; a frame that is cut off reads as a short one."""
    unpacking = zstandard.ZstdDecompressor(max_window_size=_MOST_MEMORY)
    return unpacking.stream_reader(io.BufferedReader(packed, STEP), read_across_frames=True)


def _gzip(packed: io.RawIOBase) -> UnpackedFile:
    return gzip.GzipFile(fileobj=io.BufferedReader(packed, STEP))


def _streams(begin: Callable[[], _Unpacking], packed: io.RawIOBase) -> UnpackedFile:
    return _Streams(begin, io.BufferedReader(packed, STEP))


WAYS: Mapping[str, Callable[[io.RawIOBase], UnpackedFile]] = {
    ".gz": _gzip,
    ".xz": partial(_streams, _xz),
    ".bz2": partial(_streams, bz2.BZ2Decompressor),
    ".zst": zstd,
    ".lz4": partial(_streams, lz4.frame.LZ4FrameDecompressor),
    ".zip": _zip,
}
"""Readers by the ending of a file's name."""


def told(flaw: Exception) -> str:
    """Return what is wrong with a file for which *flaw* was raised."""
    words = str(flaw) or type(flaw).__name__
    if any(each in words for each in _TOO_MUCH):
        most = _MOST_MEMORY // 1024**2
        return f"unpacking it takes more than {most} MiB of memory: unpack it beside, its time kept"
    return words
