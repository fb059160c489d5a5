"""An archived day of logs: its parts, its manifest, and their keys. Pure; see docs/adr/0014."""

from collections.abc import Container, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from toban.engine.search_parts import Match
from toban.engine.stores.store import folder_of
from toban.engine.telemetry.logs.search import LogTerm, TimeSpan
from toban.engine.telemetry.parquet import FileStretch

_FOLDER = "logs"
_MANIFEST = "manifest.json"
_MOST_ROWS = 500_000
_MOST_BYTES = 256 << 20
"""The uncompressed size of one part, which the store builds in memory, and a reader unpacks."""
_A_DAY = timedelta(days=1)
"""Days are in the document's time zone, which may be a day ahead of UTC or behind."""


class _ArchiveModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ArchivePart(_ArchiveModel):
    """One Parquet file."""

    key: str
    rows: int
    size: int
    """Size in the archive in bytes, encrypted if the archive encrypts."""
    sha256: str
    """The digest of those bytes."""
    checksum: str
    """The sum of a hash of each row, in decimal: it is too large for a JSON number."""
    start: datetime
    end: datetime
    """All rows are from `start` (inclusive) to `end` (exclusive)."""


class ArchiveManifest(_ArchiveModel):
    """One kind's day in the archive: the day is archived once its manifest exists."""

    format: Literal["toban-logs/1"] = "toban-logs/1"
    kind: str
    day: date
    """In the document's time zone."""
    rows: int
    written_at: datetime
    parts: tuple[ArchivePart, ...]


def folder(kind: str, day: date) -> str:
    """Return the common prefix of the keys of one kind's day."""
    return f"{_FOLDER}/{folder_of(kind)}/{day.isoformat()}/"


def manifest_key(kind: str, day: date) -> str:
    """Return the key of the manifest of one kind's day."""
    return folder(kind, day) + _MANIFEST


def prefix() -> str:
    """Return the common prefix of the keys of all archived logs."""
    return f"{_FOLDER}/"


def day_of(key: str) -> date | None:
    """Return the day if *key* is that of a manifest; None for another object."""
    day, _, name = key.removeprefix(prefix()).partition("/")[2].partition("/")
    if name != _MANIFEST:
        return None
    try:
        return date.fromisoformat(day)
    except ValueError:
        return None


def cut(
    minutes: Sequence[tuple[datetime, int, int]], *, rows: int = _MOST_ROWS, size: int = _MOST_BYTES
) -> list[FileStretch]:
    """Return *minutes* (when, rows, bytes), in order, as stretches of at most this many rows and bytes.

    A minute is never split: one with more is a stretch of its own.
    """
    found: list[FileStretch] = []
    start: datetime | None = None
    end = start
    held = held_bytes = 0
    for minute, count, length in minutes:
        if start is not None and (held + count > rows or held_bytes + length > size):
            found.append(FileStretch(start, minute, held))
            start, held, held_bytes = None, 0, 0
        start = start or minute
        end = minute + timedelta(minutes=1)
        held, held_bytes = held + count, held_bytes + length
    if start is not None and end is not None:
        found.append(FileStretch(start, end, held))
    return found


def may_hold(day: date, span: TimeSpan) -> bool:
    """Say whether *day* may have rows of *span*, whatever the document's time zone is."""
    return (span.start - _A_DAY).date() <= day <= (span.end + _A_DAY).date()


def asked_kinds(terms: Iterable[LogTerm]) -> Container[str] | None:
    """Return the kinds to which *terms* are limited; None for all."""
    named = {
        each.value
        for each in terms
        if each.field == "kind" and each.match is Match.WHOLE and not each.negated and not each.others
    }
    return named or None


def newest_first(manifests: Iterable[ArchiveManifest], span: TimeSpan) -> list[ArchivePart]:
    """Return the parts that may hold rows of *span*, latest end first."""
    parts = [part for each in manifests for part in each.parts]
    found = [part for part in parts if part.start < span.end and part.end > span.start]
    return sorted(found, key=lambda part: part.end, reverse=True)
