"""How long a cause that is over is still seen in what it has done. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.design.clauses.monitoring import Monitor
from toban.design.reader import Design
from toban.design.values.duration import Duration
from toban.design.values.metric import Metric
from toban.design.values.statistic import read_statistic

LEAST = timedelta(minutes=5)
"""Where a row names no window: what is measured elsewhere comes minutes late, and queues are worked off."""
LONGEST = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Lingering:
    """How long the value of a row is that of a cause which has ended."""

    window: timedelta
    """What the row looks back: it may get out of bounds so long after the cause has ended."""
    wait: timedelta

    def is_of(self, cause_ended: datetime, began_at: datetime, now: datetime) -> bool:
        """Return whether what got out of bounds then may still be what that cause has done."""
        return began_at <= cause_ended + self.window and now < cause_ended + self.wait


def lingering(design: Design, clause_id: str) -> Lingering:
    """Return how long it is for a row.

    An error rate is a mean over its window. Whether something answers is so at once: what is down after its
    cause has ended is down by itself.
    """
    row = next((each for each in design.of(Monitor) if each.id == clause_id), None)
    if row is not None and row.metric is Metric.UP:
        return Lingering(timedelta(), timedelta())
    windows = () if row is None else _windows(row)
    window = min(max((timedelta(), *(each.as_timedelta() for each in windows))), LONGEST)
    return Lingering(window, max(LEAST, window))


def _windows(row: Monitor) -> Iterator[Duration]:
    statistic, _rest = read_statistic(row.item)
    limits = [each for each in (row.warning, row.critical) if each is not None]
    written = [statistic.window] if statistic is not None else []
    for limit in limits:
        written += [limit.within, limit.sustained]
    return (each for each in written if each is not None and not each.is_business)
