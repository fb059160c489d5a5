"""Measured series for the page: one query for all sparklines, one for a chart."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from toban.engine.operation import ChartedSeries
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.store import StoreUnavailable
from toban.faces.web.charts import DrawnLimit, Tone
from toban.faces.web.measured import MeasuredSeries
from toban.faces.web.spark import strokes
from toban.message import Message

SPAN = timedelta(hours=6)
_POINTS = 60
_CHART_POINTS = 300
_TONES = {"normal": Tone.OK, "warning": Tone.WARN, "critical": Tone.BAD}
_UNITS = {
    "日": Message("monitoring.unit-days"),
    "秒": Message("monitoring.unit-seconds"),
    "件": Message("monitoring.unit-lines"),
}
"""Units of the document's language."""
_LASTS = timedelta(seconds=20)
_PATIENCE = 0.25
"""Seconds that a page waits for its sparklines: the rest of the page matters more."""


@dataclass(frozen=True, slots=True)
class Sparks:
    """Sparklines as SVG paths by clause id; not readable when the store did not answer."""

    at: datetime
    document: str
    paths: Mapping[str, str] = field(default_factory=dict)
    is_readable: bool = True


class SparkDrawer:
    """Draws all sparklines of a document, and caches them as long as a page would show them anyway."""

    def __init__(self) -> None:
        self._drawn: Sparks | None = None
        self._drawing: threading.Thread | None = None
        self._lock = threading.Lock()

    def drawn(self, document: str, charts: Mapping[str, ChartedSeries], now: datetime) -> Sparks:
        """Return the last six hours of *charts*, by clause id.

        While the store does not answer, the last ones drawn are returned.

        A store that hangs must not hang the page: it is waited for only a moment.
        """
        with self._lock:
            kept = self._drawn
            if kept is not None and kept.document == document and now - kept.at < _LASTS:
                return kept
            if self._drawing is None or not self._drawing.is_alive():
                self._drawing = threading.Thread(
                    target=self._draw, args=(document, charts, now), name="sparklines", daemon=True
                )
                self._drawing.start()
            drawing = self._drawing
        drawing.join(_PATIENCE)
        kept = self._drawn
        return kept if kept and kept.document == document else Sparks(now, document, is_readable=False)

    def _draw(self, document: str, charts: Mapping[str, ChartedSeries], now: datetime) -> None:
        self._drawn = _draw(document, charts, now)


SPARKS = SparkDrawer()


def _draw(document: str, charts: Mapping[str, ChartedSeries], now: datetime) -> Sparks:
    wanted = list(dict.fromkeys((each.series, each.metric) for each in charts.values()))
    try:
        found = telemetry().sparklines(wanted, now - SPAN, now, _POINTS)
    except StoreUnavailable:
        return Sparks(now, document, is_readable=False)
    paths = {
        clause_id: strokes(
            ((point.at, point.mean) for point in found[each.series, each.metric]), now - SPAN, now
        )
        for clause_id, each in charts.items()
    }
    return Sparks(now, document, paths)


def series(
    charted: ChartedSeries, instance: str | None, start: datetime, end: datetime
) -> MeasuredSeries | None:
    """Return what was measured (of one instance, or the mean of all); None if nothing was.

    Raises `StoreUnavailable`.
    """
    points = telemetry().series(charted.metric, charted.series, instance, start, end, _CHART_POINTS)
    limits = [DrawnLimit(_TONES[each.kind], each.value, str(each.text)) for each in charted.limits]
    unit = str(_UNITS.get(charted.metric.unit, charted.metric.unit))
    return MeasuredSeries(points, unit, limits, start, end) if points else None
