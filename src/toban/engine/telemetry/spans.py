"""Spans of traces in the telemetry store: what one is, and where they lie."""

from typing import NamedTuple

from toban.engine.telemetry.batches import BatchStore, BatchTable
from toban.engine.telemetry.store import Telemetry

NANOSECONDS = 1_000_000_000

_TABLE = BatchTable(
    "spans",
    (
        *("day", "start_ns", "duration_ns", "trace_id", "span_id", "parent_id", "service", "name", "kind"),
        *("status", "status_message", "method", "route", "code", "request_id", "attributes", "resource"),
        *("events", "links", "sender", "batch", "number"),
    ),
    partition=("day",),
)


class SpanRow(NamedTuple):
    """One span, as it is stored. What is not known is empty, a number 0."""

    day: str
    """The day that it began on in the document's time zone, `2026-11-26`: the unit of retention."""
    start_ns: int
    """Nanoseconds since 1970."""
    duration_ns: int
    trace_id: str
    """32 hexadecimal digits, in lower case."""
    span_id: str
    """16 of them."""
    parent_id: str
    service: str
    name: str
    kind: str
    """`SERVER`, `CLIENT`, `PRODUCER`, `CONSUMER` or `INTERNAL`."""
    status: str
    """`OK` or `ERROR`, where the application has said so."""
    status_message: str
    method: str
    route: str
    code: int
    """The HTTP status."""
    request_id: str
    attributes: str
    """A JSON object; so is `resource`."""
    resource: str
    events: str
    """A JSON array of objects with `name`, `at` (nanoseconds since 1970) and `attributes`."""
    links: str
    """A JSON array of objects with `traceId`, `spanId` and `attributes`."""
    sender: str
    number: int
    """Counts the spans of a batch from 1."""

    @property
    def at(self) -> float:
        """Seconds since 1970."""
        return self.start_ns / NANOSECONDS


class SpanStore(BatchStore[SpanRow]):
    """The spans of a store. Any thread may use it."""

    def __init__(self, telemetry: Telemetry) -> None:
        super().__init__(telemetry, _TABLE)
