"""Sends journal entries to the server. Entries that could not be sent stay in the journal."""

import time
from collections.abc import Callable

import httpx

from toban.faces.agent.amiss import Amiss
from toban.faces.agent.courier import ClockAmiss, Courier, Postponement
from toban.faces.agent.journal.journal import Journal


class JournalCourier(Courier):
    """Sends the entries of a journal. Used by one thread."""

    def __init__(
        self,
        journal: Journal,
        client: httpx.Client,
        host: str,
        *,
        is_stopped: Callable[[], bool],
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(journal, client, host, is_stopped=is_stopped, elapsed=elapsed)
        self._journal = journal

    def _send_all(self) -> Postponement | None:
        try:
            held = self._send_each()
        except Amiss:
            # Entries that were read but could not be noted are read again.
            self._journal.rest()
            raise
        if held:
            self._journal.rest()
        return held

    def _send_each(self) -> Postponement | None:
        while not self._is_stopped() and (parcel := self._journal.ready()):
            try:
                held = self._deliver(parcel)
            except ClockAmiss:
                self._journal.note_anew()
                continue
            if held:
                return held
            self._journal.acknowledge()
        return None
