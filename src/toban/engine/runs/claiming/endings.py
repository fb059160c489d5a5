"""Successes of many threads' runs, written together: under load they lock the chain of evidence once."""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future

from toban.engine.runs.claiming.claim import Fenced, Success

type WriteAll = Callable[[Sequence[Success]], Collection[int]]
"""Writes ends in one transaction and returns the ids of the runs that are no longer held."""

_COMPANY = 0.003
"""The most seconds that an end waits for those of other runs in progress: a part of what its write takes."""


class Endings:
    """Group commit: while one thread writes, the ends of others collect, and the next thread writes them all.

    A thread that finds no other writing waits a moment for the rest, if any run is in progress: of eight that
    were claimed together the first would be written alone, and the others after it.
    """

    def __init__(self, write_all: WriteAll, in_progress: Callable[[], int] = lambda: 0) -> None:
        """*in_progress* tells how many runs are in progress, those that wait to be written among them."""
        self._write_all, self._in_progress = write_all, in_progress
        self._waiting: deque[tuple[Success, Future[None]]] = deque()
        self._writing = threading.Lock()

    def write(self, success: Success) -> None:
        """Return once *success* is in the tables; raise `Fenced` if it no longer counts.

        An error of the state database is raised in every thread whose end was being written.
        """
        written: Future[None] = Future()
        self._waiting.append((success, written))
        with self._writing:
            if not written.done():
                self._wait_for_company()
                self._write_waiting()
        written.result()

    def _wait_for_company(self) -> None:
        until = time.monotonic() + _COMPANY
        while len(self._waiting) < self._in_progress() and time.monotonic() < until:
            time.sleep(_COMPANY / 10)

    def _write_waiting(self) -> None:
        together = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            fenced = self._write_all([success for success, _ in together])
        except Exception as error:  # noqa: BLE001 - handed to every thread, which decides whether to try again
            for _, written in together:
                written.set_exception(error)
            return
        for success, written in together:
            if success.held.run_id in fenced:
                written.set_exception(Fenced(f"run {success.held.run_id} is no longer held"))
            else:
                written.set_result(None)
