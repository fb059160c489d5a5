"""How long the value of a row is that of a cause which has ended. Pure."""

from collections.abc import Iterator
from datetime import timedelta

from toban.design.clauses.monitoring import Monitor
from toban.design.reader import Design
from toban.design.values.duration import Duration
from toban.design.values.metric import Metric
from toban.design.values.statistic import read_statistic
from toban.engine.notify.routing.muting import Lingering

__all__ = ["LEAST", "LONGEST", "Lingering", "lingering"]

LEAST = timedelta(minutes=5)
"""Where a row names no window: what is measured elsewhere comes minutes late, and queues are worked off."""
LONGEST = timedelta(hours=6)


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
