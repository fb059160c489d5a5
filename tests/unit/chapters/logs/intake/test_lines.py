"""Lines become rows, or are refused with their number and a reason."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.registered import schema
from tests.telemetry_rows import log_rows

from toban.chapters.logs.intake.limits import DEEPEST, MOST_FIELDS
from toban.chapters.logs.intake.lines import BatchOrigin, LineReader, LineReading
from toban.chapters.logs.rules import rules
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.telemetry.logs.rows import NO_DURATION

DOCUMENT = """# 運用設計書
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アクセスログ | HTTP | CloudWatch Logs | 90日 |
| アプリログ | 処理 | CloudWatch Logs | 90日 |
| エラーログ | エラー | CloudWatch Logs | 180日 |
| 監査ログ | 操作 | S3 | 1年 |
### ログレベル
| レベル | 用途 | 本番環境出力 |
|---|---|---|
| DEBUG | デバッグ情報 | × |
| INFO | 通常 | ○ |
"""
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SHOP = BatchOrigin("shop", service="shop-api")


def reader(bindings: str = "", document: str = DOCUMENT) -> LineReader:
    design = read_design(document, "運用設計書.md")
    return LineReader(rules(design, read_bindings(bindings, Path("toban.toml"), schema())))


def read(*lines: object, origin: BatchOrigin = SHOP, bindings: str = "") -> LineReading:
    body = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    return reader(bindings).read(body, origin, NOW)


def test_the_format_in_the_document_is_the_native_one() -> None:
    reading = read(
        {
            "timestamp": "2026-11-26T11:59:59.5+00:00",
            "level": "INFO",
            "message": "User login successful",
            "userId": 123,
            "requestId": "req-abc123",
            "ip": "192.168.1.1",
            "cart": {"items": 3},
        }
    )

    (row,) = log_rows(reading.rows)
    assert (row.kind, row.day, row.at) == ("application", "2026-11-26", 1795694399.5)
    assert (row.level, row.message, row.service) == ("INFO", "User login successful", "shop-api")
    assert (row.user_id, row.request_id, row.ip) == ("123", "req-abc123", "192.168.1.1")
    assert row.attributes == {"cart": {"items": 3}}
    assert reading.refused == []


def test_a_line_without_a_time_gets_the_time_its_sender_read_it() -> None:
    reading = read({"message": "a"}, origin=BatchOrigin("shop", at=1795694300.25))

    assert [row.at for row in log_rows(reading.rows)] == [1795694300.25]


def test_known_attributes_are_added_to_every_line_unless_it_has_its_own() -> None:
    origin = BatchOrigin("shop", known={"host": "web-1", "file": "/var/log/a.log"})

    reading = read({"message": "a"}, {"message": "b", "host": "web-2"}, origin=origin)

    assert [row.attributes["host"] for row in log_rows(reading.rows)] == ["web-1", "web-2"]


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-26T11:59:59.1235Z",
        "2026-11-26 20:59:59.1235+0900",
        "2026-11-26T11:59:59.123456789+00:00",
        "2026-11-26T11:59:59.12345678901Z",
        "20261126T115959.1235Z",
        "2026-W48-4T11:59:59,1235Z",
    ],
)
def test_times_may_use_any_form_of_iso_8601(written: str) -> None:
    plain = "2026-11-26T11:59:00Z"

    for lines in ((written,), (written, plain), (plain, written, plain)):
        rows = log_rows(read(*({"timestamp": at} for at in lines)).rows)
        assert [row.at for row in rows] == [
            1795694340.0 if at == plain else pytest.approx(1795694399.123, abs=0.0011) for at in lines
        ]


def test_the_day_of_a_line_is_in_the_documents_zone() -> None:
    reading = read({"timestamp": "2026-11-25T15:00:00Z"}, {"timestamp": "2026-11-25T14:59:59.999Z"})

    assert [row.day for row in log_rows(reading.rows)] == ["2026-11-26", "2026-11-25"]


def test_levels_not_written_in_production_are_dropped_and_counted() -> None:
    reading = read({"level": "debug"}, {"level": "DEBUG"}, {"level": "info"}, {"level": "trace"})

    assert reading.dropped == {"DEBUG": 2}
    assert [row.level for row in log_rows(reading.rows)] == ["INFO", "TRACE"]


def test_outside_production_every_level_is_stored() -> None:
    assert len(read({"level": "DEBUG"}, bindings="[logs]\nproduction = false").rows) == 1


@pytest.mark.parametrize(
    ("written", "level"),
    [
        ("warn", "WARNING"),
        ("Fatal", "CRITICAL"),
        (50, "ERROR"),
        ("notice", "INFO"),
        ("重大", "CRITICAL"),
        ("chatty", "CHATTY"),
        (None, "INFO"),
    ],
)
def test_levels_have_the_names_of_the_document(written: object, level: str) -> None:
    reading = read({"level": written}, bindings='[logs]\nlevels = { "重大" = "CRITICAL" }')

    assert [row.level for row in log_rows(reading.rows)] == [level]


@pytest.mark.parametrize(
    ("record", "origin", "kind"),
    [
        ({"kind": "監査ログ"}, SHOP, "audit"),
        ({"logType": "access"}, SHOP, "access"),
        ({"level": "INFO"}, SHOP, "application"),
        ({"level": "CRITICAL"}, SHOP, "error"),
        ({"method": "get", "path": "/", "status": 200}, SHOP, "access"),
        ({"level": "ERROR"}, BatchOrigin("nginx", "access"), "access"),
        ({"kind": "決済ログ"}, SHOP, "決済ログ"),
    ],
)
def test_the_kind_comes_from_the_line_then_the_sender_then_its_format(
    record: dict[str, object], origin: BatchOrigin, kind: str
) -> None:
    assert [row.kind for row in log_rows(read(record, origin=origin).rows)] == [kind]


def test_a_configured_field_gives_the_kind_of_lines_from_any_sender() -> None:
    bindings = """
