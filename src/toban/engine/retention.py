"""What extensions ask each other about retention. See `Ports`."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from toban.engine.editions.edition import Edition
from toban.engine.registry.ports import Port
from toban.message import Message


@dataclass(frozen=True, slots=True)
class CompanionRecords:
    """Data retained by a log's row but stored elsewhere: an error log's events, next to its lines."""

    key: str
    """A name for scripts."""
    words: Message
    """What people read: `エラーのイベント 5件 (7 kB)`."""
    count: int
    bytes: int = 0
    """0 if the size is negligible."""


type Elsewhere = Callable[[datetime | None, datetime], Sequence[CompanionRecords]]
"""Returns what came in from one moment (None: from the beginning) until before another; may be empty."""


class Retention(Protocol):
    """The extension that retains logs, asked about other data that the same rows retain."""

    def agreed(self, kind: str, edition: Edition) -> timedelta | None:
        """Return the agreed retention of *kind*; None: for ever."""

    def held_by(self, kind: str) -> str:
        """Return the reason of a legal hold on *kind*; empty without one."""

    def undisturbed(self) -> AbstractContextManager[None]:
        """Prevent a hold from being ordered while something is deleted."""


RETENTION: Port[Retention] = Port("retention")

KEPT_ELSEWHERE: Port[Mapping[str, Elsewhere]] = Port("kept-elsewhere")
"""A kind of log → what its row retains elsewhere."""
