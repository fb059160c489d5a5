"""A monitor row's requirements as numbers in the metric's own unit: normal range, thresholds, hold times."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from toban.chapters.monitoring.bindings import MonitoringBinding
from toban.chapters.monitoring.windows import MOST_SLOTS
from toban.design.clauses.monitoring import Monitor
from toban.design.section import normalise
from toban.design.values.metric import Metric, read_metric
from toban.design.values.quantity import Quantity
from toban.design.values.statistic import Statistic, read_statistic
from toban.design.values.threshold import Comparison, Range, Tally, Threshold
from toban.engine.amounts import length
from toban.engine.telemetry.units import in_unit_of
from toban.message import Message

_SAMPLES_PER_INTERVAL = 8
_LONGEST_PERIOD = timedelta(minutes=1)
_SHORTEST_PERIOD = timedelta(seconds=1)

_LONGEST_WINDOW = timedelta(days=1)
_GOOD_WHEN_HIGH = frozenset((Metric.AVAILABILITY, Metric.CERTIFICATE_LIFETIME))


class Unjudgeable(Exception):
    """Values of this row can't be compared with its limits; the message tells the operator why."""


class LimitZone(StrEnum):
    """Where a value is among the limits."""

    NORMAL = "normal"
    BETWEEN = "between"
    """Outside the normal range but reaching no threshold: the row says nothing about such values."""
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile of the single requests in a window."""

    of: Decimal
    window: timedelta
    highest: float = 0.0
    """The row's highest threshold, in the metric's unit: from there a lower bound of the value is enough."""


@dataclass(frozen=True, slots=True)
class MetricLimit:
    """One threshold, in the metric's own unit."""

    value: float
    comparison: Comparison
    hold: timedelta
    """How long it must be reached without a break before it counts; zero means at once."""
    text: Message
    """In the document's words: `85%以上`, `80%以上が5分継続`; see `Threshold`."""
    tally: Tally | None = None
    """How many of the last intervals must reach it, instead of a hold time."""

    def is_reached_by(self, value: float) -> bool:
        """Say whether *value* is at or beyond the limit, by the document's comparison."""
        return self.comparison.holds(value, self.value)


