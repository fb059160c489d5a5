"""What was measured around an alert, drawn as SVG: readable without scripts and on paper. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from toban.engine.telemetry.samples import Point
from toban.faces.web.document.spark import line

SIZE = 1000
"""The drawing's width and height; it is stretched to its place, and words stand at shares of it."""

_LEAST_BEFORE = timedelta(minutes=30)
_LEAST_AFTER = timedelta(minutes=15)
_HEADROOM = 1.08
_MISSING = 3
"""Points in a row that are missing where the line breaks off."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of the document, as the series of a monitor has it."""

    kind: str
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A line across the drawing, at a share of its width or height in percent."""

    kind: str
    share: float
    text: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """The drawing, and what it says in words."""

    path: str
    limits: tuple[Drawn, ...]
    marks: tuple[Drawn, ...]
    start: datetime
    end: datetime
    low: float
    high: float
    last: float
    unit: str


def span(began_at: datetime, ended_at: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Return from when to when to draw: the trouble in the middle, with half its length on both sides."""
    margin = ((ended_at or now) - began_at) / 2
    start = began_at - max(margin, _LEAST_BEFORE)
    end = now if ended_at is None else min(now, ended_at + max(margin, _LEAST_AFTER))
    return start, end


def _gap(points: Sequence[Point]) -> timedelta:
    """Several of the usual distances: some rows are measured every minute, others every hour."""
    between = sorted(later.at - earlier.at for earlier, later in pairwise(points))
    return _MISSING * between[len(between) // 2] if between else timedelta()


def draw(
    points: Sequence[Point],
    limits: Sequence[Limit],
    marks: Sequence[tuple[datetime, str]],
    start: datetime,
    end: datetime,
    unit: str,
) -> Chart:
    """Draw *points* (one at least) over *start*..*end*, with *limits* and *marks* in time."""
    means = [point.mean for point in points]
    floor = min(0.0, *means)
    top = max([*means, *(limit.value for limit in limits), 1e-9]) * _HEADROOM
    length = (end - start).total_seconds()

    def across(at: datetime) -> float:
        return (at - start).total_seconds() / length

    def down(value: float) -> float:
        return 1 - (value - floor) / (top - floor)

    return Chart(
        path=line(points, _gap(points), lambda at: across(at) * SIZE, lambda value: down(value) * SIZE),
        limits=tuple(
            Drawn(each.kind, round(down(each.value) * 100, 2), each.text)
            for each in limits
            if floor <= each.value <= top
        ),
        marks=tuple(
            Drawn(kind, round(across(at) * 100, 2), at=at) for at, kind in marks if start <= at <= end
        ),
        start=start,
        end=end,
        low=min(means),
        high=max(means),
        last=means[-1],
        unit=unit,
    )
