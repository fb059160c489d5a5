"""A worker's threads: each does one run after another, and keeps its own connection to the state database."""

import queue
import threading
from collections.abc import Callable

from django.db import connections


class Crew:
    """At most *most* threads, created as needed.

    They are daemons, unlike those of `concurrent.futures`: a step that hangs must not keep a worker from
    ending. A job must catch its own exceptions.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._count = 0

    def give(self, job: Callable[[], None]) -> None:
        """Have a thread do *job*, at once if one is free. Call it from one thread only."""
        self._jobs.put(job)
        if not self._idle.acquire(blocking=False) and self._count < self._most:
            self._count += 1
            threading.Thread(target=self._serve, name=f"run {self._count}", daemon=True).start()

    def dismiss(self) -> None:
        """Have every thread end after its current job."""
        for _ in range(self._count):
            self._jobs.put(None)

    def _serve(self) -> None:
        try:
            while (job := self._jobs.get()) is not None:
                job()
                self._idle.release()
        finally:
            connections.close_all()


def drop_broken_connections() -> None:
    """Close this thread's connections that have failed: the next use makes a new one."""
    for each in connections.all(initialized_only=True):
        if each.errors_occurred:
            each.close()
