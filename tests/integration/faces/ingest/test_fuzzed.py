"""Fuzz every endpoint for a minute, or for TOBAN_FUZZ_SECONDS seconds.

A run of an hour: TOBAN_FUZZ_SECONDS=3600 pytest -s tests/integration/faces/ingest/test_fuzzed.py
"""

import gzip
import json
import os
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median

import cramjam
import httpx
import psutil
import pytest
import zstandard
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.ingest.served import DOCUMENT, Served, serving

TOKEN = "fuzz-token-of-this-test"
KEY = "0123456789abcdef0123456789abcdef"
BINDINGS = """
[senders.all]
token = "file:token"
may = ["logs", "metrics", "alerts", "traces"]

[errors.shop]
project = 1
key = "file:key"
rate = 100000
"""
SECONDS = float(os.environ.get("TOBAN_FUZZ_SECONDS", "60"))
FEWEST = 4000
"""Requests: on a busy machine a minute has too few of them for all threads to be warm by its middle."""

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Way:
    """An endpoint, and a valid request for it, which is then spoiled."""

    path: str
    good: Callable[[], bytes]
    headers: Mapping[str, str]


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _lines() -> bytes:
    line = {"timestamp": _now(), "level": "INFO", "message": "hello", "userId": 3, "status": 200, "ip": "::1"}
    return b"\n".join([json.dumps(line).encode()] * 5)


def _report() -> bytes:
    values = [["cpu_usage_percent", "", 41.5], ["disk_usage_percent", "/", 71.0]]
    return json.dumps({"instance": "web-1", "readings": [{"at": _now(), "values": values}]}).encode()


def _alerts() -> bytes:
    labels = {"alertname": "HighCpu", "severity": "warning", "instance": "web-1"}
    return json.dumps([{"labels": labels, "annotations": {"summary": "x"}, "startsAt": _now()}]).encode()


def _otlp_logs() -> bytes:
    export = ExportLogsServiceRequest()
    record = export.resource_logs.add().scope_logs.add().log_records.add()
    record.time_unix_nano = time.time_ns()
    record.body.string_value, record.trace_id, record.span_id = "hello", bytes(range(16)), bytes(range(8))
    record.attributes.add(key="deep").value.kvlist_value.values.add(key="a").value.int_value = 3
    return export.SerializeToString()


def _otlp_traces() -> bytes:
    export = ExportTraceServiceRequest()
    span = export.resource_spans.add().scope_spans.add().spans.add(name="GET /", kind=2)
    span.start_time_unix_nano, span.end_time_unix_nano = time.time_ns() - 1000, time.time_ns()
    span.trace_id, span.span_id = bytes(range(1, 17)), bytes(range(1, 9))
    span.events.add(name="exception", time_unix_nano=time.time_ns())
    return export.SerializeToString()


def _otlp_metrics() -> bytes:
    export = ExportMetricsServiceRequest()
    metric = export.resource_metrics.add().scope_metrics.add().metrics.add(name="system.memory.utilization")
    metric.gauge.data_points.add(time_unix_nano=time.time_ns(), as_double=0.4)
    return export.SerializeToString()


def _otlp_json() -> bytes:
    record = {"timeUnixNano": str(time.time_ns()), "body": {"stringValue": "x"}, "traceId": "0" * 31 + "1"}
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()


def _remote_write() -> bytes:
    # WriteRequest{TimeSeries{Label{__name__, up}, Sample{1, now}}}, encoded by hand.
    label = b"\x0a\x08__name__\x12\x02up"
    series = b"\x0a" + bytes([len(label)]) + label + b"\x12\x0b\x09\x00\x00\x00\x00\x00\x00\xf0\x3f\x10\x01"
    return bytes(cramjam.snappy.compress_raw(b"\x0a" + bytes([len(series)]) + series))


def _envelope() -> bytes:
    frame = {"function": "pay", "module": "shop", "lineno": 3, "in_app": True}
    error = {"type": "ValueError", "value": "no", "stacktrace": {"frames": [frame]}}
    event = json.dumps({"event_id": f"{time.time_ns():032x}", "exception": {"values": [error]}}).encode()
    return b'{}\n{"type":"event","length":%d}\n' % len(event) + event


_SENTRY = {"x-sentry-auth": f"Sentry sentry_key={KEY}, sentry_version=7"}
_OWN = {"authorization": f"Bearer {TOKEN}"}
_PROTOBUF = {**_OWN, "content-type": "application/x-protobuf"}
_JSON = {**_OWN, "content-type": "application/json"}
WAYS = (
    Way("/ingest/logs", _lines, _OWN),
    Way("/ingest/metrics", _report, _OWN),
    Way("/api/v2/alerts", _alerts, _JSON),
    Way("/v1/logs", _otlp_logs, _PROTOBUF),
    Way("/v1/logs", _otlp_json, _JSON),
    Way("/v1/traces", _otlp_traces, _PROTOBUF),
    Way("/v1/metrics", _otlp_metrics, _PROTOBUF),
    Way("/api/v1/write", _remote_write, {**_OWN, "content-encoding": "snappy"}),
    Way("/api/1/envelope/", _envelope, _SENTRY),
    Way("/api/1/store/", lambda: _envelope().split(b"\n", 2)[2], _SENTRY),
    Way("/ping/nobody", lambda: b"log", {}),
    Way("/slack/actions", lambda: b"payload=%7B%22type%22%3A%22block_actions%22%7D", {}),
)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    home = tmp_path / "home"
    home.mkdir()
    for name, secret in (("token", TOKEN), ("key", KEY)):
        (home / name).write_text(secret)
        (home / name).chmod(0o600)
    with (
        # A store without tables: the first rows create them.
        StoreProcess(tmp_path / "store") as store,
        serving(home, DOCUMENT, BINDINGS, telemetry=store.telemetry_url) as running,
    ):
        yield running


