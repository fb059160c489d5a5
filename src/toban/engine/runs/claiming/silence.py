"""How long other workers have been silent, as this one sees it: the basis for a take-over."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

BEAT = 0.5
"""Seconds between two heartbeats."""

SILENCE = 8 * BEAT
"""Seconds without a heartbeat after which a worker counts as dead or frozen: so many of them in a row."""

SURE = SILENCE / 4
"""Seconds for which nobody can have replaced a worker that the tables have just confirmed."""

_LOOK = 0.25
"""The most seconds between two looks at the heartbeats of others."""

_LOOK_IN_VAIN = 2 * _LOOK
"""The same where the last look found none: another may have begun since."""

_LEAST_LOOKS = 4
"""One look counts for this part of a silence at most: a gap between looks says nothing about others."""


@dataclass(slots=True)
class _LifeSign:
    sign: object
    silent_for: float


class Silences:
    """Finds the signs of life that have not changed while this worker was looking.

    The end time of a lease depends on clocks. The clocks of two machines disagree, are set, or stop with a
    frozen machine. After the state database was unavailable, every lease has ended although nobody is dead.
    So a worker counts as dead if its sign of life has not changed for *silence* seconds of looking, on a
    clock that is never set.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic, *, silence: float = SILENCE) -> None:
        self._seconds, self._silence = seconds, silence
        self._looked_at = seconds()
        self._sights: dict[object, _LifeSign] = {}

    def look[K](self, signs: Mapping[K, object]) -> frozenset[K]:
        """Return which keys of *signs*, the newest signs of life of their holders, nobody holds any more."""
        now = self._seconds()
        passed = min(now - self._looked_at, self._silence / _LEAST_LOOKS)
        self._looked_at = now
        self._sights = {held: self._seen(held, sign, passed) for held, sign in signs.items()}
        return frozenset(held for held in signs if self._sights[held].silent_for >= self._silence)

    def next_look(self) -> float:
        """Return after how many seconds to look again: a silence is noticed when it is just long enough."""
        # A worker without room leaves the silent ones to others, and need not look any sooner for them.
        lacking = [self._silence - sight.silent_for for sight in self._sights.values()]
        most = _LOOK if self._sights else _LOOK_IN_VAIN
        return self._looked_at + min(each for each in (most, *lacking) if each > 0) - self._seconds()

    def forget(self) -> None:
        """Start over: the state database was unavailable, and nobody's heartbeat could be seen."""
        self._sights = {}

    def _seen(self, held: object, sign: object, passed: float) -> _LifeSign:
        before = self._sights.get(held)
        if before is None or before.sign != sign:
            return _LifeSign(sign, 0.0)
        before.silent_for += passed
        return before
