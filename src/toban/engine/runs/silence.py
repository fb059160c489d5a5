"""How long other workers have been silent, as this one sees it: what decides over a take-over."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from toban.engine.runs.models import Run

SILENCE = 6.0
"""Seconds without a heartbeat after which a worker counts as dead or frozen: four of them in a row."""

_MOST_PER_LOOK = 2.0
"""Seconds that one look counts for at most: a gap between looks says nothing about the other worker."""


@dataclass(slots=True)
class _Sight:
    fence: int
    leased_until: datetime | None
    silent_for: float


class Silences:
    """Which leases have not moved while this worker was looking.

    Judged by its time alone a lease depends on clocks, and those of two machines disagree, are set, or stand
    still with a frozen one; after the state database was away, every lease has ended and nobody is dead. So
    what counts is that a lease has been seen unmoved for `SILENCE` seconds of looking, on a clock that is
    never set.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._looked_at = seconds()
        self._sights: dict[int, _Sight] = {}

    def look(self, running: Iterable[Run]) -> frozenset[int]:
        """Return which of the *running* runs have been silent for long enough."""
        now = self._seconds()
        passed = min(now - self._looked_at, _MOST_PER_LOOK)
        self._looked_at = now
        self._sights = {run.pk: self._seen(run, passed) for run in running}
        return frozenset(pk for pk, sight in self._sights.items() if sight.silent_for >= SILENCE)

    def forget(self) -> None:
        """Begin anew: the state database was away, and nobody's heartbeat could be seen."""
        self._sights = {}

    def _seen(self, run: Run, passed: float) -> _Sight:
        before = self._sights.get(run.pk)
        if before is None or (before.fence, before.leased_until) != (run.fence, run.leased_until):
            return _Sight(run.fence, run.leased_until, 0.0)
        before.silent_for += passed
        return before
