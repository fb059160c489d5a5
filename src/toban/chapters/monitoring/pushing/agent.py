"""What `toban agent` sends about its host: writing and reading it. Pure.

{"instance": "web-1", "readings": [{"at": "2026-11-25T01:23:45+00:00",
 "values": [["cpu_usage_percent", "", 41.5], ["disk_usage_percent", "/", 71.0]]}]}
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isfinite

from toban.chapters.monitoring.pushing.pushed import PushedValues
from toban.chapters.monitoring.source import Measurement
from toban.design.values.metric import NAMED, Metric

MOST = 500
"""The most readings in one report."""

_MOST_VALUES = 500
"""The most values in one reading: a host has some ten, and one for each of its disks."""

_MOST_OF_REPORT = 20_000
"""The most values in one report: 500 readings of a host with thirty disks. They are stored in one step."""

_LONGEST = 300
_METRICS = frozenset(metric.value for metric in NAMED)


class BadReport(Exception):
    """The body is not a report; the message says where it is wrong."""


class ReportTooLarge(BadReport):
    """The report holds too many values; the message says how to send them."""


def reading(instance: str, measured: Sequence[Measurement], at: datetime) -> dict[str, object]:
    """Return one reading of a host, ready to be sent."""
    values = [
        [each.metric.value, each.instance.removeprefix(instance).strip(), each.value]
        for each in measured
        if each.metric is not Metric.UP
    ]
    return {"at": at.isoformat(), "values": values}


def read_report(written: object) -> tuple[PushedValues, ...]:
    """Read a report, or raise `BadReport`."""
    if not isinstance(written, Mapping):
        raise BadReport("the body must be an object")
    instance, readings = written.get("instance"), written.get("readings")
    if not isinstance(instance, str) or not 0 < len(instance) <= _LONGEST:
        raise BadReport("instance: a name is missing")
    if not isinstance(readings, list) or len(readings) > MOST:
        raise BadReport(f"readings: must be an array of at most {MOST}")
    if sum(_size(each) for each in readings) > _MOST_OF_REPORT:
        raise ReportTooLarge(f"more than {_MOST_OF_REPORT} values in one report: send fewer readings at once")
    return tuple(_reading(instance, each, number) for number, each in enumerate(readings))


def _size(written: object) -> int:
    values = written.get("values") if isinstance(written, Mapping) else None
    return len(values) if isinstance(values, list) else 0


def _reading(instance: str, written: object, number: int) -> PushedValues:
    if not isinstance(written, Mapping) or not isinstance(written.get("values"), list):
        raise BadReport(f"readings {number}: at and values are missing")
    try:
        at = datetime.fromisoformat(str(written.get("at")))
    except ValueError as error:
        raise BadReport(f"readings {number}: at is no time") from error
    if at.tzinfo is None:
        raise BadReport(f"readings {number}: at names no zone")
    if len(written["values"]) > _MOST_VALUES:
        raise BadReport(f"readings {number}: more than {_MOST_VALUES} values")
    return PushedValues(instance, at, values=tuple(_value(each, number) for each in written["values"]))


def _value(written: object, number: int) -> tuple[str, str, float]:
    match written:
        case [str(metric), str(what), int(value) | float(value)] if (
            metric in _METRICS and not isinstance(value, bool) and isfinite(value) and len(what) <= _LONGEST
        ):
            return metric, what, float(value)
        case _:
            raise BadReport(f"readings {number}: {str(written)[:80]} is no [metric, what, value]")
