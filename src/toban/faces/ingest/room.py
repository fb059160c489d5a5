"""How much sent data may be in progress at once, so that many senders cost no more memory than a few."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request

LARGEST = 16 * 1024 * 1024
"""Bytes of a body, packed or not."""

LARGEST_UNPACKED = 32 * 1024 * 1024
MOST_LINES = 500_000
"""Lines of a body: the shortest ones take a thousand times their bytes in memory."""

AT_ONCE = 64 * 1024 * 1024
"""Bytes that may be in progress at once; rows take a few times as much."""


class Busy(Exception):
    """As much is in progress as is allowed."""


class IntakeRoom:
    """A limit on how much may be in progress at once. Used from one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0

    @contextmanager
    def taken(self, size: int) -> Iterator[None]:
        """Hold *size* bytes, or raise `Busy`; a single body always finds room."""
        if self._taken and self._taken + size > self._most:
            raise Busy
        self._taken += size
        try:
            yield
        finally:
            self._taken -= size


def size_of(request: Request) -> int:
    """Return how much memory to count for a body; without a length, as much as for the largest."""
    length = request.headers.get("content-length", "")
    size = int(length) if length.isascii() and length.isdecimal() else LARGEST
    # A compressed body grows about tenfold.
    return min(size * 10, LARGEST_UNPACKED) if request.headers.get("content-encoding") else size