@dataclass(frozen=True, slots=True)
class NormalRange:
    """The normal range, both ends included; None for an open end."""

    low: float | None
    high: float | None
    text: Message

    def holds(self, value: float) -> bool:
        """Say whether *value* is within the range."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True, slots=True)
class MonitorLimits:
    """Everything that a monitor row requires."""

    metric: Metric
    normal: NormalRange | None
    warning: MetricLimit | None
    critical: MetricLimit | None
    interval: timedelta
    window: timedelta | None = None
    """The time over which to count; None if the row doesn't count, or doesn't say."""
    averaged: timedelta | None = None
    """The time over which readings are averaged before they are compared; None if single ones count."""
    percentile: Percentile | None = None
    """The percentile of single requests that sources must provide; None if readings count as they are."""
    recovery: int = MonitoringBinding().recovery_readings
    """How many better readings in a row end a condition, at least; see `settling`."""
    patience: timedelta = MonitoringBinding().silent_intervals * MonitoringBinding().interval
    """How long a monitor may be without a reading before it counts as silent."""

    @property
    def period(self) -> timedelta:
        """How often to sample: eight times per interval, since nothing is noticed between two samples."""
        return min(max(self.interval / _SAMPLES_PER_INTERVAL, _SHORTEST_PERIOD), _LONGEST_PERIOD)

    @property
    def quarter(self) -> timedelta:
        """Two samples: the time over which rates are means, and how often logs are counted."""
        return min(max(self.interval / _SAMPLES_PER_INTERVAL * 2, _SHORTEST_PERIOD), _LONGEST_PERIOD)

    @property
    def settling(self) -> timedelta:
        """How long a condition must have been better before it ends: as many quarters as readings.

        Half a sample less, so that a reading counts that comes a moment early.
        """
        return self.quarter * (self.recovery - 1) - self.period / 2

    @property
    def slots(self) -> tuple[timedelta, timedelta] | None:
        """How long the slots are in which readings are kept, and for how long; None if none need be."""
        tallies = [each.tally.of for each in (self.warning, self.critical) if each is not None and each.tally]
        if tallies:
            return self.interval, self.interval * (max(tallies) + 1)
        if self.averaged is not None:
            width = max(self.quarter, self.averaged / MOST_SLOTS)
            return width, self.averaged + self.interval * 2
        return None

    def standing(self, value: float) -> LimitZone:
        """Return where *value* is among the limits."""
        if self.critical is not None and self.critical.is_reached_by(value):
            return LimitZone.CRITICAL
        if self.warning is not None and self.warning.is_reached_by(value):
            return LimitZone.WARNING
        if self.normal is not None and not self.normal.holds(value):
            return LimitZone.BETWEEN
        return LimitZone.NORMAL

    def gravity(self, value: float) -> float:
        """Order values from good to bad: the greater, the nearer to the thresholds or further beyond."""
        first = self.warning or self.critical
        falls = first is not None and first.comparison in (Comparison.AT_MOST, Comparison.BELOW)
        return -value if falls else value


def limits_of(monitor: Monitor, bound: MonitoringBinding | None = None) -> MonitorLimits:
    """Return the limits of *monitor*, or raise `Unjudgeable`; *bound* is what the document leaves open."""
    bound = bound or MonitoringBinding()
    limits = _limits_of(monitor, monitor.interval.as_timedelta() if monitor.interval else bound.interval)
    patience = limits.interval * bound.silent_intervals
    return replace(limits, recovery=bound.recovery_readings, patience=patience)


def _limits_of(monitor: Monitor, interval: timedelta) -> MonitorLimits:
    metric = metric_of(monitor)
    if metric is None:
        raise Unjudgeable(Message("monitoring.item-not-measurable", item=monitor.item))
    if metric is Metric.UP:
        return MonitorLimits(metric, None, None, _outage(monitor, interval), interval)
    if metric is Metric.LOG_COUNT:
        return MonitorLimits(metric, *_zones(monitor, metric, interval), interval, _window(monitor))
    statistic = _statistic(monitor, metric, interval)
    limits = MonitorLimits(metric, *_zones(monitor, metric, interval), interval)
    if isinstance(statistic, Percentile):
        thresholds = (each.value for each in (limits.warning, limits.critical) if each is not None)
        return replace(limits, percentile=replace(statistic, highest=max(thresholds)))
    if statistic is not None and limits.slots is not None:
        raise Unjudgeable(Message("monitoring.mean-with-tally"))
    return replace(limits, averaged=statistic)


def _zones(
    monitor: Monitor, metric: Metric, interval: timedelta
) -> tuple[NormalRange | None, MetricLimit | None, MetricLimit | None]:
    return (
        _normal(monitor.normal, metric),
        _limit(monitor, monitor.warning, metric, interval),
        _limit(monitor, monitor.critical, metric, interval),
    )


def _statistic(monitor: Monitor, metric: Metric, interval: timedelta) -> Percentile | timedelta | None:
    """Return what the row compares: a percentile, a mean over a time, or single readings.

    Raises `Unjudgeable` for words that are neither a statistic nor the item's name: a condition that is not
    understood is not judged on single readings.
    """
    of_item, _ = read_statistic(monitor.item)
    thresholds = [each for each in (monitor.warning, monitor.critical) if each is not None]
    found = {_statistic_of(each, monitor, metric, of_item, interval) for each in thresholds}
    if len(found) > 1:
        raise Unjudgeable(Message("monitoring.statistics-differ"))
    statistic = found.pop() if found else None
    if isinstance(statistic, Percentile) and metric is not Metric.RESPONSE_TIME:
        raise Unjudgeable(Message("monitoring.no-percentile-of-item", item=monitor.item))
    window = statistic.window if isinstance(statistic, Percentile) else statistic
    if window is not None and not timedelta() < window <= _LONGEST_WINDOW:
        raise Unjudgeable(Message("monitoring.window-too-long"))
    return statistic


def _statistic_of(
    threshold: Threshold, monitor: Monitor, metric: Metric, of_item: Statistic | None, interval: timedelta
) -> Percentile | timedelta | None:
    own, rest = read_statistic(threshold.subject)
    if rest and not _is_name(rest, monitor.item, metric):
        raise Unjudgeable(Message("monitoring.condition-not-measurable", words=threshold.subject))
    statistic = own or of_item
    named = threshold.within or (statistic.window if statistic is not None else None)
    window = named.as_timedelta() if named is not None else None
    if statistic is None:
        return window
    if statistic.percentile is not None:
        return Percentile(statistic.percentile, window or interval)
    return window or interval


def _is_name(words: str, item: str, metric: Metric) -> bool:
    """Say whether *words* of a condition name only what the row measures: 使用率 in a row of CPU使用率."""
    own, whole = normalise(words).replace(" ", ""), normalise(item).replace(" ", "")
    names = (words, f"{words}率", f"{item}{words}", f"{item} {words}")
    return own in whole or metric in map(read_metric, names)


def metric_of(monitor: Monitor) -> Metric | None:
    """Return the metric of *monitor*; anything without a metric of its own may be counted in the logs."""
    if monitor.metric is not None:
        return monitor.metric
    counted = [each for each in (monitor.warning, monitor.critical) if each is not None and each.within]
    return (
        Metric.LOG_COUNT
        if any(in_unit_of(Metric.LOG_COUNT, each.limit) is not None for each in counted)
        else None
    )


def has_percentile(monitor: Monitor) -> bool:
    """Say whether *monitor* asks for a percentile, which no reading of all its target's rows can be."""
    thresholds = [each.subject for each in (monitor.warning, monitor.critical) if each is not None]
    named = (read_statistic(text)[0] for text in (monitor.item, *thresholds))
    return any(each is not None and each.percentile is not None for each in named)


