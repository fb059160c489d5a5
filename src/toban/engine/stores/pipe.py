"""From whoever pushes bytes to whoever pulls them in another thread, with a bound on what lies between."""

import threading
from collections import deque
from collections.abc import Iterator


class Abandoned(Exception):
    """Nobody takes what is written any more."""


class Pipe:
    """One writer and one reader, each in a thread of its own."""

    def __init__(self, most: int) -> None:
        """Let the writer wait while *most* bytes or more lie in the pipe."""
        self._most = most
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._rest = memoryview(b"")
        self._has_ended = False
        self._failure: BaseException | None = None
        self._is_abandoned = False
        self._changed = threading.Condition()

    def write(self, piece: bytes) -> int:
        """Add *piece*, or raise `Abandoned`."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting < self._most or self._is_abandoned)
            if self._is_abandoned:
                raise Abandoned
            self._pieces.append(piece)
            self._waiting += len(piece)
            self._changed.notify_all()
        return len(piece)

    def flush(self) -> None:
        """Do nothing: the reader takes every piece at once."""

    def end(self, failure: BaseException | None = None) -> None:
        """Say that no more comes; a *failure* is raised where the reader is, before any end of file."""
        with self._changed:
            self._has_ended, self._failure = True, failure
            self._changed.notify_all()

    def abandon(self) -> None:
        """Say that nobody reads on."""
        with self._changed:
            self._is_abandoned = True
            self._pieces.clear()
            self._changed.notify_all()

    def read(self, most: int = -1) -> bytes:
        """Return up to *most* bytes, all of a piece below zero; none at the end."""
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
