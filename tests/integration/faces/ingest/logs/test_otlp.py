"""OTLP logs and traces sent to a real server with a real store, by OpenTelemetry's SDK and by the tests."""

import gzip
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from google.rpc.status_pb2 import Status as RpcStatus
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from tests import asking
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.ingest.served import DOCUMENT, Served, serving

TOKEN = "otlp-token-of-this-test"
BINDINGS = """
[logs]
levels = { "重大" = "CRITICAL" }

[senders.otel]
token = "file:token"
may = ["logs", "traces"]

[senders.lines]
token = "file:lines"
may = ["logs"]
service = "fallback"
"""
LOGS = """
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アクセスログ | HTTP | Toban | 90日 |
| アプリログ | 処理 | Toban | 90日 |
| エラーログ | エラー | Toban | 180日 |
### ログレベル
| レベル | 用途 | 本番環境出力 |
|---|---|---|
| DEBUG | デバッグ情報 | × |
| INFO | 通常 | ○ |
"""
TRACE, SPAN, PARENT = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", "eee19b7ec3c1b173"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, store: StoreProcess) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("served")
    for name, token in (("token", TOKEN), ("lines", "lines-token")):
        (home / name).write_text(token)
        (home / name).chmod(0o600)
    with serving(home, DOCUMENT + LOGS, BINDINGS, telemetry=store.telemetry_url) as running:
        yield running


def ask(store: StoreProcess, sql: str, **parameters: object) -> list[dict[str, Any]]:
    """Return the rows of *sql* with their column names."""
    assert store.telemetry is not None
    columns = [each.strip() for each in sql.removeprefix("SELECT ").partition(" FROM ")[0].split(",")]
    return [dict(zip(columns, row, strict=True)) for row in store.telemetry.ask(sql, parameters)]


def now() -> int:
    return int(datetime.now(UTC).timestamp() * 1_000_000_000)