def _window(monitor: Monitor) -> timedelta | None:
    """5分間に3件以上で警告、10件以上で異常: a window named once applies to both."""
    written = {
        each.within for each in (monitor.warning, monitor.critical) if each is not None and each.within
    }
    windows = sorted({each.as_timedelta() for each in written})
    if len(windows) > 1:
        names = sorted(written, key=lambda each: each.as_timedelta())
        raise Unjudgeable(Message("monitoring.windows-differ", windows=names))
    if windows and not timedelta() < windows[0] <= _LONGEST_WINDOW:
        raise Unjudgeable(Message("monitoring.window-too-long"))
    return windows[0] if windows else None


def _outage(monitor: Monitor, interval: timedelta) -> MetricLimit:
    """死活: whatever number is in the row (連続3回失敗), what counts is that nothing answers."""
    written = monitor.critical or monitor.warning
    if written is None:
        return MetricLimit(1.0, Comparison.BELOW, timedelta(0), Message("monitoring.no-answer"))
    if written.within is not None:
        raise Unjudgeable(Message("monitoring.condition-not-measurable", words=written.message))
    hold, text = _hold(written, interval), Message("monitoring.no-answer")
    if written.sustained is not None:
        text = Message("monitoring.no-answer-for", length=length(hold))
    elif written.consecutive is not None:
        text = Message("monitoring.no-answer-times", count=written.consecutive)
    return MetricLimit(1.0, Comparison.BELOW, hold, text, written.tally)


def _limit(
    monitor: Monitor, threshold: Threshold | None, metric: Metric, interval: timedelta
) -> MetricLimit | None:
    if threshold is None:
        return None
    comparison = threshold.comparison
    if threshold.is_bare and metric in _GOOD_WHEN_HIGH and monitor.normal is None:
        comparison = Comparison.AT_MOST
    return MetricLimit(
        _in_unit(threshold.limit, metric),
        comparison,
        _hold(threshold, interval),
        _words(replace(threshold, comparison=comparison, is_bare=False), metric),
        threshold.tally,
    )


def _words(threshold: Threshold, metric: Metric) -> Message:
    """Return the limit in words; the time of a mean is said with the value: `812ms（5分平均）`."""
    is_counted = metric is Metric.LOG_COUNT
    return threshold.message if is_counted else replace(threshold, within=None).message


def _hold(threshold: Threshold, interval: timedelta) -> timedelta:
    """Return the hold time; 連続3回 is two intervals, since the first of three measurements needs no wait.

    Counting Toban's own samples, eight per interval, would fire eight times too soon.
    """
    if threshold.sustained is not None:
        return threshold.sustained.as_timedelta()
    return interval * max((threshold.consecutive or 1) - 1, 0)


def _normal(normal: Range | None, metric: Metric) -> NormalRange | None:
    if normal is None:
        return None
    low, high = (None if end is None else _in_unit(end, metric) for end in (normal.low, normal.high))
    return NormalRange(low, high, normal.message)


def _in_unit(quantity: Quantity, metric: Metric) -> float:
    value = in_unit_of(metric, quantity)
    if value is None:
        raise Unjudgeable(Message("monitoring.unit-does-not-fit", limit=quantity))
    return value
