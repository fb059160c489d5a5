"""How values, conditions and reasons are written: on the page, in notifications, in evidence."""

from toban.chapters.monitoring.limits import MetricLimit, MonitorLimits
from toban.chapters.monitoring.rules import ConditionReason, InstanceWatch
from toban.design.clauses.monitoring import Monitor
from toban.design.values.metric import Metric
from toban.engine.amounts import length
from toban.engine.notify.signal import Condition
from toban.message import NOTHING, Message, plain

_UNITS = {
    Metric.AVAILABILITY: "percent",
    Metric.CPU_USAGE: "percent",
    Metric.MEMORY_USAGE: "percent",
    Metric.DISK_USAGE: "percent",
    Metric.ERROR_RATE: "percent",
    Metric.RESPONSE_TIME: "milliseconds",
    Metric.REPLICATION_LAG: "seconds",
    Metric.BACKUP_AGE: "seconds",
    Metric.LOG_COUNT: "lines",
    Metric.CERTIFICATE_LIFETIME: "days",
}
_FINE = frozenset((Metric.AVAILABILITY, Metric.ERROR_RATE))


def figure(metric: Metric, value: float) -> Message:
    """Write *value* with its unit: `42.1%`, `312ms`, `0.05%`, `37`, `応答あり`."""
    if metric is Metric.UP:
        return Message("monitoring.answers" if value >= 1 else "monitoring.no-answer")
    digits = 2 if metric in _FINE else 1 if metric in _UNITS and abs(value) < 100 else 0
    rounded = round(value, digits)
    count = int(rounded) if rounded.is_integer() else rounded
    return Message(f"monitoring.in-{_UNITS[metric]}", count=count) if metric in _UNITS else plain(str(count))


def metric_name(metric: Metric) -> Message:
    """Return what operators call *metric*."""
    return Message(f"monitoring.metric-{metric.name.lower().replace('_', '-')}")


def value_words(watch: InstanceWatch, limits: MonitorLimits, *, names_instance: bool) -> Message:
    """Write the deciding value, with its instance if there are several, and its explanation."""
    if watch.value is None:
        return NOTHING
    asides = (watch.instance if names_instance else "", statistic_words(limits), watch.note)
    return _with_asides(figure(limits.metric, watch.value), *(each for each in asides if each))


def statistic_words(limits: MonitorLimits) -> Message:
    """Name what the value is, if it is not a single reading: `5分平均`, `95パーセンタイル、5分`."""
    if limits.percentile is not None:
        of, window = limits.percentile.of, length(limits.percentile.window)
        return Message("monitoring.percentile-of", percentile=f"{of.normalize():f}", window=window)
    return Message("monitoring.mean-of", window=length(limits.averaged)) if limits.averaged else NOTHING


def limit_words(condition: Condition | None, limits: MonitorLimits) -> Message:
    """Name the limit that *condition* has reached: `異常 85%以上`; nothing if there is none."""
    if condition is Condition.CRITICAL and limits.critical is not None:
        return Message("monitoring.critical-limit", limit=limits.critical.text)
    if condition is Condition.WARNING and limits.warning is not None:
        return Message("monitoring.warning-limit", limit=limits.warning.text)
    return NOTHING


def reason_words(watch: InstanceWatch, limits: MonitorLimits) -> Message:
    """Return why the watch is in its condition."""
    limit = limit_words(watch.condition, limits)
    normal = limits.normal.text if limits.normal is not None else NOTHING
    match watch.reason:
        case ConditionReason.WAITING:
            return _with_asides(
                Message("monitoring.waiting-for-first-value"), *([watch.note] if watch.note else [])
            )
        case ConditionReason.NORMAL:
            return (
                Message("monitoring.in-normal-range", normal=normal)
                if normal
                else Message("monitoring.normal")
            )
        case ConditionReason.BETWEEN:
            return Message("monitoring.outside-normal-range", normal=normal)
        case ConditionReason.FILLING:
            return Message("monitoring.filling-window", statistic=statistic_words(limits))
        case ConditionReason.HOLDING | ConditionReason.STARTING:
            return _why_not_yet(watch, limits)
        case ConditionReason.REACHED:
            return Message("monitoring.limit-reached", limit=limit)
        case ConditionReason.NOT_YET_NORMAL:
            return Message("monitoring.not-yet-normal", limit=limit, normal=normal)
        case ConditionReason.RECOVERING:
            return Message("monitoring.recovering", calm=watch.calm, all=limits.recovery)
        case ConditionReason.SILENT:
            return Message("monitoring.not-measurable", reason=watch.note)


def _why_not_yet(watch: InstanceWatch, limits: MonitorLimits) -> Message:
    """Return why a threshold that is reached does not count yet."""
    if watch.reason is ConditionReason.STARTING:
        return Message("monitoring.own-start")
    return Message("monitoring.threshold-holding", limit=_pending(watch, limits))


def _pending(watch: InstanceWatch, limits: MonitorLimits) -> Message:
    """Return the threshold that is reached, but not yet for long enough."""
    is_critical = watch.critical_since is not None and watch.warning_since is None
    pending: MetricLimit | None = limits.critical if is_critical else limits.warning
    return pending.text if pending is not None else NOTHING


def subject(monitor: Monitor, instance: str = "") -> Message:
    """Return what a monitor watches, in the document's words: `APIサーバー CPU使用率（api-1）`."""
    named = plain(f"{monitor.target} {monitor.item}".strip())
    return _with_asides(named, instance) if instance else named


def _with_asides(said: Message, *asides: Message | str) -> Message:
    return Message("monitoring.with-asides", said=said, asides=asides) if asides else said
