"""The buffer of samples between the sampler and the store: a crash of the store does not stop sampling.

A pure function, `ready`, decides what to send; the rest is bookkeeping around it.
"""

import math
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable


class SampleStore(Protocol):
    """A permanent store for samples, such as `store.Telemetry`."""

    def write(self, samples: Sequence[Sample], *, token: str) -> None:
        """Store *samples* only once per *token*; raise `StoreUnavailable` or `StoreRefused`."""

    def missing(self, samples: Sequence[Sample]) -> Sequence[Sample]:
        """Return those of *samples* that are not stored; raise `StoreUnavailable`."""


@dataclass(frozen=True, slots=True)
class Batching:
    """When waiting samples are worth an insert, and the maximum number that may wait."""

    size: int = 1_000
    age: timedelta = timedelta(seconds=2)
    """A batch is sent at this age even if it is small: the page shows only what is stored."""
    bound: int = 500_000
    """At about 150 bytes per sample, 75 MB: 80 hosts with 7 metrics at 7.5 s for an hour and a half."""


@dataclass(frozen=True, slots=True)
class FlushOutcome:
    """The result of a flush."""

    stored: int
    """Number of samples that the store acknowledged."""
    trouble: str
    """Why the store did not accept the rest, for the log; empty if it accepted all."""


def ready(waiting: int, oldest: datetime | None, *, batching: Batching, now: datetime) -> int:
    """Return how many of the *waiting* samples to send now; the first of them was measured at *oldest*."""
    if waiting >= batching.size:
        return batching.size
    # ">=": a flush landing exactly on the age must not wait for the next. "abs": clocks may be set back.
    if oldest is not None and abs(now - oldest) >= batching.age:
        return waiting
    return 0


@dataclass(frozen=True, slots=True)
class _SampleBatch:
    """Samples that are sent together under one token, repeatedly until they are acknowledged."""

    samples: tuple[Sample, ...]
    token: str
    is_in_doubt: bool = False
    """An earlier attempt may have reached the store."""


class SampleBuffer:
    """A bounded queue of samples, sent in batches until the store acknowledges them.

    Any thread may `add`; one at a time may `flush`. Order is kept. At the bound, the oldest samples that were
    never sent are dropped first, because the newest say most about now.
    """

    def __init__(self, store: SampleStore, batching: Batching | None = None) -> None:
        self._store = store
        self._batching = batching or Batching()
        self._lock = threading.Lock()
        self._waiting: deque[Sample] = deque()
        self._sending: _SampleBatch | None = None
        self._dropped = 0
        self._added = self._settled = 0
        self._marks: deque[tuple[int, datetime]] = deque()
        """How many had been added at the times of flushes; the earliest first."""
        self.stored_until: datetime | None = None
        """What was added before then is stored or dropped; None: nothing is known yet."""

    @property
    def pending(self) -> int:
        """The number of samples that are not acknowledged yet."""
        with self._lock:
            return len(self._waiting) + (len(self._sending.samples) if self._sending else 0)

    @property
    def dropped(self) -> int:
        """The number of samples dropped since the start: no room, refused by the store, or not a number."""
        return self._dropped

    def add(self, samples: Sequence[Sample]) -> None:
        """Add *samples*; never waits for the store and never fails."""
        storable = [sample for sample in samples if math.isfinite(sample.value)]
        with self._lock:
            self._waiting.extend(storable)
            self._added += len(storable)
            surplus = max(len(self._waiting) - self._batching.bound, 0)
            self._take(surplus)
            self._settled += surplus
            self._dropped += len(samples) - len(storable) + surplus

    def flush(self, now: datetime, *, everything: bool = False) -> FlushOutcome:
        """Send what is ready, or with *everything* (at a shutdown) all samples; never fails.

        A batch that the store does not acknowledge is kept: the next flush sends it first, with the same
        token. A batch that the store refuses for good is dropped and counted.
        """
        with self._lock:
            self._marks.append((self._added, now))
        outcome = self._send_ready(now, everything=everything)
        with self._lock:
            while self._marks and self._settled >= self._marks[0][0]:
                self.stored_until = self._marks.popleft()[1]
        return outcome

    def _send_ready(self, now: datetime, *, everything: bool) -> FlushOutcome:
        stored = 0
        while (batch := self._next(now, everything=everything)) is not None:
            try:
                self._send(batch)
            except StoreUnavailable as exc:
                return FlushOutcome(stored, str(exc))
            except StoreRefused as exc:
                self._settle(batch, dropped=len(batch.samples))
                return FlushOutcome(stored, str(exc))
            self._settle(batch, dropped=0)
            stored += len(batch.samples)
        return FlushOutcome(stored, "")

    def _send(self, batch: _SampleBatch) -> None:
        """Send *batch* without what is stored already; if it was in doubt, look it up afterwards.

        The engine records a token before it commits the rows. If it is killed between the two, it takes the
        next attempt for a repetition and acknowledges it, but has no rows: only a query can show that.
        """
        try:
            if samples := self._unstored(batch.samples):
                self._store.write(samples, token=batch.token)
            if batch.is_in_doubt and (missing := self._store.missing(batch.samples)):
                self._store.write(missing, token=uuid4().hex)
        except StoreUnavailable:
            with self._lock:
                self._sending = replace(batch, is_in_doubt=True)
            raise

    def _unstored(self, samples: Sequence[Sample]) -> Sequence[Sample]:
        """Return *samples* without those that were stored before."""
        doubtful = [each for each in samples if each.may_be_stored]
        if not doubtful:
            return samples
        return [*(each for each in samples if not each.may_be_stored), *self._store.missing(doubtful)]

    def _next(self, now: datetime, *, everything: bool) -> _SampleBatch | None:
        with self._lock:
            if self._sending is None:
                oldest = self._waiting[0].at if self._waiting else None
                count = ready(len(self._waiting), oldest, batching=self._batching, now=now)
                if everything:
                    count = min(len(self._waiting), self._batching.size)
                if count:
                    self._sending = _SampleBatch(self._take(count), token=uuid4().hex)
            return self._sending

    def _take(self, count: int) -> tuple[Sample, ...]:
        return tuple(self._waiting.popleft() for _ in range(count))

    def _settle(self, batch: _SampleBatch, *, dropped: int) -> None:
        with self._lock:
            self._sending = None
            self._settled += len(batch.samples)
            self._dropped += dropped
