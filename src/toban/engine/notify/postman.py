"""The outbox's workers: one thread per channel, so that a slow one keeps no other waiting."""

import threading
import time
from collections.abc import Mapping

import structlog
from django.db import DatabaseError, close_old_connections

from toban.engine.clock import Clock
from toban.engine.notify.channel import Channel
from toban.engine.notify.outbox import deliver_due

_PAUSE = 0.5
"""Seconds between looks into an outbox that had nothing due."""
_PAUSE_AFTER_TROUBLE = 5.0

log = structlog.get_logger()


class Postman:
    """Delivers in the background from `start` to `stop`."""

    def __init__(self, channels: Mapping[str, Channel], clock: Clock) -> None:
        self._clock = clock
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._round, args=(name, channel), name=f"postman-{name}", daemon=True)
            for name, channel in channels.items()
        ]

    def start(self) -> None:
        """Start delivering."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float) -> None:
        """Let the present attempts end, *timeout* seconds at most; what is cut off is sent again later."""
        self._stopping.set()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _round(self, name: str, channel: Channel) -> None:
        while not self._stopping.is_set():
            try:
                pause = 0.0 if deliver_due(name, channel, clock=self._clock) else _PAUSE
            except DatabaseError as error:
                # The state database is away: nothing is lost, every row is still there when it is back.
                log.warning("outbox_unreadable", channel=name, error=str(error))
                pause = _PAUSE_AFTER_TROUBLE
            finally:
                close_old_connections()
            self._stopping.wait(pause)
