"""How long other workers have been silent, as this one sees it: what decides over a take-over."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

SILENCE = 6.0
"""Seconds without a heartbeat after which a worker counts as dead or frozen: four of them in a row."""

_MOST_PER_LOOK = 2.0
"""Seconds that one look counts for at most: a gap between looks says nothing about the other worker."""


@dataclass(slots=True)
class _Sight:
    sign: object
    silent_for: float


class Silences:
    """Which signs of life have not moved while this worker was looking.

    Judged by its time alone a lease depends on clocks, and those of two machines disagree, are set, or stand
    still with a frozen one; after the state database was away, every lease has ended and nobody is dead. So
    what counts is that its sign of life has been seen unmoved for `SILENCE` seconds of looking, on a clock
    that is never set.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._looked_at = seconds()
        self._sights: dict[object, _Sight] = {}

    def look[K](self, signs: Mapping[K, object]) -> frozenset[K]:
        """Return which of what others hold, by their newest *signs* of life, is held by nobody any more."""
        now = self._seconds()
        passed = min(now - self._looked_at, _MOST_PER_LOOK)
        self._looked_at = now
        self._sights = {held: self._seen(held, sign, passed) for held, sign in signs.items()}
        return frozenset(held for held in signs if self._sights[held].silent_for >= SILENCE)

    def forget(self) -> None:
        """Begin anew: the state database was away, and nobody's heartbeat could be seen."""
        self._sights = {}

    def _seen(self, held: object, sign: object, passed: float) -> _Sight:
        before = self._sights.get(held)
        if before is None or before.sign != sign:
            return _Sight(sign, 0.0)
        before.silent_for += passed
        return before
