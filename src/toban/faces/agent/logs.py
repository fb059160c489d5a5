"""Sends the lines of log files to the server.

Lines that could not be sent stay in the file: memory holds only one batch.
"""

import time
from collections.abc import Callable

import httpx

from toban.faces.agent.courier import ClockAmiss, Courier, Parcel, Postponement
from toban.faces.agent.files.tail import FileTail, TailedFile
from toban.message import Message


class Shipper(Courier):
    """Sends the batches of a tail. Used by one thread."""

    def __init__(
        self,
        tail: FileTail,
        client: httpx.Client,
        host: str,
        *,
        is_stopped: Callable[[], bool],
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(tail, client, host, is_stopped=is_stopped, elapsed=elapsed)
        self._tail = tail

    def _watch(self) -> None:
        # A file that was seen before it is emptied or packed can be recognised afterwards.
        self._tail.look()

    def _amiss(self) -> Message:
        return self._tail.amiss()

    def _send_all(self) -> Postponement | None:
        while not self._is_stopped():
            self._tail.look()
            ready = self._tail.ready()
            if not ready:
                break
            held = self._send_each(ready)
            self._tail.save()
            if held:
                return held
        return None

    def _send_each(self, ready: list[TailedFile]) -> Postponement | None:
        for tailed in ready:
            if self._is_stopped():
                return None
            pending, body = tailed.position.pending, self._tail.body(tailed)
            if body is None:
                continue
            held = self._send(tailed, body) if body else None
            if held:
                return held
            if tailed.position.pending is pending:
                self._tail.acknowledge(tailed)
        return None

    def _send(self, tailed: TailedFile, body: bytes) -> Postponement | None:
        """Send the pending batch of *tailed*, or date it again if its time was wrong; return why it stays."""
        pending = tailed.position.pending
        if pending is None:
            return None
        parcel = Parcel(tailed.position.path, pending.key, pending.at, body, tailed.was_sent)
        tailed.was_sent = True
        try:
            return self._deliver(parcel)
        except ClockAmiss:
            self._tail.note_anew(tailed)
            return None
