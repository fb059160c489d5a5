"""How far a server's log went, and when: noted during a backup, to know what is certainly in it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from toban.chapters.backup.engines.native.protocol.replication import ReplicationRefusal
from toban.chapters.backup.engines.native.protocol.segments import position
from toban.chapters.backup.engines.native.protocol.server import Inquiry, ServerState
from toban.message import message_of

_INTERVAL = 1.0
"""Seconds between two looks: a backup may seem this much older than its end."""

_PAUSE = 60.0
"""Seconds of pause after a failed look: the backup must not wait for it again and again."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Landmarks:
    """Asks the server again and again, on a separate connection from the one that carries the backup.

    The stream itself can't show the time: data may have waited in buffers, and arrive here long after the
    server declared the backup's end.
    """

    inquiry: Inquiry
    noted: list[tuple[datetime, str]] = field(default_factory=list)
    """Moment and LSN: everything committed before the moment is in the log before the LSN."""
    _due: float = 0.0

    def look(self) -> ServerState:
        """Ask now; raises `ReplicationRefusal`."""
        server = self.inquiry.look("").server
        self.noted.append((server.certain_at, server.flushed))
        self._due = time.monotonic() + _INTERVAL
        return server

    def look_again(self) -> None:
        """Ask, unless that was done just now. Without an answer the backup only seems older than it is."""
        if time.monotonic() < self._due:
            return
        try:
            self.look()
        except ReplicationRefusal as error:
            log.info("landmark_missed", reason=message_of(error).as_json())
            self._due = time.monotonic() + _PAUSE


def certain_by(noted: Sequence[tuple[datetime, str]], end: str) -> datetime:
    """Return the newest moment before which everything committed is in the log before the LSN *end*."""
    return max(moment for moment, flushed in noted if position(flushed) <= position(end))
