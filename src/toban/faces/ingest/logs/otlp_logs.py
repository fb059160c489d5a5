"""OpenTelemetry's log records as lines of the document's format, so that one reader reads both. Pure.

See https://opentelemetry.io/docs/specs/otel/logs/data-model/.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)

from toban.faces.ingest import otlp_wire

_SEVERITIES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
"""Each covers four of the severity numbers, from 1 on."""

_NANOSECONDS = 1_000_000_000


def lines_of(export: ExportLogsServiceRequest, known_level: Callable[[str], str]) -> bytes:
    """Return one line for each record, in their order.

    *known_level* returns an empty text for a word that is not a level: then the severity number decides.
    """
    return b"\n".join(orjson.dumps(each) for each in _records(export, known_level))


def response(refused: Sequence[tuple[int, str]]) -> ExportLogsServiceResponse:
    """Return the answer: empty, or a partial success with the reasons."""
    told = ExportLogsServiceResponse()
    if refused:
        told.partial_success.rejected_log_records = len(refused)
        told.partial_success.error_message = otlp_wire.reasons(refused, "log record")
    return told


def _records(
    export: ExportLogsServiceRequest, known_level: Callable[[str], str]
) -> Iterator[Mapping[str, object]]:
    for group in export.resource_logs:
        service, resource = otlp_wire.resource_of(group)
        for scoped in group.scope_logs:
            around = {"resource": resource, "scope": otlp_wire.scope_of(scoped.scope)}
            for record in scoped.log_records:
                yield _line(record, service, around, known_level)


def _line(
    record: Any, service: str, around: Mapping[str, object], known_level: Callable[[str], str]
) -> Mapping[str, object]:
    """Return the line, the record's own fields first: of two names for one thing, readers take the first."""
    body = otlp_wire.value_of(record.body)
    fields = {
        "timestamp": _seconds(record.time_unix_nano),
        "level": _level(record, known_level),
        "service": service,
        "traceId": otlp_wire.id_of(record.trace_id, 16),
        "spanId": otlp_wire.id_of(record.span_id, 8),
        "message": "" if isinstance(body, dict) else _text(body),
        "event": record.event_name,
    }
    line: dict[str, object] = {name: value for name, value in fields.items() if value}
    _add(line, body if isinstance(body, dict) else {}, "body")
    _add(line, otlp_wire.attributes_of(record.attributes), "attributes")
    _add(line, {name: value for name, value in around.items() if value}, "otel")
    # The time of observation is better than the time of arrival here, but worse than the record's own time.
    line.setdefault("timestamp", _seconds(record.observed_time_unix_nano))
    return {name: value for name, value in line.items() if value is not None}


def _add(line: dict[str, object], fields: Mapping[str, object], of: str) -> None:
    for name, value in fields.items():
        line[name if name not in line else f"{of}.{name}"] = value


def _seconds(nanoseconds: int) -> float | None:
    return round(nanoseconds / _NANOSECONDS, 3) if nanoseconds else None


def _level(record: Any, known_level: Callable[[str], str]) -> str:
    written: str = record.severity_text
    number = record.severity_number
    is_numbered = 1 <= number <= 4 * len(_SEVERITIES)
    if is_numbered and not known_level(written):
        return _SEVERITIES[(number - 1) // 4]
    return written


def _text(body: object) -> str:
    if body is None or isinstance(body, str):
        return body or ""
    return orjson.dumps(body).decode()
