"""Received spans: which attribute becomes which column, and which spans are refused."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.registered import schema
from tests.telemetry_rows import SpanRow, span_rows

from toban.chapters.logs.intake.lines import BatchOrigin
from toban.chapters.logs.rules import rules
from toban.chapters.logs.spans.intake import SentSpan, SpanReader, SpanReading
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings

NOW = datetime(2026, 11, 26, 3, tzinfo=UTC)
NS = 1_000_000_000
START = int(NOW.timestamp()) * NS
DOCUMENT = """# 運用設計書
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アプリログ | 処理 | Toban | 90日 |
| トレース | 処理の流れ | Toban | 14日 |
"""
READER = SpanReader(
    rules(read_design(DOCUMENT, "運用設計書.md"), read_bindings("", Path("toban.toml"), schema()))
)
PLAIN = SentSpan(
    trace_id="a" * 32, span_id="b" * 16, parent_id="", name="GET", kind="SERVER", start_ns=START,
    end_ns=START + NS, status="", status_message="", service="shop", resource={}, attributes={}, events=[],
    links=[],
)  # fmt: skip


def read(*changed: dict[str, Any]) -> SpanReading:
    return READER.read(
        [PLAIN._replace(**each) for each in changed], BatchOrigin("otel", service="fallback"), NOW
    )


def row(**changed: Any) -> SpanRow:
    (found,) = span_rows(read(changed).rows)
    return found


def why_refused(**changed: Any) -> str:
    (refused,) = read(changed).refused
    return refused.reason


def test_attributes_the_document_uses_have_columns_and_the_rest_is_kept() -> None:
    attributes = {
        "http.request.method": "get", "http.route": "/orders/{id}", "http.response.status_code": 404,
        "http.request.header.x-request-id": ["req-7", "req-8"], "http.user": {"id": 3},
    }  # fmt: skip

    found = row(attributes=attributes, resource={"host.name": "web-1"})

    assert (found.method, found.route, found.code, found.request_id) == ("GET", "/orders/{id}", 404, "req-7")
    assert (found.day, found.duration_ns, found.sender) == ("2026-11-26", NS, "otel")
    assert json.loads(found.attributes) == attributes
    assert json.loads(found.resource) == {"host.name": "web-1"}


def test_attributes_are_recognised_by_their_old_names() -> None:
    found = row(
        attributes={"http.method": "POST", "http.status_code": "503", "http.target": "/orders/17?x=1"}
    )

    assert (found.method, found.route, found.code) == ("POST", "/orders/{}", 503)


@pytest.mark.parametrize("code", [True, "99", 600, "9" * 5000, -200, 2.5, None, [], {"a": 1}])
def test_an_invalid_status_code_is_stored_as_none(code: object) -> None:
    assert row(attributes={"http.response.status_code": code}).code == 0


def test_only_server_spans_take_their_route_from_the_path() -> None:
    assert row(kind="CLIENT", attributes={"url.path": "/orders/17"}).route == ""


def test_without_a_service_name_the_sender_is_the_service() -> None:
    assert row(service="").service == "fallback"


def test_a_span_that_ends_before_it_starts_has_no_duration() -> None:
    assert row(end_ns=START - NS).duration_ns == 0
    assert row(end_ns=0).duration_ns == 0


def test_the_retention_comes_from_the_documents_row_of_traces() -> None:
    kept = int((NOW - timedelta(days=14)).timestamp()) * NS

    assert row(start_ns=kept).day == "2026-11-12"
    assert why_refused(start_ns=kept - 1000 * NS) == "timestamp: older than the document keeps trace logs"
    assert why_refused(start_ns=START + 601 * NS) == "timestamp: in the future by this server's clock"
    assert why_refused(start_ns=2**64 - 1) == "timestamp: in the future by this server's clock"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"trace_id": ""}, "traceId: not 16 bytes"),
        ({"span_id": ""}, "spanId: not 8 bytes"),
        ({"start_ns": 0}, "startTimeUnixNano: missing"),
        ({"attributes": {f"k{n}": n for n in range(201)}}, "more than 200 fields"),
        ({"attributes": {"deep": [[[[[[[[[1]]]]]]]]]}}, "deep: nested deeper than 8 levels"),
        ({"attributes": {"long": "x" * 300_000}}, "longer than 262144 bytes"),
        (
            {"events": [{"name": "e", "at": 1, "attributes": {"x": [[[[[[[[[1]]]]]]]]]}}]},
            "attributes: nested deeper",
        ),
    ],
)
def test_a_span_that_cannot_be_stored_says_why(changed: dict[str, Any], reason: str) -> None:
    assert why_refused(**changed).startswith(reason)


def test_a_refused_span_does_not_affect_the_others() -> None:
    found = read({}, {"trace_id": ""}, {})

    assert [each.number for each in span_rows(found.rows)] == [1, 3]
    assert [each.line for each in found.refused] == [2]


def test_secrets_are_masked_in_every_place() -> None:
    hidden = {"password": "hunter2"}
    events = [{"name": "login password=hunter2", "at": 4111111111111111, "attributes": hidden}]
    links = [{"traceId": "4111111111111111" * 2, "spanId": "4111111111111111", "attributes": hidden}]

    found = row(
        name="paid 4111111111111111", attributes=hidden, resource=hidden, events=events, links=links,
        status_message="token=abc",
    )  # fmt: skip

    assert "hunter2" not in repr(found)
    assert (found.name, found.status_message) == ("paid ***1111", "token=***")
    assert json.loads(found.events)[0]["at"] == 4111111111111111
    assert json.loads(found.links)[0]["traceId"] == "4111111111111111" * 2
