"""A measured series as a chart: mean, lowest and highest values, with the limits of its row. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.utils.translation import gettext as _

from toban.engine.telemetry.samples import Point
from toban.faces.web.charts import Chart, ChartLine, ChartMark, ChartRow, DrawnLimit, Tone, figure

_MISSING = 3
"""The line breaks off if this many points in a row are missing."""


@dataclass(frozen=True, slots=True)
class MeasuredSeries:
    """What was measured for a row from *start* to *end*: one point at least."""

    points: Sequence[Point]
    unit: str
    limits: Sequence[DrawnLimit]
    start: datetime
    end: datetime


def measured(series: MeasuredSeries, marks: Sequence[ChartMark], clock: Callable[[datetime], str]) -> Chart:
    """Draw *series* with those of *marks* that lie within it; *clock* writes a time."""
    points, unit = series.points, series.unit
    known = _broken(points)
    return Chart(
        title=_("測定"),
        start=series.start,
        end=series.end,
        heads=(_("時刻"), _("平均"), _("最小"), _("最大")),
        rows=[ChartRow(at, clock(at), _cells(point, unit)) for at, point in known],
        lines=[
            ChartLine(
                _("平均"),
                Tone.INK,
                values=[point.mean if point else None for _at, point in known],
                lows=[point.low if point else None for _at, point in known],
                highs=[point.high if point else None for _at, point in known],
            )
        ],
        unit=unit,
        limits=series.limits,
        marks=[each for each in marks if _touches(each, series)],
        facts=[
            (_("最小"), figure(min(point.low for point in points), unit)),
            (_("最大"), figure(max(point.high for point in points), unit)),
            (_("最後"), figure(points[-1].mean, unit)),
        ],
    )


def _broken(points: Sequence[Point]) -> list[tuple[datetime, Point | None]]:
    """Return *points* with a gap between two that are several of the usual distances apart.

    Some rows are measured every minute, others every hour.
    """
    between = sorted(later.at - earlier.at for earlier, later in pairwise(points))
    gap = _MISSING * between[len(between) // 2] if between else timedelta()
    found: list[tuple[datetime, Point | None]] = []
    for point in points:
        if found and point.at - found[-1][0] > gap:
            found.append((found[-1][0] + (point.at - found[-1][0]) / 2, None))
        found.append((point.at, point))
    return found


def _cells(point: Point | None, unit: str) -> tuple[str, ...]:
    if point is None:
        return (_("測定なし"),)
    return tuple(figure(value, unit) for value in (point.mean, point.low, point.high))


def _touches(mark: ChartMark, series: MeasuredSeries) -> bool:
    return mark.at <= series.end and (mark.until or mark.at) >= series.start
