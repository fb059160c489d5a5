"""What one extension asks of another about how long things are kept. See `Ports`."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from toban.engine.editions.edition import Edition
from toban.engine.registry.ports import Port


@dataclass(frozen=True, slots=True)
class Beside:
    """What is kept by a kind's row and lies elsewhere: an error log's events, beside its lines."""

    key: str
    """For scripts."""
    words: str
    """For people: `エラーのイベント 5件 (7 kB)`."""
    count: int
    bytes: int = 0
    """0 where it is next to nothing."""


type Elsewhere = Callable[[datetime | None, datetime], Sequence[Beside]]
"""What came in from one moment (None: from the beginning) to before another; empty where nothing did."""


class Retention(Protocol):
    """Whoever keeps logs answers for what is kept by the same rows."""

    def agreed(self, kind: str, edition: Edition) -> timedelta | None:
        """Return how long what is of *kind* stays by what was agreed to; None: for ever."""

    def held_by(self, kind: str) -> str:
        """Return the reason of a legal hold on *kind*; empty without one."""

    def undisturbed(self) -> AbstractContextManager[None]:
        """Keep a hold from being ordered while something is deleted."""


RETENTION: Port[Retention] = Port("retention")

KEPT_ELSEWHERE: Port[Mapping[str, Elsewhere]] = Port("kept-elsewhere")
"""A kind of log → what lies elsewhere and is kept by its row."""
