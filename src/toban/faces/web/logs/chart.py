"""How many rows there are by time and level, drawn as bars. Pure; lengths are in SVG units."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.engine.telemetry.logs.search import Span
from toban.faces.logs.levels import LEVELS, kind_of_level

BAR_STEP = 10
CHART_HEIGHT = 100
_LOWEST = 1.5
"""So that one error among thousands can be seen."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of a bar that one level takes."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One step of time."""

    x: int
    start: datetime
    end: datetime
    pieces: tuple[Piece, ...]
    counts: tuple[tuple[str, int], ...]
    """Levels and how many rows each has, the worst first."""
    total: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """The drawing, and what it says in numbers."""

    bars: tuple[Bar, ...]
    totals: tuple[tuple[str, str, int], ...]
    """Each level, what it is drawn as, and how many rows it has."""
    highest: int
    total: int

    @property
    def width(self) -> int:
        """The drawing's width."""
        return len(self.bars) * BAR_STEP


def histogram(found: Mapping[tuple[datetime, str], int], span: Span, step: timedelta) -> Histogram:
    """Draw what was *found* by time and level, in steps of *step* over *span*."""
    by_time: dict[datetime, Counter[str]] = {}
    totals: Counter[str] = Counter()
    for (at, level), count in found.items():
        by_time.setdefault(at, Counter())[level] += count
        totals[level] += count
    highest = max((counts.total() for counts in by_time.values()), default=0)
    bars = tuple(
        _bar(number, at, min(at + step, span.end), by_time.get(at, Counter()), highest)
        for number, at in enumerate(_times(span, step))
    )
    drawn = tuple((level, kind_of_level(level), count) for level, count in _ordered(totals))
    return Histogram(bars, drawn, highest, totals.total())


def _times(span: Span, step: timedelta) -> Iterator[datetime]:
    at = span.start
    while at < span.end:
        yield at
        at += step


def _bar(number: int, start: datetime, end: datetime, counts: Counter[str], highest: int) -> Bar:
    ordered = tuple(_ordered(counts))
    pieces = []
    foot = float(CHART_HEIGHT)
    for (level, _count), height in zip(
        ordered, _heights([count for _, count in ordered], highest), strict=True
    ):
        foot -= height
        pieces.append(Piece(kind_of_level(level), round(foot, 2), round(height, 2)))
    return Bar(number * BAR_STEP, start, end, tuple(pieces), ordered, counts.total())


def _heights(counts: Sequence[int], highest: int) -> list[float]:
    heights = [max(count / highest * CHART_HEIGHT, _LOWEST) for count in counts]
    if (excess := sum(heights) - CHART_HEIGHT) > 0:
        # What was added to the smallest is taken from the greatest.
        heights[heights.index(max(heights))] -= excess
    return heights


def _ordered(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda each: (_rank(each[0]), each[0]))


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)
