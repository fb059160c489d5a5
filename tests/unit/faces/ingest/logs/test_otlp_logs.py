"""OTLP log records as lines of the document's format, and what both encodings share."""

import base64
import json
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from toban.engine.telemetry.logs.words import known_level
from toban.faces.ingest import otlp_wire
from toban.faces.ingest.logs import otlp_logs, otlp_traces
from toban.faces.ingest.otlp_wire import BadExport, Encoding

AT = 1_764_126_000_123_456_789


def lines(export: ExportLogsServiceRequest) -> list[dict[str, Any]]:
    body = otlp_logs.lines_of(export, lambda word: known_level(word, {"重大": "CRITICAL"}))
    return [json.loads(line) for line in body.split(b"\n") if line]


def line(**fields: Any) -> dict[str, Any]:
    """Return the line for a record of a service, given in protobuf's own JSON except for the body."""
    record = {"timeUnixNano": str(AT), "body": {"stringValue": "x"}, **fields}
    export = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
    body = json.dumps(export).encode()
    (found,) = lines(otlp_wire.read(ExportLogsServiceRequest(), body, Encoding.JSON))
    return found


def attributes(**values: str) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]


@pytest.mark.parametrize(
    ("number", "text", "level"),
    [
        (1, "", "TRACE"),
        (4, "", "TRACE"),
        (5, "", "DEBUG"),
        (9, "", "INFO"),
        (12, "", "INFO"),
        (13, "", "WARN"),
        (17, "", "ERROR"),
        (21, "", "FATAL"),
        (24, "", "FATAL"),
        (9, "warn", "warn"),
        (9, "重大", "重大"),
        (9, "nobody knows", "INFO"),
        (0, "nobody knows", "nobody knows"),
        (25, "", None),
        (0, "", None),
    ],
)
def test_a_level_comes_from_a_known_word_or_else_the_number(
    number: int, text: str, level: str | None
) -> None:
    assert line(severityNumber=number, severityText=text).get("level") == level


def test_the_time_of_a_record_takes_precedence_over_its_observed_time() -> None:
    assert line(observedTimeUnixNano="1")["timestamp"] == 1_764_126_000.123
    assert line(timeUnixNano="0", observedTimeUnixNano=str(AT))["timestamp"] == 1_764_126_000.123
    assert "timestamp" not in line(timeUnixNano="0")


def test_a_structured_body_is_read_like_a_line() -> None:
    body = {"kvlistValue": {"values": attributes(message="hello", timestamp="2026-11-26T12:00:00+09:00")}}

    found = line(body=body, timeUnixNano="0", observedTimeUnixNano=str(AT))

    assert (found["message"], found["timestamp"]) == ("hello", "2026-11-26T12:00:00+09:00")


def test_two_fields_with_the_same_name_are_both_kept() -> None:
    body = {"kvlistValue": {"values": attributes(level="of the body", item="of the body")}}

    found = line(body=body, severityText="error", attributes=attributes(level="attribute", item="attribute"))

    assert found["level"] == "error"
    assert (found["body.level"], found["attributes.level"]) == ("of the body", "attribute")
    assert (found["item"], found["attributes.item"]) == ("of the body", "attribute")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"intValue": "7"}, "7"),
        ({"boolValue": False}, "false"),
        ({"arrayValue": {"values": [{"stringValue": "a"}, {}]}}, '["a",null]'),
        ({"bytesValue": base64.b64encode(b"raw").decode()}, "cmF3"),
        ({"doubleValue": "NaN"}, "nan"),
    ],
)
def test_a_body_of_any_kind_has_its_text(body: dict[str, Any], message: str) -> None:
    assert line(body=body)["message"] == message


