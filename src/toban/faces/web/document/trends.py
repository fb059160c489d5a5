"""Measured series for the page: one query for all sparklines, one for a chart."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from toban.chapters.monitoring.feeds import series_of
from toban.chapters.monitoring.limits import Limits, Unjudgeable, limits_of, metric_of
from toban.design.clauses.monitoring import Monitor
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.store import StoreUnavailable
from toban.faces.web.charts import Limit, Tone
from toban.faces.web.measured import Series
from toban.faces.web.spark import strokes

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
        clause_id: strokes(((each.at, each.mean) for each in found[target, metric]), now - SPAN, now)
        for clause_id, (target, metric) in keys.items()
        if metric is not None
    }
    return Sparks(now, document, paths)


def series(monitor: Monitor, instance: str | None, start: datetime, end: datetime) -> Series | None:
    """Return what was measured of *monitor* (of one instance, or the mean of all); None for nothing.

    Raises `StoreUnavailable`.
    """
    metric = metric_of(monitor)
    if metric is None:
        return None
    points = telemetry().series(metric, series_of(monitor), instance, start, end, _CHART_POINTS)
    return Series(points, metric.unit, _drawn_limits(monitor), start, end) if points else None


def _drawn_limits(monitor: Monitor) -> list[Limit]:
    try:
        limits: Limits = limits_of(monitor)
    except Unjudgeable:
        return []
    named = ((Tone.WARN, limits.warning), (Tone.BAD, limits.critical))
    drawn = [Limit(tone, limit.value, limit.text) for tone, limit in named if limit is not None]
    if limits.normal is not None:
        ends = (limits.normal.low, limits.normal.high)
        drawn += [Limit(Tone.OK, end, limits.normal.text) for end in ends if end]
    return drawn
