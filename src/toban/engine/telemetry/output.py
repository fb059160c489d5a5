"""The output of runs on its way into the store: all of it; the state database has only the beginning."""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Protocol
from uuid import uuid4

_BATCH = 5_000
_BOUND = 32 * 1024**2
"""The maximum number of characters that wait while the store is unavailable."""


@dataclass(frozen=True, slots=True)
class OutputLine:
    """A line that a run wrote."""

    run: int
    fence: int
    """The claim of the run that wrote it."""
    number: int
    """Counts the lines of the claim from 1."""
    at: datetime
    step: str
    text: str

    def as_row(self) -> dict[str, object]:
        """Return the line in the store's format, with the time in UTC, to the millisecond."""
        at = self.at.astimezone(UTC)
        moment = f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03}"
        return {
            "run": self.run, "fence": self.fence, "number": self.number,
            "at": moment, "step": self.step, "text": self.text,
        }  # fmt: skip


class OutputStore(Protocol):
    """A permanent store for lines, such as `store.Telemetry`."""

    def write_output(self, lines: Sequence[OutputLine], *, token: str) -> None:
        """Store *lines* only once per *token*, or raise."""


class OutputBuffer:
    """A bounded queue of lines. Any thread may `add`, which never waits and never fails; one may `flush`.

    If there is no room while the store is unavailable, the oldest lines are dropped: the state database has
    the beginnings.
    """

    def __init__(self, store: OutputStore, bound: int = _BOUND) -> None:
        self._store = store
        self._bound = bound
        self._lock = threading.Lock()
        self._waiting: deque[OutputLine] = deque()
        self._size = 0
        self._sending: tuple[tuple[OutputLine, ...], str] = ((), "")
        self.dropped = 0
        """The number of lines dropped since the start."""

    @property
    def pending(self) -> int:
        """The number of lines that are not stored yet."""
        with self._lock:
            return len(self._waiting) + len(self._sending[0])

    def add(self, lines: Sequence[OutputLine]) -> None:
        """Add *lines*."""
        with self._lock:
            self._waiting.extend(lines)
            self._size += sum(len(line.text) for line in lines)
            while self._size > self._bound:
                self._size -= len(self._waiting.popleft().text)
                self.dropped += 1

    def flush(self) -> None:
        """Store all waiting lines. Errors of the store are raised; the next flush sends these lines first."""
        while True:
            lines, token = self._next()
            if not lines:
                return
            self._store.write_output(lines, token=token)
            with self._lock:
                self._sending = (), ""

    def give_up_batch(self) -> None:
        """Drop the lines that the store refuses for good."""
        with self._lock:
            self.dropped += len(self._sending[0])
            self._sending = (), ""

    def _next(self) -> tuple[tuple[OutputLine, ...], str]:
        with self._lock:
            if not self._sending[0]:
                lines = tuple(islice(self._waiting, _BATCH))
                for line in lines:
                    self._waiting.popleft()
                    self._size -= len(line.text)
                self._sending = lines, uuid4().hex
            return self._sending
