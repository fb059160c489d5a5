"""A sparkline as the points of an SVG polyline. Pure."""

from collections.abc import Sequence
from datetime import datetime

from toban.engine.telemetry.samples import Point

WIDTH, HEIGHT = 96, 22
_MARGIN = 2
_GAP_FACTOR = 3


def strokes(points: Sequence[Point], start: datetime, end: datetime) -> str:
    """Return an SVG path over *start*..*end*; where values are missing the line breaks off."""
    if not points:
        return ""
    low, high = min(point.mean for point in points), max(point.mean for point in points)
    # A flat line stands in the middle, and noise of a thousandth does not fill the height.
    spread = max(high - low, abs(high) * 0.05, 1e-9)
    middle = (high + low) / 2
    length = (end - start).total_seconds()
    gap = length / 60 * _GAP_FACTOR
    path: list[str] = []
    before: datetime | None = None
    for point in points:
        x = (point.at - start).total_seconds() / length * WIDTH
        y = HEIGHT / 2 - (point.mean - middle) / spread * (HEIGHT - 2 * _MARGIN)
        jumps = before is None or (point.at - before).total_seconds() > gap
        # A lone point is a stroke of no length, which round caps show as a dot.
        path.append(f"M{x:.1f} {y:.1f}h0" if jumps else f"L{x:.1f} {y:.1f}")
        before = point.at
    return "".join(path)