def post(served: Served, what: str, body: object, *, token: str = TOKEN, **headers: str) -> httpx.Response:
    is_json = not isinstance(body, bytes)
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    shown = {
        "authorization": f"Bearer {token}",
        "content-type": "application/json" if is_json else "application/x-protobuf",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return asking.post(f"{served.url}/v1/{what}", content=content, headers=shown, timeout=60)


def attribute(key: str, value: object) -> dict[str, object]:
    kind = {str: "stringValue", int: "intValue", bool: "boolValue", float: "doubleValue"}[type(value)]
    return {"key": key, "value": {kind: str(value) if isinstance(value, int) else value}}


def logs(*records: dict[str, object], service: str = "shop-api") -> dict[str, object]:
    resource = {"attributes": [attribute("service.name", service), attribute("host.name", "web-1")]}
    scope = {"name": "shop.orders"}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": records}]}]}


def traces(*spans: dict[str, object], service: str = "shop-api") -> dict[str, object]:
    resource = {"attributes": [attribute("service.name", service)]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}


def record(message: str, **more: object) -> dict[str, object]:
    return {"timeUnixNano": str(now()), "body": {"stringValue": message}, **more}


def span(**more: object) -> dict[str, object]:
    start = now()
    return {"traceId": TRACE, "spanId": SPAN, "name": "GET", "kind": 2,
            "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 5_000_000), **more}  # fmt: skip


def test_spans_of_the_sdk_arrive_complete(served: Served, store: StoreProcess) -> None:
    exporter = OTLPSpanExporter(
        f"{served.url}/v1/traces",
        headers={"Authorization": f"Bearer {TOKEN}"},
        compression=Compression.Gzip,
    )
    provider = TracerProvider(resource=Resource({"service.name": "sdk-shop", "host.name": "web-1"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("shop.web", "1.2")

    attributes: dict[str, str | int] = {
        "http.request.method": "POST",
        "http.route": "/orders/{id}",
        "http.response.status_code": 500,
    }
    with tracer.start_as_current_span("POST", kind=SpanKind.SERVER, attributes=attributes) as outer:
        with tracer.start_as_current_span("insert order") as inner:
            inner.add_event("retry", {"attempt": 2})
        outer.set_status(Status(StatusCode.ERROR, "the card was declined"))
    provider.shutdown()

    server, inside = ask(
        store,
        "SELECT trace_id, span_id, parent_id, name, kind, status, status_message, method, route, code, "
        "attributes, resource, events, duration_ns FROM spans WHERE service = 'sdk-shop' "
        "ORDER BY start_ns",
    )
    assert server["trace_id"] == inside["trace_id"] == f"{outer.get_span_context().trace_id:032x}"
    assert (server["parent_id"], inside["parent_id"]) == ("", server["span_id"])
    assert (server["kind"], server["status"], server["status_message"]) == (
        "SERVER", "ERROR", "the card was declined",
    )  # fmt: skip
    assert (server["method"], server["route"], server["code"]) == ("POST", "/orders/{id}", 500)
    assert json.loads(server["attributes"])["http.response.status_code"] == 500
    assert json.loads(server["resource"])["scope"] == {"name": "shop.web", "version": "1.2"}
    assert json.loads(inside["events"])[0]["attributes"] == {"attempt": 2}
    assert server["duration_ns"] >= inside["duration_ns"] > 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_log_records_of_the_sdk_belong_to_their_trace(served: Served, store: StoreProcess) -> None:
    exporter = OTLPLogExporter(f"{served.url}/v1/logs", headers={"Authorization": f"Bearer {TOKEN}"})
    provider = LoggerProvider(resource=Resource({"service.name": "sdk-logs"}))
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    logger = logging.getLogger("shop.orders")
    logger.setLevel(logging.DEBUG)
    handler = LoggingHandler(logger_provider=provider)
    logger.addHandler(handler)

    with TracerProvider().get_tracer("x").start_as_current_span("x") as around:
        logger.warning("stock is low", extra={"item": "apple", "password": "hunter2"})
        logger.debug("not in production")
    logger.removeHandler(handler)
    provider.shutdown()

    (line,) = ask(
        store,
        "SELECT level, kind, message, trace_id, span_id, attributes FROM logs WHERE service = 'sdk-logs'",
    )
    context = around.get_span_context()
    assert (line["level"], line["kind"], line["message"]) == ("WARNING", "application", "stock is low")
    assert (line["trace_id"], line["span_id"]) == (f"{context.trace_id:032x}", f"{context.span_id:016x}")
    assert (line["attributes"]["item"], line["attributes"]["password"]) == ("apple", "***")
    assert line["attributes"]["scope"]["name"] == "shop.orders"


def test_log_records_in_json_are_read_like_lines(served: Served, store: StoreProcess) -> None:
    fields = {"kvlistValue": {"values": [attribute("message", "from the body"), attribute("userId", "u-7")]}}
    export = logs(
        record("plain", severityNumber=17, traceId=TRACE, spanId=SPAN, unknownField={"x": 1}),
        {"timeUnixNano": str(now()), "body": fields, "severityText": "重大", "severityNumber": 9},
        record("GET /orders/17", severityNumber=9, attributes=[
            attribute("http.request.method", "GET"), attribute("url.path", "/orders/17"),
            attribute("http.response.status_code", 502), attribute("requestId", "req-otlp"),
        ]),
        {"observedTimeUnixNano": str(now()), "body": {"arrayValue": {"values": [{"intValue": "1"}]}}},
        service="by-hand",
    )  # fmt: skip

    reply = post(served, "logs", export)

    rows = ask(
        store,
        "SELECT number, level, kind, message, trace_id, user_id, method, route, status, request_id FROM logs "
        "WHERE service = 'by-hand' ORDER BY number",
    )
    assert (reply.status_code, reply.json(), reply.headers["content-type"]) == (200, {}, "application/json")
    assert [(row["level"], row["kind"], row["message"]) for row in rows] == [
        ("ERROR", "error", "plain"),
        ("CRITICAL", "error", "from the body"),
        ("INFO", "access", "GET /orders/17"),
        ("INFO", "application", "[1]"),
    ]
    assert (rows[0]["trace_id"], rows[1]["user_id"], rows[2]["request_id"]) == (TRACE, "u-7", "req-otlp")
    assert (rows[2]["method"], rows[2]["route"], rows[2]["status"]) == ("GET", "/orders/{}", 502)


def test_a_bad_record_is_refused_alone_and_reported(served: Served, store: StoreProcess) -> None:
    export = logs(
        record("good"),
        record("tomorrow", timeUnixNano=str(now() + 86_400_000_000_000)),
        record("of 2001", timeUnixNano="1000000000000000000"),
        service="partly",
    )

    told = post(served, "logs", export).json()["partialSuccess"]

    assert told == {
        "rejectedLogRecords": "2",
        "errorMessage": "log record 2: timestamp: in the future by this server's clock; "
        "log record 3: timestamp: older than the document keeps application logs",
    }
    assert ask(store, "SELECT message FROM logs WHERE service = 'partly'") == [{"message": "good"}]


def test_a_bad_span_is_refused_alone_and_reported_in_protobuf(served: Served, store: StoreProcess) -> None:
    export = ExportTraceServiceRequest()
    spans = export.resource_spans.add().scope_spans.add().spans
    for trace_id, span_id in ((b"t" * 16, b"s" * 8), (b"short", b"s" * 8), (bytes(16), b"s" * 8)):
        spans.add(trace_id=trace_id, span_id=span_id, name="partly", start_time_unix_nano=now())

    reply = post(served, "traces", export.SerializeToString())

    told = ExportTraceServiceResponse.FromString(reply.content).partial_success
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/x-protobuf")
    assert told.rejected_spans == 2
    assert told.error_message.startswith("span 2: traceId: not 16 bytes")
    assert len(ask(store, "SELECT name FROM spans WHERE name = 'partly'")) == 1


def test_a_batch_sent_again_is_stored_once_in_any_compression(served: Served, store: StoreProcess) -> None:
    export = json.dumps(traces(span(name="once"))).encode()
    records = json.dumps(logs(record("once"), service="once")).encode()

    for level in (1, 9):
        for what, body in (("traces", export), ("logs", records)):
            packed = gzip.compress(body, level, mtime=level)
            reply = post(served, what, packed, content_type="application/json", content_encoding="gzip")
            assert (reply.status_code, reply.json()) == (200, {})

    assert len(ask(store, "SELECT name FROM spans WHERE name = 'once'")) == 1
    assert len(ask(store, "SELECT message FROM logs WHERE service = 'once'")) == 1


def test_secrets_are_masked_in_spans_too(served: Served, store: StoreProcess) -> None:
    digits = "4111111111111111"
    made = span(
        traceId=f"{digits}{digits}",
        spanId=digits,
        name="masked",
        attributes=[attribute("db.password", "hunter2"), attribute("card", digits)],
        events=[{"timeUnixNano": "4111111111111111110", "name": f"paid by {digits}",
                 "attributes": [attribute("authorization", "Bearer abcdefgh")]}],
        status={"code": 2, "message": "token=abc was refused"},
    )  # fmt: skip

    assert post(served, "traces", traces(made)).json() == {}

    (row,) = ask(
        store, "SELECT trace_id, attributes, events, status_message FROM spans WHERE name = 'masked'"
    )
    assert row["trace_id"] == digits * 2
    assert json.loads(row["attributes"]) == {"db.password": "***", "card": "***1111"}
    assert json.loads(row["events"]) == [
        {"name": "paid by ***1111", "at": 4111111111111111110, "attributes": {"authorization": "***"}}
    ]
    assert row["status_message"] == "token=*** was refused"


@pytest.mark.parametrize("what", ["logs", "traces"])
@pytest.mark.parametrize("content_type", ["application/json", "application/x-protobuf"])
def test_refusals_are_statuses_in_the_encoding_of_the_request(
    served: Served, what: str, content_type: str
) -> None:
    def refused(body: bytes, status: int, **more: str) -> RpcStatus:
        reply = post(served, what, body, content_type=content_type, **more)
        assert (reply.status_code, reply.headers["content-type"]) == (status, content_type)
        if content_type == "application/json":
            return RpcStatus(**reply.json())
        return RpcStatus.FromString(reply.content)

    assert refused(b"\xff{", 400).code == 3
    assert refused(b"{", 400, content_encoding="compress").message.startswith("Content-Encoding")
    assert refused(b"{}", 401, authorization="Bearer wrong").code == 16
    assert refused(b"x" * (16 * 1024 * 1024 + 1), 413).message.startswith("more than")
    assert refused(gzip.compress(bytes(64 * 1024 * 1024)), 413, content_encoding="gzip").code == 3


def test_a_sender_may_send_only_its_own_signals_and_unknown_encodings_are_refused(served: Served) -> None:
    assert post(served, "logs", logs(), token="lines-token").status_code == 200
    assert post(served, "traces", traces(), token="lines-token").status_code == 401
    reply = post(served, "traces", b"<spans/>", content_type="application/xml")
    assert (reply.status_code, "application/x-protobuf" in reply.json()["message"]) == (415, True)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
NAMES = st.sampled_from((
    *("resourceLogs", "resourceSpans", "resource", "scopeLogs", "scopeSpans", "logRecords", "spans", "body"),
    *("traceId", "spanId", "parentSpanId", "attributes", "key", "value", "stringValue", "kvlistValue"),
    *("values", "timeUnixNano", "startTimeUnixNano", "severityNumber", "events", "links", "status", "kind"),
))  # fmt: skip
SHAPED = st.recursive(
    ANY_JSON,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=30,
)
FIELD = st.sampled_from(("", "a", "a.b", "message", "timestamp", "level", "status", "kind", "`", "resource"))
VALUE = st.recursive(
    st.one_of(
        st.builds(lambda text: {"stringValue": text}, st.text(max_size=30)),
        st.builds(lambda number: {"intValue": str(number)}, st.integers(-(2**63), 2**63 - 1)),
        st.builds(lambda number: {"doubleValue": number}, st.floats(allow_nan=False, allow_infinity=False)),
        st.just({"doubleValue": "NaN"}),
        st.just({}),
    ),
    lambda inner: (
        st.builds(lambda values: {"arrayValue": {"values": values}}, st.lists(inner, max_size=3))
        | st.builds(
            lambda values: {"kvlistValue": {"values": values}},
            st.lists(st.fixed_dictionaries({"key": FIELD, "value": inner}), max_size=3),
        )
    ),
    max_leaves=8,
)
ATTRIBUTES = st.lists(st.fixed_dictionaries({"key": FIELD | st.text(max_size=9), "value": VALUE}), max_size=5)
# Many in one request: a request takes time because it is on disk before it is answered.
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "body": VALUE,
            "attributes": ATTRIBUTES,
            "severityNumber": st.integers(0, 30),
            "severityText": st.text(max_size=10),
            "traceId": st.text(max_size=10) | st.just(TRACE),
            "timeUnixNano": st.integers(0, 2**64 - 1).map(str) | st.just("0"),
        }
    ),
    min_size=10,
    max_size=10,
)
SPANS = st.lists(
    st.builds(
        lambda name, kind, attributes, end: span(
            name=name,
            kind=kind,
            attributes=attributes,
            endTimeUnixNano=str(end),
            events=[{"name": name, "attributes": attributes}],
            links=[{"traceId": TRACE, "spanId": PARENT, "attributes": attributes}],
            status={"code": kind, "message": name},
        ),
        st.text(max_size=10),
        st.integers(0, 9),
        ATTRIBUTES,
        st.integers(0, 2**64 - 1),
    ),
    min_size=10,
    max_size=10,
)
SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.large_base_example]


@settings(max_examples=60, deadline=None, suppress_health_check=SHARED)
@given(body=st.binary(max_size=200) | SHAPED, what=st.sampled_from(("logs", "traces")))
def test_any_request_is_answered(served: Served, body: object, what: str) -> None:
    assert post(served, what, body).status_code in (200, 400)


@settings(max_examples=12, deadline=None, suppress_health_check=SHARED)
@given(records=RECORDS)
def test_log_records_with_any_content_are_stored_or_refused(
    served: Served, records: list[dict[str, object]]
) -> None:
    assert post(served, "logs", logs(*records)).status_code == 200


@settings(max_examples=12, deadline=None, suppress_health_check=SHARED)
@given(spans=SPANS)
def test_spans_with_any_content_are_stored_or_refused(served: Served, spans: list[dict[str, object]]) -> None:
    assert post(served, "traces", traces(*spans)).status_code == 200


def test_records_of_all_sizes_are_answered_in_protobuf(served: Served) -> None:
    export = ExportLogsServiceRequest()
    records = export.resource_logs.add().scope_logs.add().log_records
    records.add(time_unix_nano=now()).body.string_value = "x" * 300_000
    deep = records.add(time_unix_nano=now()).body
    for _ in range(20):
        deep = deep.array_value.values.add()
    wide = records.add(time_unix_nano=now())
    for number in range(300):
        wide.attributes.add(key=f"k{number}").value.int_value = number

    reply = post(served, "logs", export.SerializeToString())

    told = ExportLogsServiceResponse.FromString(reply.content).partial_success
    # The one with 300 attributes is kept: those beyond the limit as one list.
    assert (told.rejected_log_records, reply.status_code) == (1, 200)
    assert "longer than" in told.error_message
