"""A document's quantity in the unit in which a metric is measured: 2秒 of response time are 2,000 ms."""

from decimal import Decimal

from toban.design.values.metric import Metric
from toban.design.values.quantity import Quantity

_PERCENT = {"%": Decimal(1), "": Decimal(1)}
_COUNT = dict.fromkeys(("", "本", "件", "個", "接続", "コネクション"), Decimal(1))
_TIMES = dict.fromkeys(("", "件", "回", "行"), Decimal(1))
_SECONDS = {
    "": Decimal(1),
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "秒": Decimal(1),
    "分": Decimal(60),
    "時間": Decimal(3600),
}
_UNITS: dict[Metric, dict[str, Decimal]] = {
    Metric.UP: _PERCENT,
    Metric.AVAILABILITY: _PERCENT,
    Metric.CPU_USAGE: _PERCENT,
    Metric.MEMORY_USAGE: _PERCENT,
    Metric.DISK_USAGE: _PERCENT,
    Metric.ERROR_RATE: _PERCENT,
    Metric.CONNECTIONS: _COUNT,
    Metric.QUEUE_LENGTH: _COUNT,
    Metric.LOG_COUNT: _TIMES,
    Metric.REPLICATION_LAG: _SECONDS,
    Metric.BACKUP_AGE: _SECONDS,
    # A bare number for a response time is in milliseconds.
    Metric.RESPONSE_TIME: {unit: size * 1000 for unit, size in _SECONDS.items()} | {"": Decimal(1)},
    Metric.CERTIFICATE_LIFETIME: {"": Decimal(1), "日": Decimal(1), "週間": Decimal(7), "ヶ月": Decimal(30)},
}


def in_unit_of(metric: Metric, quantity: Quantity) -> float | None:
    """Return *quantity* in the unit of *metric*'s measurements, or None if its unit is not one of them."""
    size = _UNITS.get(metric, {}).get(quantity.unit)
    return None if size is None else float(quantity.value * size)
