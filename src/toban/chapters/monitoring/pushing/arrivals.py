"""Pushed data: from the process that receives it, through the state database, to the sources that read it.

The receiver writes rows, and acknowledges them after the commit: from then on none may be lost. The worker
that leads reads all new rows with one query per second, for all of its pushed sources together, and deletes
them when their samples are stored. What another worker may have read before is marked, so that nothing is
stored twice.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache

from django.db import connections
from django.db.models import Max, Q, QuerySet

from toban.chapters.monitoring.models import Arrival
from toban.chapters.monitoring.pushing.pushed import PushedValues, merged
from toban.engine.clock import Clock, system_clock

KEPT = timedelta(minutes=1)
"""How long a row stays after its samples were stored: rates need the scrape before, also after a restart."""

LONGEST = timedelta(days=1)
"""How long a row waits for a worker, or for the store, before it is deleted all the same."""

_FRESH = timedelta(seconds=1)
_MOST_AT_ONCE = 2000
"""Rows of one look: after an outage of the worker, the rest comes with the next looks."""

_MOST_WAITING = 1000
"""Arrivals of one instance waiting for a source; the oldest are dropped first, if no source is bound."""

_REMEMBERED = 100
"""Arrivals of one instance among which a repetition is found; a late one is looked up in the store."""

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


def forget(before: datetime) -> int:
    """Delete the rows received before *before*; return their number."""
    return Arrival.objects.filter(received_at__lt=before).delete()[0]


@cache
def inbox() -> "Inbox":
    """Return this process's inbox."""
    return Inbox(system_clock)


class Inbox:
    """The arrivals that this process has not used yet. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._term: int | None = None
        self._begin()

    def _begin(self) -> None:
        """Read everything that is there, again."""
        self._began_at: datetime | None = None
        self._others_read = 0
        """The newest row that another worker may have read."""
        self._last_id = 0
        self._skipped: dict[int, datetime] = {}
        """Ids below the last one without a row, since when: their transaction may not have ended yet."""
        self._looked_at: datetime | None = None
        self._read_until: datetime | None = None
        self.is_behind = False
        """Whether there is more than was read at once: then nothing newer was read yet."""
        self._waiting: dict[Key, dict[Reader, list[tuple[datetime, PushedValues]]]] = defaultdict(
            lambda: {"": []}
        )
        self._recent: dict[Key, deque[int]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))
        """What was pushed last, as hashes."""
        self._asked: set[tuple[Key, Reader]] = set()

    def follow(self, term: int | None) -> None:
        """Note in which *term* this worker leads: before a new one, another worker may have read."""
        with self._lock:
            if term != self._term:
                self._term = term
                self._begin()

    def take(self, sender: str, instance: str, before: datetime, reader: Reader = "") -> list[PushedValues]:
        """Return what was received before *before* for the instance, oldest first, once to each reader.

        One scrape may arrive in several requests: parts measured at the same time are merged here.
        """
        with self._lock:
            readers = self._waiting[sender, instance]
            readers.setdefault(reader, [])
            self._refresh()
            self._asked.add(((sender, instance), reader))
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
            self._asked.discard(((sender, instance), reader))

    def taken_until(self) -> datetime | None:
        """Return the time up to which sources have taken what was received for them.

        None in the first minute: not every source has asked yet.
        """
        with self._lock:
            self._refresh()
            now = self._clock()
            if self._read_until is None or self._began_at is None or now - self._began_at < KEPT:
                return None
            waiting = (self._waiting[key].get(reader) for key, reader in self._asked)
            return min([self._read_until, *(each[0][0] for each in waiting if each)])

    def _refresh(self) -> None:
        now = self._clock()
        if self._looked_at is not None and abs(now - self._looked_at) < _FRESH:
            return
        try:
            if self._began_at is None:
                self._others_read = Arrival.objects.aggregate(newest=Max("pk"))["newest"] or 0
                self._began_at = now
            rows = list(self._unread()[:_MOST_AT_ONCE])
        finally:
            # The thread ends with its measurement; its connection must not outlive it.
            connections.close_all()
        for row in rows:
            self._note(row.pk, now)
            self._keep(row)
        self._skipped = {pk: since for pk, since in self._skipped.items() if now - since < KEPT}
        self.is_behind = len(rows) == _MOST_AT_ONCE
        self._read_until = rows[-1].received_at if self.is_behind else now
        self._looked_at = now

    def _keep(self, row: Arrival) -> None:
        is_late = row.received_at - row.at > KEPT / 2
        pushed = _pushed(row, is_reread=is_late or row.pk <= self._others_read)
        # A sender that got no answer sends the same again: soon, or late.
        content = hash((pushed.at, frozenset(pushed.series.items()), tuple(pushed.values)))
        recent = self._recent[row.sender, row.instance]
        if content not in recent:
            recent.append(content)
            for waiting in self._waiting[row.sender, row.instance].values():
                waiting.append((row.received_at, pushed))
                del waiting[:-_MOST_WAITING]

    def _unread(self) -> QuerySet[Arrival]:
        # Ids are given before the commit: a row may appear after one with a larger id.
        return Arrival.objects.filter(Q(pk__gt=self._last_id) | Q(pk__in=self._skipped)).order_by("pk")

    def _note(self, pk: int, now: datetime) -> None:
        """Note that the row *pk* was read."""
        if self._last_id:
            self._skipped.update(dict.fromkeys(range(self._last_id + 1, pk), now))
        self._skipped.pop(pk, None)
        self._last_id = max(self._last_id, pk)


def _pushed(row: Arrival, *, is_reread: bool) -> PushedValues:
    return PushedValues(
        row.instance,
        row.at,
        {(name, frozenset(labels.items())): value for name, labels, value in row.series},
        tuple((metric, what, value) for metric, what, value in row.values),
        is_reread,
    )
