"""Passes an answer from the thread that makes it to the event loop that sends it."""

import asyncio
import threading

from toban.engine.telemetry.child.engine import AnswerHead
from toban.engine.telemetry.child.refusal import RequestRefusal

_ROOM = 8
"""Number of parts that may wait to be sent; a slow reader pauses the query instead of filling the memory."""


class AnswerAbandoned(Exception):
    """Nobody waits for the answer any more."""


class AnswerEnd:
    """The answer is complete."""


Part = AnswerHead | bytes | RequestRefusal | AnswerEnd


class StreamedAnswer:
    """A bounded queue of parts, filled by one thread and emptied by one task."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parts: asyncio.Queue[Part] = asyncio.Queue()
        self._room = threading.Semaphore(_ROOM)
        self._gone = threading.Event()

    def put(self, part: Part) -> None:
        """Add *part*, waiting for room; raise `AnswerAbandoned` if the reader has gone. For the thread."""
        self._room.acquire()
        if self._gone.is_set():
            raise AnswerAbandoned
        self._loop.call_soon_threadsafe(self._parts.put_nowait, part)

    async def take(self) -> Part:
        """Return the next part. For the task."""
        part = await self._parts.get()
        self._room.release()
        return part

    def abandon(self) -> None:
        """Tell the thread that nobody is reading any more."""
        self._gone.set()
        self._room.release()
