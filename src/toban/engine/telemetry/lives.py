"""How ClickHouse can take an insert for a repetition that it holds nothing of.

It notes the token of an insert before it commits the rows: killed between the two it has the token alone, and
passes over the next attempt. Whose the first was, another process' maybe, nobody can know; that it passed
over something, it counts.
"""

import time
from typing import NamedTuple

from toban.engine.telemetry.store import Telemetry

YOUNG = 600
"""Seconds after a start of the store in which an attempt that it was killed in may come again."""

_ASKED_AGAIN = 1.0


class Look(NamedTuple):
    """What the store said of itself."""

    asked_at: float
    """By this process' monotonic clock."""
    started_after: float
    """By the same clock; the store tells whole seconds of its age, and took its time to answer."""
    started_before: float
    is_young: bool
    """Whether an attempt that the store was killed in may still come again."""
    repetitions: int
    """Blocks that it has taken for repetitions since its start."""

    def is_of_same_life(self, other: "Look") -> bool:
        """Say whether the store may have started at one moment by both looks."""
        return self.started_after < other.started_before and other.started_after < self.started_before


class Lives:
    """What a store says of its present life. Any thread may ask."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._latest: Look | None = None

    def latest(self) -> Look:
        """Return a look that is at most a second old; raises `StoreUnavailable`."""
        look = self._latest
        return look if look and time.monotonic() - look.asked_at < _ASKED_AGAIN else self.look()

    def look(self) -> Look:
        """Return a look of this moment; raises `StoreUnavailable`."""
        asked_at = time.monotonic()
        sql = "SELECT uptime(), sum(value) FROM system.events WHERE event = 'DuplicatedInsertedBlocks'"
        age, repetitions = self._telemetry.ask(sql, {})[0]
        after, before = asked_at - age - 1, time.monotonic() - age
        look = self._latest = Look(asked_at, after, before, age < YOUNG, int(repetitions))
        return look

    def forget(self) -> None:
        """Let the next look be a new one: the store did not answer."""
        self._latest = None
