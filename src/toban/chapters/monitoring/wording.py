"""How values, conditions and reasons are written: on the page, in notifications, in evidence."""

from toban.chapters.monitoring.limits import MonitorLimits
from toban.chapters.monitoring.rules import RECOVERY_READINGS, ConditionReason, InstanceWatch
from toban.design.clauses.monitoring import Monitor
from toban.design.values.metric import Metric
from toban.engine.notify.signal import Condition
from toban.engine.said import recorded

_SUFFIX = {
    Metric.AVAILABILITY: "%",
    Metric.CPU_USAGE: "%",
    Metric.MEMORY_USAGE: "%",
    Metric.DISK_USAGE: "%",
    Metric.ERROR_RATE: "%",
    Metric.RESPONSE_TIME: "ms",
    Metric.REPLICATION_LAG: "秒",
    Metric.BACKUP_AGE: "秒",
    Metric.LOG_COUNT: "件",
    Metric.CERTIFICATE_LIFETIME: "日",
}
_FINE = frozenset((Metric.AVAILABILITY, Metric.ERROR_RATE))


def figure(metric: Metric, value: float) -> str:
    """Write *value* with its unit: `42.1%`, `312ms`, `0.05%`, `37`, `応答あり`."""
    if metric is Metric.UP:
        return recorded("応答あり") if value >= 1 else recorded("応答なし")
    digits = 2 if metric in _FINE else 1 if metric in _SUFFIX and abs(value) < 100 else 0
    text = f"{value:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}{_SUFFIX.get(metric, '')}"


def value_words(watch: InstanceWatch, limits: MonitorLimits, *, names_instance: bool) -> str:
    """Write the deciding value, with its instance if there are several, and its explanation."""
    if watch.value is None:
        return ""
    aside = "、".join(part for part in (watch.instance if names_instance else "", watch.note) if part)
    written = figure(limits.metric, watch.value)
    return recorded("%(figure)s（%(aside)s）", figure=written, aside=aside) if aside else written


def limit_words(condition: Condition | None, limits: MonitorLimits) -> str:
    """Name the limit that *condition* has reached: `異常 85%以上`; empty if there is none."""
    if condition is Condition.CRITICAL and limits.critical is not None:
        return recorded("異常 %(limit)s", limit=limits.critical.text)
    if condition is Condition.WARNING and limits.warning is not None:
        return recorded("警告 %(limit)s", limit=limits.warning.text)
    return ""


def reason_words(watch: InstanceWatch, limits: MonitorLimits) -> str:
    """Return why the watch is in its condition, as text for people."""
    limit = limit_words(watch.condition, limits)
    normal = recorded("正常")
    if limits.normal:
        normal = recorded("正常範囲（%(limit)s）", limit=limits.normal.text)
    match watch.reason:
        case ConditionReason.WAITING:
            waiting = recorded("最初の測定を待っています")
            return (
                recorded("%(figure)s（%(aside)s）", figure=waiting, aside=watch.note)
                if watch.note
                else waiting
            )
        case ConditionReason.NORMAL:
            return recorded("%(normal)sにあります", normal=normal)
        case ConditionReason.BETWEEN:
            return recorded("%(normal)sを外れていますが、警告にも異常にも達していません", normal=normal)
        case ConditionReason.HOLDING:
            pending = limits.critical if watch.critical_since and not watch.warning_since else limits.warning
            return recorded(
                "しきい値に達しています。「%(limit)s」の条件を満たすのを待っています",
                limit=pending.text if pending else "",
            )
        case ConditionReason.REACHED:
            return recorded("%(limit)sに達しています", limit=limit)
        case ConditionReason.NOT_YET_NORMAL:
            return recorded(
                "%(limit)sではなくなりましたが、%(normal)sに戻っていません", limit=limit, normal=normal
            )
        case ConditionReason.RECOVERING:
            return recorded(
                "改善しました。継続するか確認しています（%(calm)s/%(all)s回）",
                calm=watch.calm,
                all=RECOVERY_READINGS,
            )
        case ConditionReason.SILENT:
            return recorded("測定できません: %(note)s", note=watch.note)


def subject(monitor: Monitor, instance: str = "") -> str:
    """Return what a monitor watches, in the document's words: `APIサーバー CPU使用率（api-1）`."""
    return f"{monitor.target} {monitor.item}".strip() + (f"（{instance}）" if instance else "")
