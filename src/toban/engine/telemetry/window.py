"""Which points a chart gets: pure arithmetic over the requested range."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.engine.telemetry.row_binary import milliseconds
from toban.engine.telemetry.tables import ROLLUP

_ROLLUP_MS = ROLLUP // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class BucketWindow:
    """A range split into buckets of equal length, in milliseconds since the epoch; `end` is excluded."""

    start: int
    end: int
    step: int
    from_rollup: bool
    """Whether the 5-minute rollup is fine enough to answer from."""


def window(start: datetime, end: datetime, points: int) -> BucketWindow:
    """Split *start*..*end* into at most *points* buckets; raise ValueError for an empty range or no points.

    Buckets of five minutes and more are aligned with the rollup's grid: the first may then begin up to five
    minutes before *start*.
    """
    if points < 1 or start >= end:
        raise ValueError(f"{points} points from {start} to {end}: nothing to show")
    first, last = milliseconds(start), milliseconds(end)
    step = max(_ceil_div(last - first, points), 1)
    if step < _ROLLUP_MS:
        return BucketWindow(first, last, step, from_rollup=False)
    first -= first % _ROLLUP_MS
    step = _ceil_div(_ceil_div(last - first, points), _ROLLUP_MS) * _ROLLUP_MS
    return BucketWindow(first, last, step, from_rollup=True)


def _ceil_div(number: int, by: int) -> int:
    return -(-number // by)
