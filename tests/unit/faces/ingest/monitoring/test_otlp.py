"""Parsing OTLP exports, in protobuf and JSON."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from toban.chapters.monitoring.limits import Percentile
from toban.chapters.monitoring.pushing.pushed import PushedValues
from toban.chapters.monitoring.sources.prometheus.exposition import Scrape, measurements
from toban.chapters.monitoring.sources.prometheus.histogram import HistogramWindow
from toban.design.values.metric import Metric
from toban.faces.ingest.monitoring.otlp import read_export
from toban.faces.ingest.otlp_wire import BadExport, Encoding

AT = datetime(2026, 4, 1, 12, tzinfo=UTC)
CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA


class Export:
    """A request about one host, under construction."""

    def __init__(self, at: datetime = AT, **resource: str) -> None:
        self.request = ExportMetricsServiceRequest()
        self._at = int(at.timestamp() * 1_000_000_000)
        found = self.request.resource_metrics.add()
        for name, value in (resource or {"host_name": "web-1"}).items():
            found.resource.attributes.add(key=name.replace("_", ".")).value.string_value = value
        self._metrics = found.scope_metrics.add().metrics

    def sum(
        self, name: str, *points: tuple[float, dict[str, str]], temporality: Any = CUMULATIVE
    ) -> "Export":
        metric = self._metrics.add(name=name)
        metric.sum.aggregation_temporality = temporality
        self._add(metric.sum.data_points, points)
        return self

    def gauge(self, name: str, *points: tuple[float, dict[str, str]]) -> "Export":
        self._add(self._metrics.add(name=name).gauge.data_points, points)
        return self

    def histogram(self, name: str, count: int, total: float, **attributes: str) -> "Export":
        metric = self._metrics.add(name=name)
        metric.histogram.aggregation_temporality = CUMULATIVE
        point = metric.histogram.data_points.add(time_unix_nano=self._at, count=count, sum=total)
        for key, value in attributes.items():
            point.attributes.add(key=key.replace("__", ".")).value.string_value = value
        return self

    def _add(self, data_points: Any, points: tuple[tuple[float, dict[str, str]], ...]) -> None:
        for value, attributes in points:
            point = data_points.add(time_unix_nano=self._at, as_double=value)
            for key, text in attributes.items():
                point.attributes.add(key=key).value.string_value = text


def measured(*exports: Export) -> dict[Metric, float]:
    scrapes = [read_export(each.request.SerializeToString(), Encoding.PROTOBUF).pushed[0] for each in exports]
    before = Scrape(scrapes[-2].series) if len(scrapes) > 1 else None
    found = measurements(before, Scrape(scrapes[-1].series), "web-1", AT)
    return {each.metric: each.value for each in found}


def test_cpu_time_is_busy_time() -> None:
    def cpu(idle: float, user: float, at: datetime) -> Export:
        return Export(at).sum(
            "system.cpu.time",
            (idle, {"cpu": "cpu0", "state": "idle"}),
            (user, {"cpu": "cpu0", "cpu.mode": "user"}),
        )

    found = measured(cpu(100, 50, AT), cpu(106, 54, AT + timedelta(seconds=10)))

    assert found[Metric.CPU_USAGE] == pytest.approx(40)


def test_available_memory_is_free_memory_plus_caches() -> None:
    export = Export().sum(
        "system.memory.usage", (2.0, {"state": "used"}), (1.0, {"state": "free"}), (1.0, {"state": "cached"})
    )

    assert measured(export)[Metric.MEMORY_USAGE] == pytest.approx(50)


def test_disk_usage_is_calculated_like_df() -> None:
    disk = {"mountpoint": "/", "type": "ext4"}
    export = Export().sum(
        "system.filesystem.usage",
        (70.0, {**disk, "state": "used"}),
        (20.0, {**disk, "state": "free"}),
        (10.0, {**disk, "state": "reserved"}),
    )

    assert measured(export)[Metric.DISK_USAGE] == pytest.approx(100 * 70 / 90)


@pytest.mark.parametrize(
    ("name", "unit"), [("http.server.request.duration", 1), ("http.server.duration", 1000)]
)
def test_request_durations_give_error_rate_and_response_time(name: str, unit: int) -> None:
    def served(good: int, bad: int, seconds: float, at: datetime) -> Export:
        export = Export(at).histogram(name, good, seconds * unit, http__response__status_code="200")
        return export.histogram(name, bad, 0.0, http__response__status_code="503")

    found = measured(served(100, 0, 10, AT), served(199, 1, 30, AT + timedelta(seconds=10)))

    assert found[Metric.ERROR_RATE] == pytest.approx(1)
    assert found[Metric.RESPONSE_TIME] == pytest.approx(200)


def pushed_of(export: Export) -> PushedValues:
    (pushed,) = read_export(export.request.SerializeToString(), Encoding.PROTOBUF).pushed
    return pushed


@pytest.mark.parametrize(
    ("name", "unit"), [("http.server.request.duration", 1), ("http.server.duration", 1000)]
)
def test_buckets_of_request_durations_give_percentiles(name: str, unit: int) -> None:
    def served(at: datetime, *counts: int) -> Scrape:
        export = Export(at).histogram(name, sum(counts), 1.0, http__route="/")
        (point,) = export.request.resource_metrics[0].scope_metrics[0].metrics[0].histogram.data_points
        point.explicit_bounds.extend([0.1 * unit, 1.0 * unit])
        point.bucket_counts.extend(counts)
        return Scrape(pushed_of(export).series)

    window = HistogramWindow(Percentile(Decimal(95), timedelta(minutes=5), 500.0))
    for seconds, counts in ((0, (7, 7, 7)), (10, (87, 27, 7))):
        window.add(served(AT + timedelta(seconds=seconds), *counts), AT + timedelta(seconds=seconds))

    (found,) = window.measured("web-1", AT + timedelta(seconds=10))
    assert found.value == pytest.approx(775.0)


def test_an_exponential_histogram_gives_rates_but_no_buckets_and_no_delta() -> None:
    export = Export().histogram("http.server.request.duration", 0, 0.0)
    metric = export.request.resource_metrics[0].scope_metrics[0].metrics[0]
    metric.exponential_histogram.aggregation_temporality = CUMULATIVE
    point = metric.exponential_histogram.data_points.add(time_unix_nano=int(AT.timestamp() * 1e9), count=3)
    point.positive.bucket_counts.extend([1, 2])

    assert not any(name.endswith("_bucket") for name, _ in pushed_of(export).series)

    metric.exponential_histogram.aggregation_temporality = (
        AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
    )
    assert read_export(export.request.SerializeToString(), Encoding.PROTOBUF).rejected


def test_a_utilization_is_a_percentage() -> None:
    export = Export().gauge("system.memory.utilization", (0.41, {"state": "used"}), (0.59, {"state": "free"}))

    (pushed,) = read_export(export.request.SerializeToString(), Encoding.PROTOBUF).pushed

    assert pushed.values == ((Metric.MEMORY_USAGE.value, "", 41.0),)


def test_json_gives_the_same_result_as_protobuf() -> None:
    export = Export().sum("system.memory.usage", (2.0, {"state": "used"}))

    as_json = read_export(MessageToJson(export.request).encode(), Encoding.JSON)

    assert as_json.pushed == read_export(export.request.SerializeToString(), Encoding.PROTOBUF).pushed


def test_metrics_that_are_not_cumulative_are_refused_in_part_with_the_reason() -> None:
    export = Export().sum("system.cpu.time", (1.0, {"state": "idle"}), temporality=DELTA)

    reading = read_export(export.request.SerializeToString(), Encoding.PROTOBUF)

    assert reading.pushed == ()
    assert reading.response.partial_success.rejected_data_points == 1
    assert "only cumulative" in reading.response.partial_success.error_message


def test_a_resource_without_a_name_is_refused_in_part() -> None:
    export = Export(telemetry_sdk="x").sum("system.cpu.time", (1.0, {"state": "idle"}))

    reading = read_export(export.request.SerializeToString(), Encoding.PROTOBUF)

    assert "host.name" in reading.response.partial_success.error_message


def test_the_answer_to_a_fully_accepted_export_is_empty() -> None:
    export = Export().gauge("some.other.metric", (1.0, {}))

    assert (
        read_export(export.request.SerializeToString(), Encoding.PROTOBUF).response.SerializeToString() == b""
    )


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"\xff\xff", Encoding.PROTOBUF),
        (b"{", Encoding.JSON),
        (b'{"resourceMetrics": 3}', Encoding.JSON),
        (b"[]", Encoding.JSON),
    ],
)
def test_data_outside_the_protocol_is_refused(body: bytes, encoding: Encoding) -> None:
    with pytest.raises(BadExport):
        read_export(body, encoding)
