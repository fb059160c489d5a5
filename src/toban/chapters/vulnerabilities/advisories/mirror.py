"""A mirror of advisories: a folder with `{ecosystem}/all.zip`, as OSV publishes them.

https://google.github.io/osv.dev/data/ The folder is refreshed from an address, or carried in by hand.
Whatever the archives hold, reading them ends and fits into memory.
"""

import errno
import os
import re
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader, FileIO
from lzma import LZMAError
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

import orjson

from toban.chapters.vulnerabilities.advisories.advisory import Advisory, Affected, NoAdvisory, read_advisory
from toban.message import Message

ARCHIVE = "all.zip"
_A_NAME = re.compile(r"[^/\x00]{1,100}")
_LARGEST_RECORD = 16 * 1024 * 1024
"""Bytes, unpacked; the largest that OSV publishes have about 2 MB."""
_LARGEST_ARCHIVE = 8 * 1024 * 1024 * 1024
"""Bytes, unpacked."""
_LARGEST_PIECE = 64 * 1024 * 1024
"""Bytes that are read at once. `ZipFile` reads the list of all entries so, and makes an object of half a
kilobyte of each, before anybody can count them: some 900,000 entries fit."""
_MOST_RECORDS = 2_000_000
_UNREADABLE = (
    BadZipFile,
    EOFError,
    LZMAError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    zlib.error,
)


class MirrorUnreadable(Exception):
    """The archive can't be used at all; the message says why."""


@dataclass(frozen=True, slots=True)
class EcosystemData:
    """What a mirror holds for one ecosystem."""

    ecosystem: str
    file: Path
    records: int
    newest: datetime
    """When the newest of its records was changed: the data are at least as new."""
    unreadable: int
    """Records that are no advisories."""


@dataclass(frozen=True, slots=True)
class Advisories:
    """What a mirror knows about the packages that were asked for."""

    known: Mapping[tuple[str, str], list[tuple[Advisory, Affected]]]
    data: Mapping[str, EcosystemData]
    """By ecosystem, as the packages name it."""
    missing: Mapping[str, Message]
    """Ecosystem → why nothing is known of its packages."""


def read_mirror(folder: Path, wanted: Collection[tuple[str, str]], now: datetime) -> Advisories:
    """Return what the mirror in *folder* says about *wanted*: ecosystems and canonical names of packages.

    Records that were changed after *now* do not count as new: a wrong clock would hide that data are old.
    """
    known: dict[tuple[str, str], list[tuple[Advisory, Affected]]] = defaultdict(list)
    data: dict[str, EcosystemData] = {}
    missing: dict[str, Message] = {}
    for ecosystem in sorted({each for each, _ in wanted}):
        file = _archive(folder, ecosystem)
        if file is None:
            missing[ecosystem] = Message("vulnerabilities.no-archive", ecosystem=ecosystem, folder=folder)
            continue
        try:
            data[ecosystem] = _read(file, ecosystem, wanted, known, now)
        except MirrorUnreadable as error:
            missing[ecosystem] = error.args[0]
    return Advisories(known, data, missing)


def _archive(folder: Path, ecosystem: str) -> Path | None:
    return next((file for file in archives_of(folder, ecosystem) if file.is_file()), None)


def archives_of(folder: Path, ecosystem: str) -> Sequence[Path]:
    """Return where an ecosystem's archive may be; that of a distribution may hold all of its releases."""
    names = dict.fromkeys((ecosystem, ecosystem.partition(":")[0]))
    # A name comes from what is installed: it must not lead out of the folder.
    return [folder / name / ARCHIVE for name in names if _A_NAME.fullmatch(name) and name not in {".", ".."}]


class _InPieces(BufferedReader):
    """A file of an archive: what would be too large to be read at once is not read."""

    def __init__(self, file: Path) -> None:
        super().__init__(FileIO(file))
        self._file = file

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._file.stat().st_size - self.tell() if size is None or size < 0 else size
        if wanted > _LARGEST_PIECE:
            raise MirrorUnreadable(Message("vulnerabilities.archive-too-large", file=self._file))
        return super().read(size)


@dataclass(slots=True)
class _Reading:
    """Counts while an archive is read."""

    now: datetime
    records: int = 0
    unreadable: int = 0
    bytes: int = 0
    newest: datetime | None = None
    is_about: bool = False
    """Whether any of it is about the ecosystem: the archive of a distribution may lack a release."""

    def count(self, advisory: Advisory) -> None:
        self.records += 1
        if advisory.modified <= self.now:
            self.newest = max(self.newest or advisory.modified, advisory.modified)


def _read(
    file: Path,
    ecosystem: str,
    wanted: Collection[tuple[str, str]],
    known: dict[tuple[str, str], list[tuple[Advisory, Affected]]],
    now: datetime,
) -> EcosystemData:
    reading = _Reading(now)
    try:
        with _InPieces(file) as stream, ZipFile(stream) as archive:
            for advisory in _advisories(archive, file, reading):
                for affected in advisory.affected:
                    if affected.ecosystem != ecosystem:
                        continue
                    reading.is_about = True
                    if affected.key in wanted:
                        known[affected.key].append((advisory, affected))
    except _UNREADABLE as error:
        raise MirrorUnreadable(
            Message("vulnerabilities.archive-unreadable", file=file, why=str(error) or type(error).__name__)
        ) from error
    if reading.newest is None:
        raise MirrorUnreadable(Message("vulnerabilities.archive-empty", file=file))
    if not reading.is_about:
        raise MirrorUnreadable(Message("vulnerabilities.archive-of-others", file=file, ecosystem=ecosystem))
    return EcosystemData(ecosystem, file, reading.records, reading.newest, reading.unreadable)


def _advisories(archive: ZipFile, file: Path, reading: _Reading) -> Iterator[Advisory]:
    for entry in archive.infolist():
        if entry.is_dir() or not entry.filename.endswith(".json"):
            continue
        written = _unpacked(archive, entry, file, reading)
        try:
            advisory = read_advisory(orjson.loads(written))
        except (orjson.JSONDecodeError, NoAdvisory):
            reading.unreadable += 1
            continue
        reading.count(advisory)
        yield advisory


def _unpacked(archive: ZipFile, entry: ZipInfo, file: Path, reading: _Reading) -> bytes:
    with archive.open(entry) as stream:
        # What the entry says of its own size may be a lie.
        written = stream.read(_LARGEST_RECORD + 1)
    reading.bytes += len(written)
    is_too_much = reading.bytes > _LARGEST_ARCHIVE or reading.records + reading.unreadable >= _MOST_RECORDS
    if len(written) > _LARGEST_RECORD or is_too_much:
        raise MirrorUnreadable(Message("vulnerabilities.archive-too-large", file=file))
    return written


def folder_doubts(folder: Path, *, is_refreshed: bool = False) -> Iterator[Message]:
    """Yield why the mirror in *folder* says nothing at all; *is_refreshed*: the next scan fills it."""
    if is_refreshed:
        if not os.access(folder if folder.exists() else folder.parent, os.W_OK):
            yield Message("vulnerabilities.not-kept", file=folder, why=os.strerror(errno.EACCES))
        return
    try:
        archives = [each for each in folder.glob(f"*/{ARCHIVE}") if each.is_file()]
    except OSError as error:
        yield Message("vulnerabilities.file-unreadable", file=folder, why=error.strerror or str(error))
        return
    if not archives:
        yield Message("vulnerabilities.no-archives", folder=folder)
