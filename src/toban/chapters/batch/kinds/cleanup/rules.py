"""Which log files are older than the document wants kept. Pure.

In doubt a file stays: the later of its last change and the day in its name counts; if it is bound to several
kinds of log, the one kept longest counts; and a file exactly as old as the limit is still within it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from toban.design.clauses.logs import LogKind
from toban.design.values.duration import Duration
from toban.design.values.quantity import BYTES
from toban.design.values.schedule.occurrence import existing
from toban.message import Message

_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")


class FileFate(StrEnum):
    """What happens to a file, and why."""

    EXPIRED = "expired"
    WITHIN = "within"
    """The document still wants it kept."""
    FOREVER = "forever"
    """The document wants it kept forever, or does not say how long."""
    OPEN = "open"
    """Expired, but a program has it open: what that program wrote next would be lost."""
    LINKED = "linked"
    """Not a regular file: a symbolic link, or something special."""


@dataclass(frozen=True, slots=True)
class CleanupFile:
    """A file that is bound to kinds of log."""

    path: Path
    size: int
    changed_at: datetime
    device: int
    inode: int
    is_regular: bool = True


@dataclass(frozen=True, slots=True)
class RetentionLimit:
    """How long the rows of one name want their logs kept."""

    name: str
    rows: tuple[LogKind, ...]

    def cutoff(self, now: datetime) -> datetime | None:
        """Return the moment before which its files are expired; None if they never are."""
        moments = [_before(row, now) for row in self.rows]
        return None if None in moments else min((each for each in moments if each), default=None)

    @property
    def retentions(self) -> tuple[str | Message, ...]:
        """How long each row wants them kept, in the document's words."""
        return tuple(str(row.retention or Message("batch.no-retention")) for row in self.rows)


def _before(row: LogKind, now: datetime) -> datetime | None:
    return row.retention.before(now) if isinstance(row.retention, Duration) else None


def last_written(file: CleanupFile, zone: ZoneInfo) -> datetime:
    """Return when the file was last written to at the latest: by its last change, or the day in its name."""
    ends = (existing(day + timedelta(days=1), time(0), zone) for day in _days(file.path.name))
    return max([file.changed_at, *ends])


def _days(name: str) -> Iterable[date]:
    for match in _DATE.finditer(name):
        try:
            yield date(int(match[1]), int(match[3]), int(match[4]))
        except ValueError:
            # The 31st of a month of 30 days is not a date, and says nothing.
            continue


def fate(
    file: CleanupFile,
    limits: Sequence[RetentionLimit],
    *,
    now: datetime,
    zone: ZoneInfo,
    opened: frozenset[tuple[int, int]],
) -> FileFate:
    """Decide what happens to *file* under *limits*; *opened* are device and inode of files held open."""
    if not file.is_regular:
        return FileFate.LINKED
    written, cutoffs = last_written(file, zone), [limit.cutoff(now) for limit in limits]
    if any(cutoff is None for cutoff in cutoffs):
        return FileFate.FOREVER
    if any(cutoff is not None and written >= cutoff for cutoff in cutoffs):
        return FileFate.WITHIN
    return FileFate.OPEN if (file.device, file.inode) in opened else FileFate.EXPIRED


@dataclass(frozen=True, slots=True)
class DiskRoom:
    """How much of a disk must be free: a share of it in percent, or bytes."""

    percent: float | None = None
    bytes: int | None = None

    def is_kept(self, free: int, total: int) -> bool:
        """Whether *free* of *total* bytes are enough; exactly the required amount is."""
        if self.percent is not None:
            return 100 * free >= self.percent * total
        return self.bytes is None or free >= self.bytes


_ROOM = re.compile(r"(\d+(?:\.\d+)?)\s*(%|[KMGT]i?B)", re.IGNORECASE)
_BYTES = {unit.upper(): size for unit, size in BYTES.items()}


def read_room(text: str) -> DiskRoom | None:
    """Read 20% or 10GB (10⁹ bytes each GB; 2³⁰ each GiB)."""
    match = _ROOM.fullmatch(text.strip())
    if match is None:
        return None
    amount, unit = float(match[1]), match[2].upper()
    if unit == "%":
        return DiskRoom(percent=amount) if amount <= 100 else None
    return DiskRoom(bytes=int(amount * _BYTES[unit]))
