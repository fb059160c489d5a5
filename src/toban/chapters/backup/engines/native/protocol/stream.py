"""The messages of a log stream, in both directions, and the log that was received but is not stored yet.

Messages: https://www.postgresql.org/docs/18/protocol-replication.html#PROTOCOL-REPLICATION-START-REPLICATION
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from toban.chapters.backup.engines.native.protocol.segments import WalSegment, lsn_text
from toban.message import Message

_LOG = struct.Struct("!cqqq")
_KEEPALIVE = struct.Struct("!cqqB")
_STATUS = struct.Struct("!cqqqqB")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""PostgreSQL's clock counts microseconds from here."""


class LogGap(Exception):
    """The server's log does not continue where the stored log ends."""


@dataclass(frozen=True, slots=True)
class LogReceived:
    """A part of the log, in order."""

    start: int
    content: memoryview


@dataclass(frozen=True, slots=True)
class Keepalive:
    """The server shows that it is alive, and may ask the same of us."""

    wants_answer: bool


def read_message(message: memoryview) -> LogReceived | Keepalive:
    """Read a message of the stream; `ValueError` for any other kind."""
    match bytes(message[:1]):
        case b"w":
            _, start, _, _ = _LOG.unpack_from(message)
            return LogReceived(start, message[_LOG.size :])
        case b"k":
            _, _, _, wants_answer = _KEEPALIVE.unpack_from(message)
            return Keepalive(bool(wants_answer))
        case kind:
            raise ValueError(f"{kind!r} is no message of a log stream")


def status_update(received: int, durable: int, now: datetime) -> bytes:
    """Return a message for the server: how far its log was received, and up to where it may drop it."""
    microseconds = (now - _EPOCH) // timedelta(microseconds=1)
    # Nothing is replayed here: zero means no position.
    return _STATUS.pack(b"r", received, durable, 0, microseconds, 0)


@dataclass(frozen=True, slots=True)
class Portion:
    """Log that is ready to be stored: a whole segment, or a piece of one from `offset` on."""

    segment: WalSegment
    offset: int
    content: bytes

    @property
    def end(self) -> int:
        """The position after its last byte."""
        return self.segment.start + self.offset + len(self.content)

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole segment."""
        return not self.offset and len(self.content) == self.segment.size


class WalTail:
    """The newest log: the received part of the current segment. It holds at most one segment in memory."""

    def __init__(self, segment: WalSegment) -> None:
        """Begin at the start of *segment*."""
        self._segment = segment
        self._content = bytearray()
        self._handed_out = 0

    @property
    def segment(self) -> WalSegment:
        """The current segment."""
        return self._segment

    @property
    def received(self) -> int:
        """The position after the last byte that was received."""
        return self._segment.start + len(self._content)

    def take_in(self, received: LogReceived) -> Iterator[Portion]:
        """Add log; yields the segments that it completes. Raises `LogGap` unless it continues the last."""
        if received.start != self.received:
            raise LogGap(
                Message(
                    "backup-engines.log-does-not-continue",
                    end=lsn_text(self.received),
                    came=lsn_text(received.start),
                )
            )
        content = received.content
        while content:
            room = self._segment.size - len(self._content)
            self._content += content[:room]
            content = content[room:]
            if len(self._content) == self._segment.size:
                yield Portion(self._segment, 0, bytes(self._content))
                self._segment = self._segment.next
                self._content.clear()
                self._handed_out = 0

    def piece(self) -> Portion | None:
        """Return what was received since the last piece; None if nothing was."""
        offset = self._handed_out
        if offset == len(self._content):
            return None
        self._handed_out = len(self._content)
        return Portion(self._segment, offset, bytes(self._content[offset:]))
