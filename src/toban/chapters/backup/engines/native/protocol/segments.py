"""Names in the write-ahead log: positions, segments, and the keys that they have in a store.

A position (LSN) is a number of bytes since the cluster was made. The log is cut into segments of one size;
a segment's file name is its timeline and its number, each as PostgreSQL writes them:
https://www.postgresql.org/docs/18/wal-internals.html

In a store, under the subject's folder:

    wal/{system id}/{timeline}.history        where a timeline branched off the one before it
    wal/{system id}/{timeline}/{segment}.zst  a whole segment
    wal/{system id}/{timeline}/{segment}.{offset}.zst
        a piece of a segment that is not complete yet: its bytes from *offset* (8 hex digits) on. Pieces may
        overlap, and hold the same bytes where they do.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_LSN = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})")
_OBJECT = re.compile(r"([0-9A-F]{24})(?:\.([0-9A-F]{8}))?\.zst")
_BITS = 32


def position(lsn: str) -> int:
    """Read an LSN such as `16/B374D848`; raises `ValueError` for anything else."""
    match = _LSN.fullmatch(lsn)
    if match is None:
        raise ValueError(f"{lsn!r} is no LSN")
    return (int(match[1], 16) << _BITS) | int(match[2], 16)


def lsn_text(at: int) -> str:
    """Write a position as PostgreSQL does."""
    return f"{at >> _BITS:X}/{at & 0xFFFFFFFF:X}"


@dataclass(frozen=True, slots=True, order=True)
class WalSegment:
    """One file of the log."""

    timeline: int
    number: int
    """How many segments of this size come before it."""
    size: int
    """Bytes, a power of two: 16 MiB unless the cluster was created with another size."""

    @classmethod
    def holding(cls, timeline: int, at: int, size: int) -> "WalSegment":
        """Return the segment that the byte at position *at* is in."""
        return cls(timeline, at // size, size)

    @classmethod
    def named(cls, name: str, size: int) -> "WalSegment":
        """Read a segment's file name."""
        per_file = (1 << _BITS) // size
        return cls(int(name[:8], 16), int(name[8:16], 16) * per_file + int(name[16:24], 16), size)

    @property
    def name(self) -> str:
        """Its file name: `00000001000000000000002A`."""
        high, low = divmod(self.number, (1 << _BITS) // self.size)
        return f"{self.timeline:08X}{high:08X}{low:08X}"

    @property
    def start(self) -> int:
        """The position of its first byte."""
        return self.number * self.size

    @property
    def end(self) -> int:
        """The position after its last byte."""
        return self.start + self.size

    @property
    def next(self) -> "WalSegment":
        """The next segment on the same timeline."""
        return WalSegment(self.timeline, self.number + 1, self.size)


@dataclass(frozen=True, slots=True)
class LogObject:
    """What a key under a timeline's folder names: a whole segment, or a piece from `offset` on."""

    segment: str
    offset: int | None


def log_folder(subject_folder: str, system_id: str) -> str:
    """Return the folder of a cluster's log: all of its keys start with this."""
    return f"{subject_folder}/wal/{system_id}/"


def history_key(folder: str, timeline: int) -> str:
    """Return the key of a timeline's history file."""
    return f"{folder}{timeline:08X}.history"


def segment_key(folder: str, segment: WalSegment) -> str:
    """Return the key of a whole segment."""
    return f"{folder}{segment.timeline:08X}/{segment.name}.zst"


def piece_key(folder: str, segment: WalSegment, offset: int) -> str:
    """Return the key of the piece of a segment from *offset* on."""
    return f"{folder}{segment.timeline:08X}/{segment.name}.{offset:08X}.zst"


def pieces_prefix(folder: str, segment: WalSegment) -> str:
    """Return the prefix of a segment's keys: of the whole one and of its pieces."""
    return f"{folder}{segment.timeline:08X}/{segment.name}."


def whole_instead_of(key: str) -> str:
    """Return the key of the whole segment that replaces the piece *key*."""
    folder, _, name = key.rpartition("/")
    return f"{folder}/{name.partition('.')[0]}.zst"


def read_key(key: str) -> LogObject | None:
    """Return what *key* names; None for anything but a segment or a piece of one."""
    match = _OBJECT.fullmatch(key.rpartition("/")[2])
    if match is None:
        return None
    return LogObject(match[1], int(match[2], 16) if match[2] else None)


def assemble(pieces: Mapping[int, bytes], size: int) -> tuple[bytes, int]:
    """Join *pieces* (offset → bytes) of one segment: return *size* bytes, and how many of them are known.

    Only bytes without a gap from the segment's start count; the rest is zeroes, which recovery takes as the
    end of the log.
    """
    content, known = bytearray(size), 0
    for offset in sorted(pieces):
        piece = pieces[offset]
        if offset > known:
            break
        content[offset : offset + len(piece)] = piece
        known = max(known, offset + len(piece))
    return bytes(content), known
