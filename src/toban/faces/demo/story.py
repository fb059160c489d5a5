"""What happens in the demo's month: the same for the same seed. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import sin, tau
from random import Random
from zlib import crc32
from zoneinfo import ZoneInfo

from toban.design.values.metric import Metric
from toban.design.values.schedule.occurrence import existing

_QUIET: Mapping[Metric, tuple[float, float]] = {
    Metric.CPU_USAGE: (32.0, 9.0),
    Metric.MEMORY_USAGE: (48.0, 5.0),
    Metric.DISK_USAGE: (41.0, 3.0),
    Metric.CONNECTIONS: (22.0, 8.0),
    Metric.RESPONSE_TIME: (120.0, 45.0),
    Metric.ERROR_RATE: (0.01, 0.01),
    Metric.UP: (1.0, 0.0),
}
"""The middle of each metric on a quiet day, and how far it moves."""
_WEB = ("web-1", "web-2")
_TROUBLES: tuple[tuple[Metric, tuple[str, ...], int, float, int], ...] = (
    (Metric.UP, _WEB, 9, 0.0, 1),
    (Metric.UP, ("api-1/products",), 6, 0.0, 1),
    (Metric.RESPONSE_TIME, ("api-1",), 14, 1400.0, 1),
    (Metric.RESPONSE_TIME, ("api-1",), 11, 640.0, 3),
    (Metric.ERROR_RATE, ("api-1",), 12, 0.5, 1),
    (Metric.CPU_USAGE, ("web-1",), 16, 91.0, 1),
    (Metric.CPU_USAGE, ("web-2",), 13, 76.0, 2),
    (Metric.CONNECTIONS, ("db-1",), 12, 94.0, 1),
    (Metric.DISK_USAGE, ("web-log",), 25, 84.0, 1),
)
"""Metric, instances, minutes, value, and how often in a month."""
_APART, _NIGHT_ENDS = timedelta(hours=3), 5
"""Between two troubles: each is over, and looked at, before the next."""
_ODD_DAYS = 5
"""Two without anybody, then one each: the routine is handed on, declined, an exception is asked for."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A time in which a metric leaves its normal range."""

    metric: Metric
    instances: tuple[str, ...]
    start: datetime
    end: datetime
    value: float

    def includes(self, metric: Metric, instance: str, at: datetime) -> bool:
        """Return whether it decides the value."""
        return metric is self.metric and instance in self.instances and self.start <= at < self.end


@dataclass(frozen=True, slots=True)
class Story:
    """A month, from the first moment on."""

    seed: int
    start: datetime
    end: datetime
    troubles: tuple[Trouble, ...]
    failing: Mapping[tuple[str, date], int]
    """A batch and a day → how many of its attempts fail."""
    unsigned: frozenset[date]
    """The days on which nobody has time for the routine."""
    handed_on: date | None = None
    """The day on which the developer hands the routine on."""
    declined: date | None = None
    """The day on which the developer says that it is not performed, and why."""
    excepted: date | None = None
    """The day on which the developer asks for an exception."""

    def trouble_at(self, at: datetime) -> datetime | None:
        """Return when what is wrong at *at* is over; None if nothing is."""
        return max((each.end for each in self.troubles if each.start <= at < each.end), default=None)

    def next_trouble(self, after: datetime) -> datetime | None:
        """Return when the next thing goes wrong."""
        return min((each.start for each in self.troubles if each.start > after), default=None)

    def value(self, metric: Metric, instance: str, at: datetime) -> float | None:
        """Return what *instance* measures at *at*; None if it never measures that."""
        for each in self.troubles:
            if each.includes(metric, instance, at):
                return each.value
        quiet = _QUIET.get(metric)
        if quiet is None:
            return None
        middle, swing = quiet
        minute = int(at.timestamp()) // 60
        noise = crc32(f"{self.seed}/{metric}/{instance}/{minute}".encode()) / 2**32 - 0.5
        # Customers come by day: the highest value is in the afternoon.
        day = sin(tau * (minute % 1440 / 1440 - 0.1))
        return round(max(middle + swing * (day + noise) / 1.5, 0.0), 4)


def months_start(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment of the month before *now*'s."""
    day = (now.astimezone(zone).date().replace(day=1) - timedelta(days=1)).replace(day=1)
    return existing(day, time(0), zone)


def story_of(start: datetime, end: datetime, seed: int, is_workday: Callable[[date], bool]) -> Story:
    """Return what happens from *start* to *end*."""
    rng = Random(seed)  # noqa: S311 - a story
    days = [start.date() + timedelta(days=each) for each in range(max((end - start).days, 1))]
    workdays = [each for each in days if is_workday(each)]
    failing = {("B004", rng.choice(days)): 1, ("B002", rng.choice(days)): 9, ("B001", rng.choice(days)): 2}
    first, second, *others = _sampled(rng, workdays, _ODD_DAYS)
    unsigned = frozenset(day for day in (first, second) if day is not None)
    return Story(seed, start, end, _troubles(rng, start, end), failing, unsigned, *others)


def _sampled(rng: Random, days: Sequence[date], count: int) -> Sequence[date | None]:
    """Return *count* different days in any order; None where there are too few."""
    found = rng.sample(days, min(count, len(days)))
    return [*found, *[None] * (count - len(found))]


def _troubles(rng: Random, start: datetime, end: datetime) -> tuple[Trouble, ...]:
    wanted = [each for each in _TROUBLES for _ in range(each[-1])]
    # Not in the night: batches run then, and take the month's time with them.
    times = (start + timedelta(hours=8) + _APART * each for each in range(int((end - start) / _APART) - 4))
    hours = [each for each in times if each.hour >= _NIGHT_ENDS]
    begins = sorted(rng.sample(hours, min(len(wanted), len(hours))))
    rng.shuffle(wanted)
    found = []
    for begin, (metric, instances, minutes, value, _) in zip(begins, wanted, strict=False):
        first = begin + timedelta(minutes=rng.randrange(15, 60))
        found.append(Trouble(metric, instances, first, first + timedelta(minutes=minutes), value))
    return tuple(found)
