"""How much of what is sent may be in hand at once, so that many senders cost no more memory than a few."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request

LARGEST = 16 * 1024 * 1024
"""Bytes of a body, packed or not."""

LARGEST_UNPACKED = 32 * 1024 * 1024
MOST_LINES = 500_000
"""Lines of a body: the shortest ones take a thousand times their bytes in memory."""

AT_ONCE = 64 * 1024 * 1024
"""Bytes that may be in hand; rows take a few times as much."""


class Busy(Exception):
    """As much is in hand as may be."""


class Room:
    """How much may be in hand at once. Used from one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0

    @contextmanager
    def taken(self, size: int) -> Iterator[None]:
        """Hold *size* bytes, or raise `Busy`; one alone always finds room."""
        if self._taken and self._taken + size > self._most:
            raise Busy
        self._taken += size
        try:
            yield
        finally:
            self._taken -= size


def size_of(request: Request) -> int:
    """Return how much memory a body is to be counted as; without a length, as the largest."""
    length = request.headers.get("content-length", "")
    size = int(length) if length.isascii() and length.isdecimal() else LARGEST
    # What is packed grows about tenfold.
    return min(size * 10, LARGEST_UNPACKED) if request.headers.get("content-encoding") else size
