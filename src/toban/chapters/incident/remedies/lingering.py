"""How long a cause that is over is still seen in what it has done. Pure."""

from collections.abc import Iterator
from datetime import timedelta

from toban.design.clauses.monitoring import Monitor
from toban.design.reader import Design
from toban.design.values.duration import Duration
from toban.design.values.metric import Metric
from toban.design.values.statistic import read_statistic

LEAST = timedelta(minutes=5)
"""Where a row names no window: what is measured elsewhere comes minutes late, and queues are worked off."""
LONGEST = timedelta(hours=6)


def lingers(design: Design, clause_id: str) -> timedelta:
    """Return how long the value of a row is still that of a cause which has ended.

    An error rate is a mean over its window. Whether something answers is so at once: what is down after its
    cause has ended is down by itself.
    """
    row = next((each for each in design.of(Monitor) if each.id == clause_id), None)
    if row is not None and row.metric is Metric.UP:
        return timedelta()
    windows = () if row is None else _windows(row)
    return min(max((LEAST, *(each.as_timedelta() for each in windows))), LONGEST)


def _windows(row: Monitor) -> Iterator[Duration]:
    statistic, _rest = read_statistic(row.item)
    limits = [each for each in (row.warning, row.critical) if each is not None]
    written = (
        statistic and statistic.window,
        *(each.within for each in limits),
        *(each.sustained for each in limits),
    )
    return (each for each in written if each is not None and not each.is_business)
