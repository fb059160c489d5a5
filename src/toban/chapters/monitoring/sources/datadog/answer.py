"""Datadog's answers to values. Pure.

`GET /api/v1/query`: https://docs.datadoghq.com/api/latest/metrics/query-timeseries-points/
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from toban.design.values.metric import Metric

OF_HOST: Mapping[Metric, str] = {
    Metric.CPU_USAGE: "100-avg:system.cpu.idle{{host:{host}}}",
    # Datadog's shares range from 0 to 1, not to 100.
    Metric.MEMORY_USAGE: "100*(1-avg:system.mem.pct_usable{{host:{host}}})",
    Metric.DISK_USAGE: "100*max:system.disk.in_use{{host:{host}}} by {{device}}",
}
"""What the Agent reports for every host: https://docs.datadoghq.com/integrations/system/"""
_NO_DISK = ("/dev/loop", "tmpfs", "udev", "shm", "overlay")
"""Devices without a capacity of their own, or full by design."""


@dataclass(frozen=True, slots=True)
class DatadogReading:
    """The newest value of one series."""

    metric: Metric
    what: str
    """The tags by which the series was grouped: `/dev/sda1`; empty for a query's only series."""
    at: datetime
    value: float


def queries(host: str, own: Mapping[Metric, str]) -> dict[Metric, str]:
    """Return what to ask: the host's queries, replaced by *own* ones."""
    of_host = {metric: query.format(host=host) for metric, query in OF_HOST.items()} if host else {}
    return {**of_host, **own}


def readings(body: Mapping[str, Any], metrics: Sequence[Metric]) -> Iterator[DatadogReading]:
    """Yield the newest complete point of every series; *metrics* are in the order of the queries.

    Raises `KeyError`, `TypeError`, `ValueError` or `IndexError` if *body* does not answer them.
    """
    until = int(body["to_date"])
    for series in body["series"]:
        metric = metrics[int(series["query_index"])]
        what = ",".join(sorted(tag.partition(":")[2] or tag for tag in series.get("tag_set") or ()))
        if metric is Metric.DISK_USAGE and what.startswith(_NO_DISK):
            continue
        points = [(int(at), value) for at, value in series["pointlist"]]
        for at, value in reversed(_whole(points, until)):
            if value is not None:
                yield DatadogReading(metric, what, datetime.fromtimestamp(at / 1000, UTC), float(value))
                break


def is_fresh(reading: DatadogReading, now: datetime, within: timedelta) -> bool:
    """Say whether *reading* is still current at *now*."""
    return now - reading.at <= within


def _whole(points: list[tuple[int, Any]], until: int) -> list[tuple[int, Any]]:
    """Leave out a last point whose interval is not over: its count is still incomplete."""
    if len(points) < 2:
        return points
    step = points[-1][0] - points[-2][0]
    return points[:-1] if points[-1][0] + step > until else points
