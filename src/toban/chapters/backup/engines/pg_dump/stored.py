"""Dumps in the store: written so that a failed one never appears, read so that a damaged one is noticed."""

import io
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import zstandard

from toban.chapters.backup.engine import ActWatch, BackupCheck, BackupFailed, TakenBackup
from toban.chapters.backup.engines.pg_dump.commands import ClientPrograms
from toban.chapters.backup.engines.program import feed, run
from toban.engine.stores.store import Store, StoredObject, StoreTrouble, Writer
from toban.message import Message, message_of, plain

_PIECE = 1 << 20
_MIB = 1 << 20
_TOLD_EVERY = 16 << 20
_END_MARK = b"PostgreSQL database dump complete"
"""What pg_dump writes at the end of SQL, and only there."""

_TAIL = 4096


def write(store: Store, key: str, content: Iterable[bytes], watch: ActWatch) -> StoredObject:
    """Store *content* under *key*; if it raises, nothing appears there."""
    with store.writer(key) as writer:
        told = _CountingWriter(writer, watch)
        for piece in content:
            told.write(piece)
    return writer.stored


def write_folder(store: Store, key: str, folder: Path, watch: ActWatch) -> StoredObject:
    """Store *folder* as one tar archive; its files are compressed already."""
    with (
        store.writer(key) as writer,
        tarfile.open(fileobj=_CountingWriter(writer, watch), mode="w|", bufsize=_PIECE) as tar,
    ):
        # The table of contents first: it can be listed without reading the rest.
        for path in sorted(folder.iterdir(), key=lambda each: (each.name != "toc.dat", each.name)):
            tar.add(path, arcname=path.name)
    return writer.stored


def verify(store: Store, programs: ClientPrograms, taken: TakenBackup, watch: ActWatch) -> BackupCheck:
    """Check every object against its checksum, and let PostgreSQL's own program read the dump."""
    troubles = []
    for each in taken.objects:
        content = _watched(store.stream(each.key, sha256=each.sha256), each.size, watch)
        try:
            _look_into(programs, str(taken.facts["format"]), str(taken.facts["compression"]), content, watch)
        except StoreTrouble as error:
            if error.passing:
                raise BackupFailed(message_of(error)) from error
            troubles.append(message_of(error))
        except (BackupFailed, tarfile.TarError, zlib.error, zstandard.ZstdError) as error:
            if watch.why_stop() is not None:
                raise
            troubles.append(Message("backup-engines.trouble-of", place=each.key, trouble=message_of(error)))
    return BackupCheck(is_whole=not troubles, troubles=troubles)


def fetch(store: Store, each: StoredObject, into: Path, watch: ActWatch) -> None:
    """Copy an object to the file *into*, or raise `BackupFailed` when it is not what was stored."""
    try:
        with into.open("xb") as file:
            for piece in _watched(store.stream(each.key, sha256=each.sha256), each.size, watch):
                file.write(piece)
    except StoreTrouble as error:
        raise BackupFailed(message_of(error), retry=error.passing) from error
    except OSError as error:
        raise BackupFailed(
            Message("backup-engines.trouble-of", place=into, trouble=error.strerror)
        ) from error


def unpacked(archive: Path) -> Path:
    """Return where `unpack` puts the files of *archive*."""
    return archive.with_suffix("")


def unpack(archive: Path) -> None:
    """Extract the files of a tar archive."""
    try:
        with tarfile.open(archive, "r|") as tar:
            tar.extractall(unpacked(archive), filter="data")
    except OSError as error:
        raise BackupFailed(
            Message("backup-engines.trouble-of", place=archive, trouble=error.strerror)
        ) from error


def discard(archive: Path) -> None:
    """Remove *archive* and the files extracted from it."""
    archive.unlink(missing_ok=True)
    if unpacked(archive) != archive and unpacked(archive).is_dir():
        shutil.rmtree(unpacked(archive))


def plain_sql(pieces: Iterable[bytes], compression: str) -> Iterator[bytes]:
    """Yield the SQL of a plain dump; raises zlib's or zstandard's error if it is damaged."""
    if compression == "none":
        yield from pieces
        return
    opener = (
        zlib.decompressobj(wbits=31)
        if compression == "gzip"
        else zstandard.ZstdDecompressor().decompressobj()
    )
    for piece in pieces:
        yield opener.decompress(piece)
    if not opener.eof:
        raise zlib.error(Message("backup-engines.archive-cut-off"))


def _look_into(
    programs: ClientPrograms, form: str, compression: str, content: Iterator[bytes], watch: ActWatch
) -> None:
    if form == "custom":
        feed(programs.listing(), content, watch)
    elif form == "directory":
        _list_folder(programs, content, watch)
    else:
        _find_end(plain_sql(content, compression))


def _list_folder(programs: ClientPrograms, content: Iterator[bytes], watch: ActWatch) -> None:
    reader = io.BufferedReader(_PieceReader(content), _PIECE)
    with tempfile.TemporaryDirectory() as place, tarfile.open(fileobj=reader, mode="r|") as tar:
        for member in tar:
            if member.name == "toc.dat":
                tar.extract(member, place, filter="data")
        run(programs.listing(Path(place)), watch)
    # After the archive's end mark there is padding; only then is the checksum verified.
    for _ in content:
        pass


def _find_end(content: Iterable[bytes]) -> None:
    tail = b""
    for piece in content:
        tail = (tail + piece)[-_TAIL:]
    if _END_MARK not in tail:
        raise BackupFailed(Message("backup-engines.sql-has-no-end"))


def _watched(content: Iterator[bytes], size: int, watch: ActWatch) -> Iterator[bytes]:
    done = 0
    for piece in content:
        reason = watch.why_stop()
        if reason is not None:
            raise BackupFailed(Message("backup-engines.stopped", reason=reason))
        yield piece
        done += len(piece)
        watch.progress(min(100 * done / size, 100) if size else None, plain(f"{done // _MIB:,} MiB"))


class _CountingWriter(io.RawIOBase):
    """A writer as a file that reports how much was written."""

    def __init__(self, writer: Writer, watch: ActWatch) -> None:
        self._writer = writer
        self._watch = watch
        self._done = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        self._writer.write(piece)
        before, self._done = self._done, self._done + len(piece)
        if before // _TOLD_EVERY != self._done // _TOLD_EVERY:
            self._watch.progress(None, plain(f"{self._done // _MIB:,} MiB"))
        return len(piece)


class _PieceReader(io.RawIOBase):
    """Pieces as a file."""

    def __init__(self, content: Iterator[bytes]) -> None:
        self._content = content
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._rest = self._rest or next(self._content, b"")
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
