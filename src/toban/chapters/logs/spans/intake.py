"""Incoming spans become rows: a bad span is refused with its reason and does not hold up the others. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import orjson
import pyarrow as pa

from toban.chapters.logs.intake.fields import day_of, route_of
from toban.chapters.logs.intake.limits import LONGEST_LINE, BadRow, IntakeWindow, check_attributes
from toban.chapters.logs.intake.lines import BatchOrigin, RefusedLine
from toban.chapters.logs.rules import LogRules
from toban.engine.telemetry.columns import table_of
from toban.engine.telemetry.logs.words import TRACE
from toban.engine.telemetry.spans.rows import NANOSECONDS, SPAN_ROWS

_METHOD = ("http.request.method", "http.method")
_PATH = ("url.path", "http.target")
_CODE = ("http.response.status_code", "http.status_code")
_REQUEST = ("requestId", "request_id", "request.id", "http.request.header.x-request-id", "x-request-id")
"""Attributes of the semantic conventions, with their former names."""

_HTTP = frozenset(map(str, range(100, 600)))
_LONGEST_NAME = 500


class SentSpan(NamedTuple):
    """A span as sent. Ids are hexadecimal, and empty if invalid."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: str
    start_ns: int
    """Nanoseconds since 1970, like `end_ns`, which is 0 if unknown."""
    end_ns: int
    status: str
    """`OK` or `ERROR` if the application set it."""
    status_message: str
    service: str
    resource: Mapping[str, object]
    attributes: Mapping[str, object]
    events: Sequence[Mapping[str, object]]
    """Each with `name`, `at` (nanoseconds since 1970) and `attributes`."""
    links: Sequence[Mapping[str, object]]
    """Each with `traceId`, `spanId` and `attributes`."""


@dataclass(slots=True)
class SpanReading:
    """The result of a batch."""

    rows: pa.Table
    """Columns as in `SPAN_ROWS`."""
    refused: Sequence[RefusedLine]


class SpanReader:
    """Reads spans by an edition's rules. Any thread may use it."""

    def __init__(self, rules: LogRules) -> None:
        self._rules = rules

    def read(self, spans: Sequence[SentSpan], origin: BatchOrigin, now: datetime) -> SpanReading:
        """Return the rows of *spans*, and what is refused; both are counted from 1."""
        rows, refused = [], []
        window = IntakeWindow(self._rules, now)
        for number, span in enumerate(spans, 1):
            try:
                rows.append(self._row(span, number, origin, window))
            except BadRow as bad:
                refused.append(RefusedLine(number, str(bad)))
        columns = zip(*rows, strict=True) if rows else [()] * len(SPAN_ROWS)
        return SpanReading(table_of(SPAN_ROWS, columns), refused)

    def _row(
        self, sent: SentSpan, number: int, origin: BatchOrigin, window: IntakeWindow
    ) -> tuple[object, ...]:
        _check(sent)
        window.check(sent.start_ns / NANOSECONDS, TRACE)
        span = self._masked(sent)
        attributes = span.attributes
        code = _first(attributes, _CODE)
        path = _first(attributes, _PATH)
        route = _first(attributes, ("http.route",))
        return (
            day_of(span.start_ns / NANOSECONDS, self._rules.zone),
            span.start_ns // (NANOSECONDS // 1000) / 1000,
            span.start_ns,
            # If the clock was set back between start and end, the duration is unknown.
            max(span.end_ns - span.start_ns, 0),
            span.trace_id,
            span.span_id,
            span.parent_id,
            span.service or origin.service,
            span.name[:_LONGEST_NAME],
            span.kind,
            span.status,
            span.status_message,
            _first(attributes, _METHOD).upper(),
            route or (route_of(path) if path and span.kind == "SERVER" else ""),
            int(code) if code in _HTTP else 0,
            _first(attributes, _REQUEST),
            _json(attributes),
            _json(span.resource),
            _json(span.events),
            _json(span.links),
            origin.sender,
            number,
        )

    def _masked(self, span: SentSpan) -> SentSpan:
        """Return *span* without what must not be stored; search closely only if there may be something."""
        # Ids and times are left out: their digits may look like a card number.
        written = (
            *(span.name, span.status_message, span.resource, span.attributes),
            *((each["name"], each["attributes"]) for each in span.events),
            *(each["attributes"] for each in span.links),
        )
        line = orjson.dumps(written)
        if len(line) > LONGEST_LINE:
            raise BadRow(f"longer than {LONGEST_LINE} bytes")
        masker = self._rules.masker
        if not masker.suspects(line):
            return span
        return span._replace(
            name=masker.text(span.name),
            status_message=masker.text(span.status_message),
            resource=masker.record(span.resource),
            attributes=masker.record(span.attributes),
            events=[
                {**each, "name": masker.value(each["name"]), "attributes": masker.value(each["attributes"])}
                for each in span.events
            ],
            links=[{**each, "attributes": masker.value(each["attributes"])} for each in span.links],
        )


def _check(span: SentSpan) -> None:
    if not span.trace_id:
        raise BadRow("traceId: not 16 bytes, or nothing but zeros")
    if not span.span_id:
        raise BadRow("spanId: not 8 bytes, or nothing but zeros")
    if not span.start_ns:
        raise BadRow("startTimeUnixNano: missing")
    # Anything nested too deeply for the reader could not even be written.
    for each in (span.attributes, span.resource, *span.events, *span.links):
        check_attributes(each)


def _first(attributes: Mapping[str, object], names: Sequence[str]) -> str:
    """Return the first of the attributes that is present (the first item of a list); empty if none is."""
    for name in names:
        value = attributes.get(name)
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return str(value)
    return ""


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
