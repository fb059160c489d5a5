"""A row's stored readings judged again, by `rules.observe`, which judges them live. Pure.

A watch that is normal and waits for nothing stays so at any reading in the normal range. So hours with
nothing but such readings are skipped: what is read of the store is what could have raised an alert, from an
hour before, and whatever follows until the watch is at rest again.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from toban.chapters.monitoring.limits import LimitZone, MonitorLimits
from toban.chapters.monitoring.rules import InstanceWatch, observe, silence
from toban.chapters.monitoring.source import Measurement
from toban.design.values.threshold import Comparison
from toban.engine.notify.alerts import AlertChange, step
from toban.engine.notify.signal import Condition
from toban.message import NOTHING

HOUR = timedelta(hours=1)
_AT_ONCE = 24
"""Hours that are read together."""


@dataclass(frozen=True, slots=True)
class PastHour:
    """One hour of one instance: how many readings, and between which values."""

    at: datetime
    count: int
    low: float
    high: float
    known: int = 0
    """In how many of its twelve slots of five minutes there is a reading."""
    first: datetime | None = None
    """The first of these slots."""


@dataclass(frozen=True, slots=True)
class Episode:
    """A time in which the value of an instance was out of bounds for long enough to raise an alert."""

    instance: str
    turns: tuple[tuple[datetime, Condition], ...]
    """When it had which condition; the first is its beginning."""
    resolved_at: datetime | None = None
    """None if it was still open at the end."""

    @property
    def opened_at(self) -> datetime:
        """When it began."""
        return self.turns[0][0]


class Rehearsal:
    """One instance of a row while its readings are judged again, in order."""

    def __init__(self, instance: str, limits: MonitorLimits) -> None:
        self._limits = limits
        self._instance = instance
        self._watch: InstanceWatch | None = None
        self._closed: list[Episode] = []
        self._open: Episode | None = None

    @property
    def episodes(self) -> tuple[Episode, ...]:
        """What has been found so far, the oldest first."""
        return (*self._closed, self._open) if self._open is not None else tuple(self._closed)

    def read(self, reading: Measurement) -> None:
        """Judge the next reading. If none came for too long before it, the watch was silent meanwhile."""
        watch = self._watch or InstanceWatch(self._instance, None, reading.at)
        heard = watch.measured_at or reading.at
        watch = silence(watch, self._limits, listening_since=heard, why=NOTHING, now=reading.at)
        self._watch = observe(watch, reading, self._limits)
        self._follow(self._watch, reading.at)

    def is_at_rest(self) -> bool:
        """Return whether readings in the normal range can't change anything, the window's own apart."""
        return self._watch is None or replace(self._watch, recent=()).is_at_rest

    def _follow(self, watch: InstanceWatch, at: datetime) -> None:
        condition = watch.condition
        former = self._open.turns[-1][1] if self._open is not None else None
        taken = step(former, condition)
        if taken is AlertChange.OPEN and condition is not None:
            self._open = Episode(self._instance, ((at, condition),))
        elif taken is AlertChange.CHANGE and condition is not None and self._open is not None:
            self._open = replace(self._open, turns=(*self._open.turns, (at, condition)))
        elif taken is AlertChange.RESOLVE and self._open is not None:
            self._closed.append(replace(self._open, resolved_at=at))
            self._open = None


type ReadPast = Callable[[datetime, datetime], Iterable[Measurement]]
"""Returns an instance's readings from a time (included) to another (excluded), in order."""


def replayed(
    instance: str, limits: MonitorLimits, hours: Sequence[PastHour], read: ReadPast
) -> tuple[Episode, ...]:
    """Return the alerts that *limits* would have raised about *instance*; *hours* are all with a reading."""
    found = Rehearsal(instance, limits)
    wanted = needed(limits, hours)
    number = 0
    while number < len(hours):
        if not wanted[number] and found.is_at_rest():
            number += 1
            continue
        last = _together(hours, wanted, number)
        for reading in read(hours[number].at, hours[last].at + HOUR):
            found.read(reading)
        number = last + 1
    return found.episodes


def needed(limits: MonitorLimits, hours: Sequence[PastHour]) -> list[bool]:
    """Return which of *hours* can't be skipped: those out of the normal range, and what is around them.

    Before, so that what is compared is known by then; after, as long as the row's window still holds them.
    """
    width, length = limits.slots or (timedelta(), timedelta())
    # An hour belongs to it if any moment of it does.
    around = max(HOUR, length + width) + HOUR
    out = [hour.at for hour in hours if is_out(limits, hour)]
    found = []
    for hour in hours:
        # Hours are in order: the nearest ones on either side decide.
        next_one = bisect_left(out, hour.at)
        found.append(any(abs(at - hour.at) < around for at in out[max(next_one - 1, 0) : next_one + 1]))
    return found


def is_out(limits: MonitorLimits, hour: PastHour) -> bool:
    """Return whether a reading of *hour* may be out of the normal range, or reach a threshold."""
    ends = (limits.standing(hour.low), limits.standing(hour.high))
    if any(each is not LimitZone.NORMAL for each in ends):
        return True
    # Every other comparison that holds within a range holds at one of its ends.
    exact = (each for each in (limits.warning, limits.critical) if each is not None)
    return any(each.comparison is Comparison.EQUAL and hour.low <= each.value <= hour.high for each in exact)


def newest_within(
    limits: Iterable[MonitorLimits], hours: Sequence[PastHour], most: int
) -> Iterator[PastHour]:
    """Yield the newest of *hours* of which at most *most* readings must be read, in order."""
    marks = [needed(each, hours) for each in limits]
    left, first = most, 0
    for number in range(len(hours) - 1, -1, -1):
        left -= hours[number].count * sum(each[number] for each in marks)
        if left < 0:
            first = number + 1
            break
    yield from hours[first:]


def _together(hours: Sequence[PastHour], wanted: Sequence[bool], first: int) -> int:
    """Return the last of the wanted hours that follow on the *first*, and are read with it."""
    last = first
    while last + 1 < len(hours) and wanted[last + 1] and last + 1 - first < _AT_ONCE:
        last += 1
    return last
