"""Log rows in the telemetry store: their columns and their table."""

import math
from collections.abc import Mapping

import pyarrow as pa

from toban.engine.telemetry.batches import BatchStore, BatchTable, InsertBatch, key_of
from toban.engine.telemetry.columns import DAY, MOMENT, Column, table_of
from toban.engine.telemetry.objects import SENT
from toban.engine.telemetry.store import Telemetry

__all__ = ("LOG_ROWS", "NO_DURATION", "InsertBatch", "LogStore", "key_of", "rows_of")

NO_DURATION = math.nan
"""The duration of a line that names none: zero is the duration of a fast request."""

LOG_ROWS = pa.schema(
    [
        # The document's kind of log, by its own name: `access`, `application`, `error`, `audit` or another.
        ("kind", pa.string()),
        # The day of `at` in the document's time zone: the unit of retention.
        ("day", DAY),
        ("at", MOMENT),
        ("level", pa.string()),
        ("service", pa.string()),
        ("message", pa.string()),
        ("user_id", pa.string()),
        ("request_id", pa.string()),
        ("trace_id", pa.string()),
        ("span_id", pa.string()),
        ("ip", pa.string()),
        ("method", pa.string()),
        ("route", pa.string()),
        # The HTTP status.
        ("status", pa.uint16()),
        ("duration_ms", pa.float32()),
        # JSON objects of everything else that was sent, which become the column `attributes`; or structs, see
        # `objects.py`.
        (SENT, pa.string()),
        ("sender", pa.string()),
        # Counts the lines of a batch from 1.
        ("number", pa.uint32()),
    ]
)
"""One line of a log, as it is stored. An unknown text is empty, an unknown status 0, an unknown duration
`NO_DURATION`."""


def rows_of(columns: Mapping[str, Column]) -> pa.Table:
    """Return the table of *columns*, which are named as in `LOG_ROWS`."""
    place = LOG_ROWS.names.index(SENT)
    attributes = columns[SENT]
    schema = (
        LOG_ROWS.set(place, pa.field(SENT, attributes.type)) if isinstance(attributes, pa.Array) else LOG_ROWS
    )
    return table_of(schema, [columns[name] for name in schema.names])


class LogStore(BatchStore):
    """The logs of a store. Any thread may use it."""

    def __init__(self, telemetry: Telemetry) -> None:
        super().__init__(telemetry, BatchTable("logs", LOG_ROWS, partition=("kind", "day")))
