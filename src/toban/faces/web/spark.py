"""Series as small lines without axes, for a cell of a table: an SVG path. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

WIDTH, HEIGHT = 96, 22
_MARGIN = 2
_GAP_FACTOR = 3
_PARTS = 60
"""How many points a sparkline is cut into; if several in a row are missing, it breaks off."""


def strokes(
    values: Iterable[tuple[datetime, float]],
    start: datetime,
    end: datetime,
    reach: tuple[float, float] | None = None,
) -> str:
    """Return a sparkline of *values* in time over *start*..*end*.

    Its height spans *reach*, the lowest and the highest possible value, or else its own values.
    """
    points = list(values)
    if not points:
        return ""
    low, high = reach or (min(value for _, value in points), max(value for _, value in points))
    # A flat line is in the middle, and noise of a thousandth does not fill the height.
    spread = max(high - low, abs(high) * 0.05, 1e-9)
    middle = (high + low) / 2
    gap: timedelta = (end - start) / _PARTS * _GAP_FACTOR
    path: list[str] = []
    before: datetime | None = None
    for at, value in points:
        x = (at - start) / (end - start) * WIDTH
        y = HEIGHT / 2 - (value - middle) / spread * (HEIGHT - 2 * _MARGIN)
        jumps = before is None or at - before > gap
        # A lone point is a stroke of no length, which round caps show as a dot.
        path.append(f"M{x:.1f} {y:.1f}h0" if jumps else f"L{x:.1f} {y:.1f}")
        before = at
    return "".join(path)
