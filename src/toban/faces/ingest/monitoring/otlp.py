"""Reads OpenTelemetry's metrics over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp). Pure.

Of the semantic conventions, only those that documents mention are read: CPU, memory, disks, and HTTP servers.
They become the series that node_exporter and HTTP services expose, so that one arithmetic serves both.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import accumulate
from math import inf
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from toban.chapters.monitoring.pushing.pushed import PushedValues, Series
from toban.chapters.monitoring.sources.prometheus.exposition import BUCKET
from toban.design.values.metric import Metric
from toban.faces.ingest import otlp_wire
from toban.faces.ingest.otlp_wire import Encoding

_INSTANCE = ("host.name", "service.instance.id", "service.name")
"""Resource attributes that name an instance, the most specific first."""

_CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
_AVAILABLE = frozenset({"free", "cached", "buffered", "slab_reclaimable"})

type Key = tuple[str, datetime]
type Labels = Mapping[str, str]


class ExportReading:
    """The content of one export, by instance and time, and what of it was rejected."""

    def __init__(self) -> None:
        self.series: dict[Key, dict[Series, float]] = defaultdict(dict)
        self.values: dict[Key, list[tuple[str, str, float]]] = defaultdict(list)
        self.rejected: dict[str, int] = defaultdict(int)
        """Why → how many data points."""

    @property
    def pushed(self) -> tuple[PushedValues, ...]:
        """The arrivals, by instance and time."""
        keys = sorted({*self.series, *self.values})
        return tuple(PushedValues(key[0], key[1], self.series[key], tuple(self.values[key])) for key in keys)

    @property
    def response(self) -> ExportMetricsServiceResponse:
        """The answer: empty, or a partial success with the reasons."""
        answer = ExportMetricsServiceResponse()
        if self.rejected:
            answer.partial_success.rejected_data_points = sum(self.rejected.values())
            answer.partial_success.error_message = "; ".join(self.rejected)
        return answer


def read_export(body: bytes, encoding: Encoding) -> ExportReading:
    """Read an export, or raise `BadExport`. Metrics that Toban has no use for are left out."""
    request = otlp_wire.read(ExportMetricsServiceRequest(), body, encoding)
    reading = ExportReading()
    for resource in request.resource_metrics:
        instance = _instance(_attributes(resource.resource.attributes))
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                _take(reading, instance, metric)
    return reading


def _take(reading: ExportReading, instance: str, metric: Any) -> None:
    reader = _READERS.get(metric.name)
    if reader is None:
        return
    kind = metric.WhichOneof("data")
    body = getattr(metric, kind) if kind else None
    points = list(body.data_points) if body is not None else []
    if not instance:
        reading.rejected[f"the resource has none of {', '.join(_INSTANCE)}"] += len(points)
    elif getattr(body, "aggregation_temporality", _CUMULATIVE) != _CUMULATIVE:
        reading.rejected[f"{metric.name}: only cumulative temporality is understood"] += len(points)
    else:
        reader(reading, instance, points)


def _attributes(written: Iterable[Any]) -> dict[str, str]:
    return {each.key: _text(each.value) for each in written}


def _text(value: Any) -> str:
    kind = value.WhichOneof("value")
    return str(getattr(value, kind)) if kind in ("string_value", "int_value", "bool_value") else ""


def _instance(resource: Labels) -> str:
    return next((resource[name] for name in _INSTANCE if resource.get(name)), "")


def _points(instance: str, points: Iterable[Any]) -> Iterator[tuple[Key, Labels, float]]:
    for point in points:
        value = point.as_double if point.WhichOneof("value") == "as_double" else float(point.as_int)
        yield (instance, _at(point)), _attributes(point.attributes), value


def _at(point: Any) -> datetime:
    return datetime.fromtimestamp(point.time_unix_nano / 1_000_000_000, UTC)


def _state(labels: Labels) -> str:
    """Return the state: old conventions call it `state`, new ones `cpu.mode` or `system.memory.state`."""
    names = ("cpu.mode", "system.memory.state", "system.filesystem.state", "state")
    return next((labels[name] for name in names if name in labels), "")


def _cpu_time(reading: ExportReading, instance: str, points: Iterable[Any]) -> None:
    for key, labels, value in _points(instance, points):
        cpu = labels.get("cpu") or labels.get("cpu.logical_number", "")
        series = ("node_cpu_seconds_total", frozenset({("cpu", cpu), ("mode", _state(labels))}))
        reading.series[key][series] = value


def _memory(reading: ExportReading, instance: str, points: Iterable[Any]) -> None:
    total: dict[Key, float] = defaultdict(float)
    available: dict[Key, float] = defaultdict(float)
    for key, labels, value in _points(instance, points):
        total[key] += value
        available[key] += value if _state(labels) in _AVAILABLE else 0.0
    for key, whole in total.items():
        reading.series[key]["node_memory_MemTotal_bytes", frozenset()] = whole
        reading.series[key]["node_memory_MemAvailable_bytes", frozenset()] = available[key]


def _disks(reading: ExportReading, instance: str, points: Iterable[Any]) -> None:
    for key, labels, value in _points(instance, points):
        disk = frozenset(
            {
                ("mountpoint", labels.get("system.filesystem.mountpoint") or labels.get("mountpoint", "")),
                ("fstype", labels.get("system.filesystem.type") or labels.get("type", "")),
            }
        )
        found, state = reading.series[key], _state(labels)
        _add(found, ("node_filesystem_size_bytes", disk), value)
        _add(found, ("node_filesystem_free_bytes", disk), value if state in ("free", "reserved") else 0.0)
        _add(found, ("node_filesystem_avail_bytes", disk), value if state == "free" else 0.0)


def _add(series: dict[Series, float], key: Series, value: float) -> None:
    series[key] = series.get(key, 0.0) + value


def _utilization(metric: Metric, counted: str) -> Callable[[ExportReading, str, Iterable[Any]], None]:
    """Read a gauge from 0 to 1, from the points in the state *counted*."""

    def read(reading: ExportReading, instance: str, points: Iterable[Any]) -> None:
        for key, labels, value in _points(instance, points):
            if _state(labels) == counted:
                where = labels.get("system.filesystem.mountpoint") or labels.get("mountpoint", "")
                reading.values[key].append((metric.value, where, 100 * value))

    return read


def _requests(unit: float) -> Callable[[ExportReading, str, Iterable[Any]], None]:
    """Read a histogram of request durations in *unit* seconds."""

    def read(reading: ExportReading, instance: str, points: Iterable[Any]) -> None:
        for point in points:
            labels = _attributes(point.attributes)
            code = labels.get("http.response.status_code") or labels.get("http.status_code", "")
            route = labels.get("http.route", "")
            key, tags = (instance, _at(point)), frozenset({("code", code), ("route", route)})
            found = reading.series[key]
            _add(found, ("http_requests_total", tags), float(point.count))
            _add(found, ("http_request_duration_seconds_count", tags), float(point.count))
            _add(found, ("http_request_duration_seconds_sum", tags), point.sum * unit)
            for bound, count in _buckets(point, unit):
                _add(found, (BUCKET, tags | {("le", str(bound))}), count)

    return read


def _buckets(point: Any, unit: float) -> Iterator[tuple[float, float]]:
    """Yield the buckets of a histogram with explicit bounds as Prometheus counts them: all up to each bound.

    An exponential histogram has none: its bounds change with its scale.
    """
    bounds = getattr(point, "explicit_bounds", ())
    if bounds and len(point.bucket_counts) == len(bounds) + 1:
        upper = (*(bound * unit for bound in bounds), inf)
        yield from zip(upper, accumulate(map(float, point.bucket_counts)), strict=True)


_READERS: Mapping[str, Callable[[ExportReading, str, Iterable[Any]], None]] = {
    "system.cpu.time": _cpu_time,
    "system.memory.usage": _memory,
    "system.memory.utilization": _utilization(Metric.MEMORY_USAGE, "used"),
    "system.filesystem.usage": _disks,
    "system.filesystem.utilization": _utilization(Metric.DISK_USAGE, ""),
    "http.server.request.duration": _requests(1.0),
    "http.server.duration": _requests(0.001),
}
