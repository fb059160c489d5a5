"""Successes of many threads' runs, written together: under load they lock the chain of evidence once."""

import threading
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future

from toban.engine.runs.claiming.claim import Fenced, Success

type WriteAll = Callable[[Sequence[Success]], Collection[int]]
"""Writes ends in one transaction and returns the ids of the runs that are no longer held."""


class Endings:
    """Group commit: while one thread writes, the ends of others collect, and the next thread writes them all.

    There is no waiting for others: a thread that finds no other writing writes its own end at once.
    """

    def __init__(self, write_all: WriteAll) -> None:
        self._write_all = write_all
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
                self._write_waiting()
        written.result()

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
