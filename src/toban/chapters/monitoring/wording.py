"""How values, conditions and reasons read: on the page, in notices, in evidence."""

from toban.chapters.monitoring.limits import Limits
from toban.chapters.monitoring.rules import RECOVERY_READINGS, Reason, Watch
from toban.design.clauses.monitoring import Monitor
from toban.design.values.metric import Metric
from toban.engine.notify.signal import Condition

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
        return "応答あり" if value >= 1 else "応答なし"
    digits = 2 if metric in _FINE else 1 if metric in _SUFFIX and abs(value) < 100 else 0
    text = f"{value:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}{_SUFFIX.get(metric, '')}"


def value_words(watch: Watch, limits: Limits, *, names_instance: bool) -> str:
    """Write the deciding value, which instance it is of where there are several, and what explains it."""
    if watch.value is None:
        return ""
    aside = "、".join(part for part in (watch.instance if names_instance else "", watch.note) if part)
    return figure(limits.metric, watch.value) + (f"（{aside}）" if aside else "")


def limit_words(condition: Condition | None, limits: Limits) -> str:
    """Name the limit that *condition* has reached: `異常 85%以上`; empty where it is none."""
    if condition is Condition.CRITICAL and limits.critical is not None:
        return f"異常 {limits.critical.text}"
    if condition is Condition.WARNING and limits.warning is not None:
        return f"警告 {limits.warning.text}"
    return ""


def reason_words(watch: Watch, limits: Limits) -> str:
    """Say why the watch is in its condition, for people."""
    limit = limit_words(watch.condition, limits)
    normal = f"正常範囲（{limits.normal.text}）" if limits.normal else "正常"
    match watch.reason:
        case Reason.WAITING:
            return f"最初の測定を待っています{f'（{watch.note}）' if watch.note else ''}"
        case Reason.NORMAL:
            return f"{normal}の値です"
        case Reason.BETWEEN:
            return f"{normal}を外れていますが、警告にも異常にも達していません"
        case Reason.HOLDING:
            pending = limits.critical if watch.critical_since and not watch.warning_since else limits.warning
            return f"しきい値に達しています。{pending.text if pending else ''}となるのを待っています"
        case Reason.REACHED:
            return f"{limit}に達しています"
        case Reason.NOT_YET_NORMAL:
            return f"{limit}ではなくなりましたが、{normal}に戻っていません"
        case Reason.RECOVERING:
            return f"良くなりましたが、続くかを確かめています（{watch.calm}/{RECOVERY_READINGS}回）"
        case Reason.SILENT:
            return f"測定できません: {watch.note}"


def subject(monitor: Monitor, instance: str = "") -> str:
    """Name what a monitor watches, in the document's words: `APIサーバー CPU使用率（api-1）`."""
    return f"{monitor.target} {monitor.item}".strip() + (f"（{instance}）" if instance else "")
