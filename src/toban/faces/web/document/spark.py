"""Measured series as SVG paths. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from toban.engine.telemetry.samples import Point

WIDTH, HEIGHT = 96, 22
_MARGIN = 2
_GAP_FACTOR = 3
_PARTS = 60
"""Into how many points a sparkline is cut; where several in a row are missing it breaks off."""


def strokes(points: Sequence[Point], start: datetime, end: datetime) -> str:
    """Return a sparkline over *start*..*end*, as high as its own values reach."""
    if not points:
        return ""
    low, high = min(point.mean for point in points), max(point.mean for point in points)
    # A flat line stands in the middle, and noise of a thousandth does not fill the height.
    spread = max(high - low, abs(high) * 0.05, 1e-9)
    middle = (high + low) / 2
    length = (end - start).total_seconds()
    return line(
        points,
        (end - start) / _PARTS * _GAP_FACTOR,
        lambda at: (at - start).total_seconds() / length * WIDTH,
        lambda value: HEIGHT / 2 - (value - middle) / spread * (HEIGHT - 2 * _MARGIN),
    )


def line(
    points: Sequence[Point],
    gap: timedelta,
    across: Callable[[datetime], float],
    down: Callable[[float], float],
) -> str:
    """Return an SVG path through *points*, placed by *across* and *down*; it breaks off over a *gap*."""
    path: list[str] = []
    before: datetime | None = None
    for point in points:
        x, y = across(point.at), down(point.mean)
        jumps = before is None or point.at - before > gap
        # A lone point is a stroke of no length, which round caps show as a dot.
        path.append(f"M{x:.1f} {y:.1f}h0" if jumps else f"L{x:.1f} {y:.1f}")
        before = point.at
    return "".join(path)
