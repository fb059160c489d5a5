"""How much sent data may be in progress at once, so that many senders cost no more memory than a few."""

import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from toban.faces.ingest.senders import TooLarge
from toban.faces.ingest.takers import by_a_reader
from toban.faces.ingest.unpacking import unpacked

LARGEST = 16 * 1024 * 1024
"""Bytes of a body, packed or not."""

LARGEST_UNPACKED = 32 * 1024 * 1024
MOST_LINES = 500_000
"""Lines of a body: the shortest ones take a thousand times their bytes in memory."""

AT_ONCE = 64 * 1024 * 1024
"""Bytes that may be in progress at once; rows take a few times as much."""


_JOINED_AT_ONCE = 1024 * 1024
"""Bytes that are copied in the event loop; more take milliseconds, in which it does nothing else."""


class Busy(Exception):
    """As much is in progress as is allowed."""


class IntakeRoom:
    """A limit on how much may be in progress at once, and on the part of it that one owner may hold.

    Half of the room stays free for others, so that no sender can keep them out. May be used by any thread.
    """

    def __init__(self, most: int = AT_ONCE) -> None:
        self._most = most
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def held(self, owner: str) -> Iterator["HeldRoom"]:
        """Give *owner* room for one body inside the block: nothing yet, more as the body grows."""
        held = HeldRoom(self, owner)
        try:
            yield held
        finally:
            held.become(0)

    def add(self, size: int, owner: str) -> None:
        """Count *size* bytes more for *owner*, or fewer; raise `Busy` instead if they find no room."""
        with self._lock:
            is_too_much = (
                self._taken.total() + size > self._most or self._taken[owner] + size > self._most // 2
            )
            if size > 0 and is_too_much:
                raise Busy
            self._taken[owner] += size
            if not self._taken[owner]:
                del self._taken[owner]


@dataclass(slots=True)
class HeldRoom:
    """The room of one body, while it is received, unpacked and read."""

    room: IntakeRoom
    owner: str
    size: int = 0

    def become(self, size: int) -> None:
        """Hold *size* bytes from now on, or raise `Busy`."""
        self.room.add(size - self.size, self.owner)
        self.size = size

    async def received(self, body: AsyncIterator[bytes], *, begin: bytes = b"", most: int = LARGEST) -> bytes:
        """Return *begin* and what follows it in *body*.

        Raises `TooLarge` as soon as it is longer than *most*, and `Busy` as soon as it finds no room: what a
        sender announces counts for nothing.
        """
        pieces, size = [begin], len(begin)
        async for piece in body:
            pieces.append(piece)
            size += len(piece)
            if size > most:
                raise TooLarge
            self.become(size)
        if size <= _JOINED_AT_ONCE:
            return b"".join(pieces)
        return await by_a_reader(b"".join, pieces)

    def unpacked(self, body: bytes, encoding: str, most: int = LARGEST_UNPACKED) -> bytes:
        """Return `unpacking.unpacked` of *body*, and hold room for that too; it may grow 250-fold."""
        content = unpacked(body, encoding, most)
        self.become(max(len(content), self.size))
        return content
