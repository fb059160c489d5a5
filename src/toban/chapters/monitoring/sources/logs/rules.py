"""Counting in a sliding window. Pure.

Time is divided into equal steps, of a second each if the window is at most an hour. A window is a whole
number of steps; its start is inclusive, its end exclusive and on a step.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.engine.telemetry.logs.search import TimeSpan

_MOST_STEPS = 3600


@dataclass(frozen=True, slots=True)
class Slide:
    """All windows of one length that end after one measurement and not after the next."""

    span: TimeSpan
    """The period to count for them, in steps from its start."""
    step: timedelta
    width: int
    """Steps per window."""

    @property
    def steps(self) -> int:
        """The number of steps in the whole period."""
        return round((self.span.end - self.span.start) / self.step)


def slide(window: timedelta, last: datetime | None, end: datetime) -> Slide:
    """Return the windows that end after *last* and at most at *end*; without *last*, the one at *end*.

    After a longer absence only one window's length is counted: what was before belongs to no current value.
    """
    width = max(1, min(_MOST_STEPS, math.ceil(window.total_seconds())))
    step = window / width
    passed = timedelta() if last is None or last > end else min(end - last, window)
    ends = max(1, math.ceil(passed / step))
    return Slide(TimeSpan(end - (width + ends - 1) * step, end), step, width)


def most(counts: Mapping[int, int], of: Slide) -> int:
    """Return the rows in the fullest window; *counts* holds each step that has any."""
    inside = sum(counts.get(each, 0) for each in range(of.width))
    fullest = inside
    for each in range(of.width, of.steps):
        inside += counts.get(each, 0) - counts.get(each - of.width, 0)
        fullest = max(fullest, inside)
    return fullest