def test_any_request_is_answered_and_memory_does_not_grow(served: Served) -> None:
    chance, told = Random(7), Counter[tuple[str, int]]()  # noqa: S311 - rubbish, no secret
    process, sizes = psutil.Process(served.process.pid), list[float]()
    until = time.monotonic() + SECONDS
    with httpx.Client(base_url=served.url, trust_env=False, timeout=60) as client:
        while time.monotonic() < until or len(sizes) < FEWEST:
            way = chance.choice(WAYS)
            body, headers = _spoiled(way, chance)
            with suppress(httpx.RemoteProtocolError):
                reply = client.request("POST", way.path, content=body, headers=headers)
                told[way.path, reply.status_code] += 1
                assert reply.status_code < 500, (way.path, headers, body[:2000], reply.text)
            sizes.append(process.memory_info().rss / 1e6)

    for (path, status), times in sorted(told.items()):
        print(f"{path:20} {status} {times:8,}")  # noqa: T201 - what a long run is for
    # By the middle of a short run each thread has opened its connection and allocated its memory.
    warm, last = _typical(sizes, 4), _typical(sizes, 9)
    print(f"memory {warm:.0f} MB when warm, {last:.0f} MB at last")  # noqa: T201
    assert process.is_running()
    assert {path for path, status in told if status < 300} >= {way.path for way in WAYS[:-2]}
    assert last < warm * 1.3


def _typical(sizes: Sequence[float], tenth: int) -> float:
    """Return the median of one tenth of the run, counted from 0."""
    step = len(sizes) // 10
    return median(sizes[tenth * step : (tenth + 1) * step])


def _spoiled(way: Way, chance: Random) -> tuple[bytes, dict[str, str]]:
    body, headers = way.good(), dict(way.headers)
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        body = chance.choice(_SPOILERS)(body, chance)
    if chance.random() < 0.2:
        encoding, pack = chance.choice(_PACKED)
        headers["content-encoding"], body = encoding, pack(body)
    if chance.random() < 0.1:
        headers[chance.choice(_HEADERS)] = chance.choice(_VALUES)
    if chance.random() < 0.05:
        headers = {name: value for name, value in headers.items() if chance.random() < 0.5}
    return body, headers


def _flipped(body: bytes, chance: Random) -> bytes:
    changed = bytearray(body or b"\0")
    for _ in range(chance.randrange(1, 8)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(body: bytes, chance: Random) -> bytes:
    return body[: chance.randrange(len(body) + 1)]


def _grown(body: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(body) + 1)
    return body[:at] + chance.randbytes(chance.randrange(1, 200)) + body[at:]


def _doubled(body: bytes, chance: Random) -> bytes:
    return (body * chance.randrange(2, 50))[: 4 * 1024 * 1024]


def _replaced(body: bytes, chance: Random) -> bytes:
    """Replace a number or a text with something odd."""
    odd = chance.choice(_ODD)
    at = chance.choice([place for place, each in enumerate(body) if each in b'0123456789"'] or [0])
    return body[:at] + odd + body[at + 1 :]


_SPOILERS = (_flipped, _cut, _grown, _doubled, _replaced)
_ODD = (
    *(b"[" * 5000, b'{"a":' * 3000, b"-1e999", b"1" * 400, b"null", b"true", b"\\ud800", b"\xff\xfe"),
    *(b"\\u0000", b"9" * 19, b"-", b'"', b"\0", b"2999-01-01T00:00:00Z", b"NaN", "日本".encode() * 300),
)
_PACKED: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("gzip", gzip.compress),
    ("gzip", lambda body: body),
    ("gzip", lambda body: gzip.compress(body + bytes(40_000_000))),
    ("gzip", lambda body: gzip.compress(body)[:-5]),
    ("deflate", zlib.compress),
    ("zstd", zstandard.compress),
    ("zstd", lambda body: zstandard.compress(body)[:-3]),
    ("snappy", lambda body: bytes(cramjam.snappy.compress_raw(body))),
    ("br", lambda body: body),
    ("", lambda body: body),
)
_HEADERS = ("content-type", "authorization", "x-sentry-auth", "idempotency-key", "content-encoding", "host")
_VALUES = ("", "application/json", "text/plain", "x" * 5000, "Bearer", "Bearer x", "a/b;c=d", "Sentry a=b,c")
