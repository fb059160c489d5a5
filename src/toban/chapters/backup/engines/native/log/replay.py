"""Which stored log is replayed after a backup: along which timelines, and how far without a gap. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from toban.chapters.backup.engines.native.protocol.segments import WalSegment, position

_BRANCH = re.compile(r"^\s*(\d+)\s+([0-9A-Fa-f]+/[0-9A-Fa-f]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """A segment as the store has it: whole, or in pieces that cover its beginning."""

    segment: WalSegment
    stored_at: datetime
    """When the newest of its objects was stored: its content was written before that."""
    whole: str = ""
    """The key of the whole segment; empty if there are only pieces."""
    pieces: Mapping[int, str] = field(default_factory=dict)
    """Offset → key."""
    stored_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Branch:
    """A line of a timeline's history: *parent* was left at position *at*."""

    parent: int
    at: int


@dataclass(frozen=True, slots=True)
class Log:
    """The log that can be replayed from a place on."""

    segments: Sequence[StoredSegment]
    """In order, without a gap."""
    timelines: Sequence[int]
    """The timelines that are followed, in order."""
    missing: WalSegment | None = None
    """The segment that the store lacks although later log is there."""


def read_history(text: str) -> tuple[Branch, ...]:
    """Read a `.history` file: which timelines came before, oldest first."""
    return tuple(Branch(int(parent), position(lsn)) for parent, lsn in _BRANCH.findall(text))


def unbroken(
    stored: Iterable[StoredSegment],
    first: WalSegment,
    histories: Mapping[int, Sequence[Branch]],
    *,
    begins: int,
) -> Log:
    """Return the log without a gap from segment *first* on; the backup ends at position *begins*.

    It follows the newest timeline that branched off the backup's own after that position. *histories*:
    timeline → what its history file says.
    """
    have = {(each.segment.timeline, each.segment.number): each for each in stored}
    line = _line(first.timeline, histories, begins)
    timelines = [timeline for timeline, _ in line]
    last = max((number for timeline, number in have if timeline in timelines), default=first.number - 1)
    found: list[StoredSegment] = []
    for number in range(first.number, last + 1):
        here = _at(have, line, WalSegment(first.timeline, number, first.size))
        # Nothing can follow a segment whose end is missing.
        if not here or (
            found and not found[-1].whole and here[0].segment.timeline == found[-1].segment.timeline
        ):
            lacking = (
                found[-1].segment
                if here
                else WalSegment(_timeline(line, number, first.size), number, first.size)
            )
            return Log(found, timelines, lacking)
        found += here
    return Log(found, timelines)


def _line(
    timeline: int, histories: Mapping[int, Sequence[Branch]], begins: int
) -> list[tuple[int, int | None]]:
    """Return the timelines to follow, each with the position where the next begins; None for the last."""
    # A timeline that branched off before the backup's end has a different past: the server would refuse it.
    heirs = [
        one
        for one, past in histories.items()
        if any(branch.parent == timeline and branch.at >= begins for branch in past)
    ]
    newest = max(heirs, default=timeline)
    past = [(each.parent, each.at) for each in histories.get(newest, ()) if each.parent >= timeline]
    return [*past, (newest, None)]


def _timeline(line: Sequence[tuple[int, int | None]], number: int, size: int) -> int:
    return next(one for one, left_at in line if left_at is None or number < left_at // size)


def _at(
    have: Mapping[tuple[int, int], StoredSegment], line: Sequence[tuple[int, int | None]], wanted: WalSegment
) -> list[StoredSegment]:
    """Return the files that hold a segment's log: of two timelines if one branches off inside the segment."""
    found = []
    for timeline, left_at in line:
        if left_at is not None and wanted.start >= left_at:
            continue
        segment = have.get((timeline, wanted.number))
        if segment is not None:
            found.append(segment)
        if left_at is None or wanted.end <= left_at:
            break
    return found
