"""A bounded pipe between a thread that pushes bytes and another thread that pulls them."""

import threading
from collections import deque
from collections.abc import Iterator


class PipeAbandoned(Exception):
    """Nobody reads what is written any more."""


class Pipe:
    """A pipe for one writer and one reader, each in its own thread."""

    def __init__(self, most: int) -> None:
        """Make the writer wait while the pipe contains *most* bytes or more."""
        self._most = most
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._rest = memoryview(b"")
        self._has_ended = False
        self._failure: BaseException | None = None
        self._is_abandoned = False
        self._changed = threading.Condition()

    def write(self, piece: bytes) -> int:
        """Add *piece*, or raise `PipeAbandoned`."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting < self._most or self._is_abandoned)
            if self._is_abandoned:
                raise PipeAbandoned
            self._pieces.append(piece)
            self._waiting += len(piece)
            self._changed.notify_all()
        return len(piece)

    def flush(self) -> None:
        """Do nothing: every piece is available to the reader at once."""

    def end(self, failure: BaseException | None = None) -> None:
        """Signal the end of the data; a *failure* is raised in the reader, before any end of file."""
        with self._changed:
            self._has_ended, self._failure = True, failure
            self._changed.notify_all()

    def abandon(self) -> None:
        """Signal that the reader has stopped."""
        with self._changed:
            self._is_abandoned = True
            self._pieces.clear()
            self._changed.notify_all()

    def read(self, most: int = -1) -> bytes:
        """Return up to *most* bytes, or the rest of a piece if *most* is negative; empty at the end."""
        if not self._rest:
            self._rest = memoryview(self._take())
        taken = self._rest if most < 0 else self._rest[:most]
        self._rest = self._rest[len(taken) :]
        return bytes(taken)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces as they were written."""
        while piece := self._take():
            yield piece

    def _take(self) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: self._pieces or self._has_ended)
            if self._failure is not None:
                raise self._failure
            if not self._pieces:
                return b""
            piece = self._pieces.popleft()
            self._waiting -= len(piece)
            self._changed.notify_all()
            return piece
