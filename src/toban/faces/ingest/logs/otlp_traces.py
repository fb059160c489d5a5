"""OpenTelemetry's spans, read from their messages. Pure.

See https://opentelemetry.io/docs/specs/otel/trace/api/#span.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from toban.chapters.logs.spans.intake import SentSpan
from toban.faces.ingest import otlp_wire

_KINDS = {
    Span.SpanKind.SPAN_KIND_SERVER: "SERVER",
    Span.SpanKind.SPAN_KIND_CLIENT: "CLIENT",
    Span.SpanKind.SPAN_KIND_PRODUCER: "PRODUCER",
    Span.SpanKind.SPAN_KIND_CONSUMER: "CONSUMER",
}
_STATUSES = {Status.StatusCode.STATUS_CODE_OK: "OK", Status.StatusCode.STATUS_CODE_ERROR: "ERROR"}


def spans_of(export: ExportTraceServiceRequest) -> Iterator[SentSpan]:
    """Yield all spans of an export, in their order."""
    for group in export.resource_spans:
        service, resource = otlp_wire.resource_of(group)
        for scoped in group.scope_spans:
            scope = otlp_wire.scope_of(scoped.scope)
            around = {**resource, **({"scope": scope} if scope else {})}
            for span in scoped.spans:
                yield _span(span, service, around)


def response(refused: Sequence[tuple[int, str]]) -> ExportTraceServiceResponse:
    """Return the answer: empty, or a partial success with the reasons."""
    told = ExportTraceServiceResponse()
    if refused:
        told.partial_success.rejected_spans = len(refused)
        told.partial_success.error_message = otlp_wire.reasons(refused, "span")
    return told


def _span(span: Any, service: str, resource: Mapping[str, object]) -> SentSpan:
    return SentSpan(
        trace_id=otlp_wire.id_of(span.trace_id, 16),
        span_id=otlp_wire.id_of(span.span_id, 8),
        parent_id=otlp_wire.id_of(span.parent_span_id, 8),
        name=span.name,
        kind=_KINDS.get(span.kind, "INTERNAL"),
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        status=_STATUSES.get(span.status.code, ""),
        status_message=span.status.message,
        service=service,
        resource=resource,
        attributes=otlp_wire.attributes_of(span.attributes),
        events=[
            {
                "name": each.name,
                "at": each.time_unix_nano,
                "attributes": otlp_wire.attributes_of(each.attributes),
            }
            for each in span.events
        ],
        links=[
            {
                "traceId": otlp_wire.id_of(each.trace_id, 16),
                "spanId": otlp_wire.id_of(each.span_id, 8),
                "attributes": otlp_wire.attributes_of(each.attributes),
            }
            for each in span.links
        ],
    )
