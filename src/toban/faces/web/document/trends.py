"""Measured series for the page: one query for all sparklines, one for a chart."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from toban.chapters.monitoring.feeds import series_of
from toban.chapters.monitoring.limits import Limits, Unjudgeable, limits_of, metric_of
from toban.design.clauses.monitoring import Monitor
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.samples import Point
from toban.engine.telemetry.store import StoreUnavailable
from toban.faces.web.document.spark import strokes
from toban.faces.web.notify.chart import Limit

SPAN = timedelta(hours=6)
_POINTS = 60
_CHART_POINTS = 300
_LASTS = timedelta(seconds=20)
_PATIENCE = 0.25
"""Seconds that a page waits for its sparklines: the rest of it is worth more."""


@dataclass(frozen=True, slots=True)
class Sparks:
    """Sparklines as SVG paths by clause id; not readable when the store did not answer."""

    at: datetime
    document: str
    paths: Mapping[str, str] = field(default_factory=dict)
    is_readable: bool = True


class SparkDrawer:
    """Draws all sparklines of a document, and keeps them for as long as a page would show them anyway."""

    def __init__(self) -> None:
        self._drawn: Sparks | None = None
        self._drawing: threading.Thread | None = None
        self._lock = threading.Lock()

    def drawn(self, document: str, monitors: Sequence[Monitor], now: datetime) -> Sparks:
        """Return the last six hours of *monitors*; while the store does not answer, the last that was drawn.

        A store that hangs must not hang the page: it is waited for only a moment.
        """
        with self._lock:
            kept = self._drawn
            if kept is not None and kept.document == document and now - kept.at < _LASTS:
                return kept
            if self._drawing is None or not self._drawing.is_alive():
                self._drawing = threading.Thread(
                    target=self._draw, args=(document, monitors, now), name="sparklines", daemon=True
                )
                self._drawing.start()
            drawing = self._drawing
        drawing.join(_PATIENCE)
        kept = self._drawn
        return kept if kept and kept.document == document else Sparks(now, document, is_readable=False)

    def _draw(self, document: str, monitors: Sequence[Monitor], now: datetime) -> None:
        self._drawn = _draw(document, monitors, now)


SPARKS = SparkDrawer()


def _draw(document: str, monitors: Sequence[Monitor], now: datetime) -> Sparks:
    keys = {each.id: (series_of(each), metric_of(each)) for each in monitors}
    wanted = [(target, metric) for target, metric in dict.fromkeys(keys.values()) if metric is not None]
    try:
        found = telemetry().sparklines(wanted, now - SPAN, now, _POINTS)
    except StoreUnavailable:
        return Sparks(now, document, is_readable=False)
    paths = {
        clause_id: strokes(found[target, metric], now - SPAN, now)
        for clause_id, (target, metric) in keys.items()
        if metric is not None
    }
    return Sparks(now, document, paths)


def chart(monitor: Monitor, hours: int, now: datetime) -> Mapping[str, object]:
    """Return the last *hours* of *monitor* and its limits, for the chart; raise `StoreUnavailable`."""
    metric = metric_of(monitor)
    if metric is None:
        return {"times": [], "means": [], "lows": [], "highs": [], "limits": [], "unit": ""}
    points = telemetry().series(
        metric, series_of(monitor), None, now - timedelta(hours=hours), now, _CHART_POINTS
    )
    return {
        "times": [point.at.timestamp() for point in points],
        "means": [point.mean for point in points],
        "lows": [point.low for point in points],
        "highs": [point.high for point in points],
        "limits": [asdict(limit) for limit in _drawn_limits(monitor)],
        "unit": metric.unit,
    }


def around(
    monitor: Monitor, instance: str | None, start: datetime, end: datetime
) -> tuple[list[Point], list[Limit], str]:
    """Return what was measured of *monitor* (of one instance, or the mean of all), its limits and unit.

    Raises `StoreUnavailable`.
    """
    metric = metric_of(monitor)
    if metric is None:
        return [], [], ""
    points = telemetry().series(metric, series_of(monitor), instance, start, end, _CHART_POINTS)
    return points, _drawn_limits(monitor), metric.unit


def _drawn_limits(monitor: Monitor) -> list[Limit]:
    try:
        limits: Limits = limits_of(monitor)
    except Unjudgeable:
        return []
    named = (("warning", limits.warning), ("critical", limits.critical))
    drawn = [Limit(kind, limit.value, limit.text) for kind, limit in named if limit is not None]
    if limits.normal is not None:
        ends = (limits.normal.low, limits.normal.high)
        drawn += [Limit("normal", end, limits.normal.text) for end in ends if end]
    return drawn
