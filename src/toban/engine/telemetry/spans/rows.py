"""Spans of traces in the telemetry store: their columns and their table."""

import pyarrow as pa

from toban.engine.telemetry.batches import BatchStore, BatchTable
from toban.engine.telemetry.columns import DAY, MOMENT
from toban.engine.telemetry.store import Telemetry

NANOSECONDS = 1_000_000_000

SPAN_ROWS = pa.schema(
    [
        # The day on which it began, in the document's time zone: the unit of retention.
        ("day", DAY),
        ("at", MOMENT),
        # Nanoseconds since 1970.
        ("start_ns", pa.uint64()),
        ("duration_ns", pa.uint64()),
        # 32 hexadecimal digits, in lower case.
        ("trace_id", pa.string()),
        # 16 of them; so is `parent_id`.
        ("span_id", pa.string()),
        ("parent_id", pa.string()),
        ("service", pa.string()),
        ("name", pa.string()),
        # `SERVER`, `CLIENT`, `PRODUCER`, `CONSUMER` or `INTERNAL`.
        ("kind", pa.string()),
        # `OK` or `ERROR`, if the application has set it.
        ("status", pa.string()),
        ("status_message", pa.string()),
        ("method", pa.string()),
        ("route", pa.string()),
        # The HTTP status.
        ("code", pa.uint16()),
        ("request_id", pa.string()),
        # A JSON object; so is `resource`.
        ("attributes", pa.string()),
        ("resource", pa.string()),
        # A JSON array of objects with `name`, `at` (nanoseconds since 1970) and `attributes`.
        ("events", pa.string()),
        # A JSON array of objects with `traceId`, `spanId` and `attributes`.
        ("links", pa.string()),
        ("sender", pa.string()),
        # Counts the spans of a batch from 1.
        ("number", pa.uint32()),
    ]
)
"""One span, as it is stored. An unknown text is empty, an unknown number 0."""


class SpanStore(BatchStore):
    """The spans of a store. Any thread may use it."""

    def __init__(self, telemetry: Telemetry) -> None:
        super().__init__(telemetry, BatchTable("spans", SPAN_ROWS, partition=("day",)))