def test_ids_are_hexadecimal_in_json_and_left_out_if_invalid() -> None:
    found = line(traceId="5B8EFFF798038103D269B633813FC60C", spanId="eee19b7ec3c1b174")

    assert (found["traceId"], found["spanId"]) == ("5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174")
    for wrong in ("", "0" * 32, "abc", "zz" * 16, "5b8e"):
        assert "traceId" not in line(traceId=wrong)


def test_both_encodings_give_the_same_spans() -> None:
    export = ExportTraceServiceRequest()
    span = (
        export.resource_spans.add()
        .scope_spans.add()
        .spans.add(
            trace_id=b"t" * 16,
            span_id=b"s" * 8,
            parent_span_id=b"p" * 8,
            name="GET",
            kind=2,
            start_time_unix_nano=AT,
        )
    )
    span.links.add(trace_id=b"l" * 16, span_id=b"m" * 8)
    span.attributes.add(key="n").value.int_value = -(2**63)
    written = MessageToDict(export)
    in_json = written["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    for ids in (in_json, in_json["links"][0]):
        for name in ("traceId", "spanId", "parentSpanId"):
            if name in ids:
                ids[name] = base64.b64decode(ids[name]).hex()
    in_json["notOfThisVersion"] = {"x": [1]}

    body = json.dumps(written).encode()
    of_json = otlp_wire.read(ExportTraceServiceRequest(), body, Encoding.JSON)
    of_protobuf = otlp_wire.read(ExportTraceServiceRequest(), export.SerializeToString(), Encoding.PROTOBUF)

    (sent,) = otlp_traces.spans_of(of_json)
    assert [sent] == list(otlp_traces.spans_of(of_protobuf))
    assert (sent.trace_id, sent.parent_id, sent.links[0]["spanId"]) == ("74" * 16, "70" * 8, "6d" * 8)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"resourceLogs": {"a": 1}}', b'{"resourceLogs": [3]}']
)
def test_an_invalid_export_is_refused(body: bytes) -> None:
    with pytest.raises(BadExport, match="the body is no ExportLogsServiceRequest"):
        otlp_wire.read(ExportLogsServiceRequest(), body, Encoding.JSON)


def test_a_partial_success_names_some_reasons_and_counts_the_rest() -> None:
    refused = [(number, "bad") for number in range(1, 9)]

    told = otlp_logs.response(refused).partial_success

    assert told.rejected_log_records == 8
    assert told.error_message.startswith("log record 1: bad; log record 2: bad")
    assert told.error_message.endswith("log record 5: bad; and 3 more")


def damaged(whole: bytes, place: int, put: bytes) -> bytes:
    """Return *whole* with other bytes at one position."""
    at = place % (len(whole) + 1)
    return whole[:at] + put + whole[at + len(put) :]


@given(place=st.integers(0, 10_000), put=st.binary(max_size=12))
def test_a_damaged_export_is_read_or_refused(place: int, put: bytes) -> None:
    export = ExportTraceServiceRequest()
    span = (
        export.resource_spans.add()
        .scope_spans.add()
        .spans.add(
            trace_id=b"t" * 16,
            span_id=b"s" * 8,
            name="GET",
            kind=2,
            start_time_unix_nano=AT,
            end_time_unix_nano=AT,
        )
    )
    span.attributes.add(key="list").value.array_value.values.add().string_value = "x"
    span.events.add(name="exception", time_unix_nano=AT).attributes.add(key="k").value.double_value = 0.5
    logs = ExportLogsServiceRequest()
    record = logs.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=AT, severity_number=9)
    record.body.kvlist_value.values.add(key="message").value.string_value = "x"

    for empty, whole in ((ExportTraceServiceRequest(), export), (ExportLogsServiceRequest(), logs)):
        try:
            found = otlp_wire.read(empty, damaged(whole.SerializeToString(), place, put), Encoding.PROTOBUF)
        except BadExport:
            continue
        if isinstance(found, ExportLogsServiceRequest):
            assert len(lines(found)) <= 1
        else:
            json.dumps(list(otlp_traces.spans_of(found)))
