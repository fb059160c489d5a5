"""How often something happened, as bars. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from toban.faces.web.document.spark import HEIGHT, WIDTH

_LEAST = 1.5
"""However few there were, a bar can be seen."""


def bars(counts: Sequence[int]) -> str:
    """Return an SVG path of upright strokes, one for each count, over the size of a sparkline."""
    most = max(counts, default=0)
    step = WIDTH / max(len(counts), 1)
    return "".join(
        f"M{(place + 0.5) * step:.1f} {HEIGHT}v-{max(count / most * HEIGHT, _LEAST):.1f}"
        for place, count in enumerate(counts)
        if count
    )


@dataclass(frozen=True, slots=True)
class DayBar:
    """A day in the chart: its place and height in a drawing of 100 to 100."""

    day: date
    count: int
    x: float
    width: float
    height: float

    @property
    def y(self) -> float:
        """Its upper end, from above."""
        return 100 - self.height


def daily(days: Sequence[tuple[date, int]]) -> list[DayBar]:
    """Return a bar for each of *days*."""
    most = max((count for _, count in days), default=0) or 1
    width = 100 / max(len(days), 1)
    return [
        DayBar(
            day,
            count,
            round(place * width, 2),
            round(width * 0.8, 2),
            max(count / most * 100, 2.0 * bool(count)),
        )
        for place, (day, count) in enumerate(days)
    ]
