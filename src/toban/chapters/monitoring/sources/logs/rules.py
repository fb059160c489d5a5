"""Counting in a window that slides. Pure.

Time is cut into equal steps, a second each where the window is at most an hour. A window is a whole number of
steps, holds its first moment and not its last, and ends on a step.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.engine.telemetry.logs.search import Span

_MOST_STEPS = 3600


@dataclass(frozen=True, slots=True)
class Slide:
    """All windows of one length that end after one look and not after the next."""

    span: Span
    """What has to be counted for them, by steps from its start on."""
    step: timedelta
    width: int
    """Steps of a window."""

    @property
    def steps(self) -> int:
        """Steps of the whole span."""
        return round((self.span.end - self.span.start) / self.step)


def slide(window: timedelta, last: datetime | None, end: datetime) -> Slide:
    """Return the windows that end after *last* and at *end* at the latest; without *last*, that of *end*.

    After a longer absence those of one window's length: what was before them belongs to no present value.
    """
    width = max(1, min(_MOST_STEPS, math.ceil(window.total_seconds())))
    step = window / width
    passed = timedelta() if last is None or last > end else min(end - last, window)
    ends = max(1, math.ceil(passed / step))
    return Slide(Span(end - (width + ends - 1) * step, end), step, width)


def most(counts: Mapping[int, int], of: Slide) -> int:
    """Return the rows of the fullest of the windows; *counts* are those of each step that has any."""
    inside = sum(counts.get(each, 0) for each in range(of.width))
    fullest = inside
    for each in range(of.width, of.steps):
        inside += counts.get(each, 0) - counts.get(each - of.width, 0)
        fullest = max(fullest, inside)
    return fullest
