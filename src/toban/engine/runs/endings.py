"""Good ends of many threads' runs, written together: under load they lock the chain of evidence once."""

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future

from toban.engine.clock import Clock
from toban.engine.runs import claim
from toban.engine.runs.claim import Fenced, Success


class Endings:
    """Group commit: while one thread writes, the ends of others gather, and the next writes them all.

    Nobody waits for company: a thread that finds no other at work writes its own end at once.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: deque[tuple[Success, Future[None]]] = deque()
        self._writing = threading.Lock()

    def write(self, success: Success) -> None:
        """Return once *success* is in the tables; raise `Fenced` if it no longer counts.

        What the state database raises, every thread gets whose end was among those being written.
        """
        written: Future[None] = Future()
        self._waiting.append((success, written))
        with self._writing:
            if not written.done():
                self._write_all()
        written.result()

    def _write_all(self) -> None:
        together = []
        while self._waiting:
            together.append(self._waiting.popleft())
        try:
            fenced = claim.succeed_all([success for success, _ in together], self._clock())
        except Exception as error:  # noqa: BLE001 - handed to every thread, which decides whether to try again
            _fail(together, error)
            return
        for success, written in together:
            if success.held.run_id in fenced:
                written.set_exception(Fenced(f"run {success.held.run_id} is no longer held"))
            else:
                written.set_result(None)


def _fail(together: Sequence[tuple[Success, Future[None]]], error: Exception) -> None:
    for _, written in together:
        written.set_exception(error)
