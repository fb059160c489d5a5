"""Pushed data: from the process that receives it, through the state database, to the sources that read it.

The receiver writes rows, and acknowledges them after the commit. Each worker reads all new rows with one
query per second, for all of its pushed sources together.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connections

from toban.chapters.monitoring.models import Arrival
from toban.chapters.monitoring.pushing.pushed import PushedValues, merged
from toban.engine.clock import Clock

KEPT = timedelta(minutes=1)
"""How long a row stays: a restarted worker reads the last minute again."""

_FRESH = timedelta(seconds=1)
_MOST_WAITING = 1000
"""Arrivals of one instance waiting for a source; the oldest are dropped first, if no source is bound."""

type Key = tuple[str, str]
"""Sender and instance."""

type Reader = str
"""Who reads: each reader of an instance gets everything once. Empty for the instance's usual source."""


def receive(sender: str, pushed: Iterable[PushedValues], now: datetime) -> int:
    """Write what *sender* pushed, in the caller's transaction or a new one; return the number of rows."""
    rows = [
        Arrival(
            sender=sender,
            instance=each.instance,
            at=each.at,
            received_at=now,
            series=[[name, dict(labels), value] for (name, labels), value in each.series.items()],
            values=[list(value) for value in each.values],
        )
        for each in pushed
    ]
    return len(Arrival.objects.bulk_create(rows, batch_size=100))


def forget(now: datetime) -> int:
    """Delete rows that every worker has read; return the number of rows."""
    return Arrival.objects.filter(received_at__lt=now - KEPT).delete()[0]


class Inbox:
    """The arrivals that this process has not used yet. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last_id = 0
        self._looked_at: datetime | None = None
        self._waiting: dict[Key, dict[Reader, list[tuple[datetime, PushedValues]]]] = defaultdict(
            lambda: {"": []}
        )

    def take(self, sender: str, instance: str, before: datetime, reader: Reader = "") -> list[PushedValues]:
        """Return what was received before *before* for the instance, oldest first, once to each reader.

        One scrape may arrive in several requests: parts measured at the same time are merged here.
        """
        with self._lock:
            readers = self._waiting[sender, instance]
            readers.setdefault(reader, [])
            self._refresh()
            waiting = readers[reader]
            # A scrape with a fresh part may still be incomplete.
            unripe = {each.at for received_at, each in waiting if received_at >= before}
            ripe = [each for _, each in waiting if each.at not in unripe]
            readers[reader] = [pair for pair in waiting if pair[1].at in unripe]
        return merged(ripe)

    def leave(self, sender: str, instance: str, reader: Reader) -> None:
        """Keep nothing for *reader* any more."""
        with self._lock:
            self._waiting[sender, instance].pop(reader, None)

    def _refresh(self) -> None:
        now = self._clock()
        if self._looked_at is not None and abs(now - self._looked_at) < _FRESH:
            return
        try:
            rows = Arrival.objects.filter(pk__gt=self._last_id, received_at__gte=now - KEPT).order_by("pk")
            for row in rows:
                self._last_id = row.pk
                arrived = (row.received_at, _pushed(row))
                for waiting in self._waiting[row.sender, row.instance].values():
                    waiting.append(arrived)
                    del waiting[:-_MOST_WAITING]
        finally:
            # The thread ends with its measurement; its connection must not outlive it.
            connections.close_all()
        self._looked_at = now


def _pushed(row: Arrival) -> PushedValues:
    return PushedValues(
        row.instance,
        row.at,
        {(name, frozenset(labels.items())): value for name, labels, value in row.series},
        tuple((metric, what, value) for metric, what, value in row.values),
    )
