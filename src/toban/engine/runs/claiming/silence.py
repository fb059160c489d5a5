"""How long other workers have been silent, as this one sees it: the basis for a take-over."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

SILENCE = 6.0
"""Seconds without a heartbeat after which a worker counts as dead or frozen: four of them in a row."""

_MOST_PER_LOOK = 2.0
"""The maximum number of seconds that one look counts: a gap between looks says nothing about others."""


@dataclass(slots=True)
class _LifeSign:
    sign: object
    silent_for: float


class Silences:
    """Finds the signs of life that have not changed while this worker was looking.

    The end time of a lease depends on clocks. The clocks of two machines disagree, are set, or stop with a
    frozen machine. After the state database was unavailable, every lease has ended although nobody is dead.
    So a worker counts as dead if its sign of life has not changed for `SILENCE` seconds of looking, on a
    clock that is never set.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._looked_at = seconds()
        self._sights: dict[object, _LifeSign] = {}

    def look[K](self, signs: Mapping[K, object]) -> frozenset[K]:
        """Return which keys of *signs*, the newest signs of life of their holders, nobody holds any more."""
        now = self._seconds()
        passed = min(now - self._looked_at, _MOST_PER_LOOK)
        self._looked_at = now
        self._sights = {held: self._seen(held, sign, passed) for held, sign in signs.items()}
        return frozenset(held for held in signs if self._sights[held].silent_for >= SILENCE)

    def forget(self) -> None:
        """Start over: the state database was unavailable, and nobody's heartbeat could be seen."""
        self._sights = {}

    def _seen(self, held: object, sign: object, passed: float) -> _LifeSign:
        before = self._sights.get(held)
        if before is None or before.sign != sign:
            return _LifeSign(sign, 0.0)
        before.silent_for += passed
        return before