[[logs.kinds]]
field = "facility"
value = "auth*"
log = "監査ログ"
[[logs.kinds]]
field = "facility"
value = "*"
log = "アプリログ"
[[logs.kinds]]
field = "job"
value = "7"
log = "監査ログ"
"""

    reading = read(
        {"facility": "authpriv"},
        {"facility": "authpriv", "kind": "access"},
        {"facility": "cron"},
        {"job": 7},
        {"job": 8},
        origin=BatchOrigin("hosts", "access"),
        bindings=bindings,
    )

    assert [row.kind for row in log_rows(reading.rows)] == [
        "audit",
        "access",
        "application",
        "audit",
        "access",
    ]


def test_errors_go_to_the_application_log_if_the_document_has_no_error_log() -> None:
    document = DOCUMENT.replace("| エラーログ | エラー | CloudWatch Logs | 180日 |\n", "")

    reading = reader(document=document).read(b'{"level": "ERROR"}', SHOP, NOW)

    assert [row.kind for row in log_rows(reading.rows)] == ["application"]


def test_a_request_has_method_route_status_and_duration() -> None:
    reading = read(
        {
            "request_method": "get",
            "uri": "/orders/1234/items?page=2",
            "status": "503",
            "request_time": "0.25",
        },
        {"method": "POST", "path": "/carts/6f1c2b9a8d7e6f5a/lines", "statusCode": 201, "durationMs": 12},
        {"method": "GET", "path": "/health", "status": 200, "request_time": 0.0},
        {"route": "/orders/:id", "path": "/orders/9", "status": "open", "durationMs": "inf"},
    )

    assert [(row.method, row.route, row.status, row.duration_ms) for row in log_rows(reading.rows)] == [
        ("GET", "/orders/{}/items", 503, 250.0),
        ("POST", "/carts/{}/lines", 201, 12.0),
        ("GET", "/health", 200, 0.0),
        ("", "/orders/:id", 0, NO_DURATION),
    ]
    first, _, _, third = [row.attributes for row in log_rows(reading.rows)]
    assert first == {"uri": "/orders/1234/items?page=2"}
    assert third == {
        "path": "/orders/9",
        "status": "open",
        "durationMs": "inf",
    }


@pytest.mark.parametrize(
    "line",
    [
        {"status": 200},
        {"status": 200, "durationMs": None},
        {"status": 200, "request_time": "-"},
        {"status": 200, "durationMs": -3},
    ],
)
def test_a_request_without_a_valid_duration_has_none(line: dict[str, object]) -> None:
    (row,) = log_rows(read(line).rows)

    assert row.duration_ms is NO_DURATION


def test_a_duration_of_zero_is_not_replaced_by_another_field() -> None:
    (row,) = log_rows(read({"durationMs": 0, "request_time": 1.5}).rows)

    assert row.duration_ms == 0


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "no JSON"),
        (b'"text"', "no JSON object"),
        (b'{"message": "\xff"}', "no JSON"),
        (b"x" * 300_000, "longer than"),
        ({"timestamp": "2026-08-28T11:59:00Z"}, "older than the document keeps application logs"),
        ({"timestamp": (NOW + timedelta(minutes=11)).timestamp()}, "in the future"),
        (b'{"deep": ' + b"[" * 300 + b"]" * 300 + b"}", "nested deeper"),
    ],
)
def test_only_a_bad_line_is_refused_with_its_number_and_reason(line: object, reason: str) -> None:
    reading = read({"message": "before"}, line, {"message": "after"})

    assert [row.number for row in log_rows(reading.rows)] == [1, 3]
    ((number, why),) = reading.refused
    assert number == 2
    assert reason in why


@pytest.mark.parametrize(
    ("line", "attributes"),
    [
        ({"userId": True}, {"userId": True}),
        ({"user": {"name": "kai"}}, {"user": {"name": "kai"}}),
        ({"timestamp": "yesterday"}, {"timestamp": "yesterday"}),
        ({"timestamp": []}, {"timestamp": []}),
        ({"time": 0.25}, {"time": 0.25}),
        ({"deep": json.loads("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1))}, {"deep": "[" * 9 + "]" * 9}),
    ],
)
def test_what_is_not_understood_of_a_line_is_kept(line: object, attributes: object) -> None:
    for lines in ([line], [{"message": "before"}, line, {"message": "after"}]):
        reading = read(*lines)

        assert reading.refused == []
        rows = log_rows(reading.rows)
        assert len(rows) == len(lines)
        assert rows[len(lines) // 2].attributes == attributes
        assert rows[len(lines) // 2].at == NOW.timestamp()


def test_a_message_that_is_an_object_is_its_json() -> None:
    (row,) = log_rows(read({"message": {"a": 1}}).rows)

    assert (row.message, row.attributes) == ('{"a":1}', {"message": {"a": 1}})


def test_fields_beyond_the_limit_are_kept_together() -> None:
    (row,) = log_rows(read({f"field{number}": number for number in range(300)}).rows)

    assert len(row.attributes) == MOST_FIELDS
    assert row.attributes["field198"] == 198
    assert row.attributes["more_fields"] == [f"field{number}={number}" for number in range(199, 300)]


def test_a_time_without_a_zone_is_in_the_documents() -> None:
    rows = log_rows(read({"timestamp": "2026-11-26T20:59:00"}, {"timestamp": "2026-11-26 20:59:00,5"}).rows)

    assert [row.at for row in rows] == [1795694340.0, 1795694340.5]


def test_seconds_and_milliseconds_since_1970_are_distinguished() -> None:
    at = NOW.timestamp() - 1

    assert [row.at for row in log_rows(read({"ts": at}, {"ts": int(at * 1000)}).rows)] == [at, at]


def test_a_year_old_line_is_accepted_if_the_document_keeps_it_that_long() -> None:
    reading = read({"kind": "監査ログ", "timestamp": "2025-11-26T12:00:00Z"})

    assert [row.kind for row in log_rows(reading.rows)] == ["audit"]


def test_secrets_are_masked_wherever_they_appear() -> None:
    reading = read(
        {
            "message": "password=hunter2",
            "path": "/reset?token=abc",
            "auth": {"Authorization": "Bearer abcdefgh"},
        }
    )

    (row,) = log_rows(reading.rows)
    assert row.message == "password=***"
    assert row.attributes == {"path": "/reset?token=***", "auth": {"Authorization": "***"}}


def test_empty_lines_are_numbered_but_not_stored() -> None:
    reading = read({"message": "one"}, b"", b"  ", {"message": "four"})

    assert [row.number for row in log_rows(reading.rows)] == [1, 4]


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
_names = (
    st.sampled_from(["timestamp", "level", "message", "status", "durationMs", "userId", "path"]) | st.text()
)


@given(st.lists(st.binary(max_size=60) | st.dictionaries(_names, _values, max_size=6), max_size=5))
def test_each_line_of_any_input_is_stored_refused_or_dropped(lines: list[object]) -> None:
    body = b"\n".join(
        line.replace(b"\n", b"") if isinstance(line, bytes) else json.dumps(line).encode() for line in lines
    )
    said = sum(1 for line in body.split(b"\n") if line and not line.isspace())

    reading = reader().read(body, SHOP, NOW)

    assert len(reading.rows) + len(reading.refused) + reading.dropped.total() == said
