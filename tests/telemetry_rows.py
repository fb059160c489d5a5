"""Log rows and spans, written one by one, as the columns that the store accepts."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
import pyarrow as pa

from toban.engine.telemetry.columns import table_of
from toban.engine.telemetry.logs.rows import LOG_ROWS, NO_DURATION, InsertBatch
from toban.engine.telemetry.spans.rows import SPAN_ROWS


class LogRow(NamedTuple):
    """A row of a log: `at` in seconds since 1970, `day` as `2026-11-26`."""

    kind: str
    day: str
    at: float
    level: str
    service: str
    message: str
    user_id: str
    request_id: str
    trace_id: str
    span_id: str
    ip: str
    method: str
    route: str
    status: int
    duration_ms: float
    attributes: Mapping[str, object]
    sender: str
    number: int


class SpanRow(NamedTuple):
    """A row of a span; its `at` is where it starts."""

    day: str
    start_ns: int
    duration_ns: int
    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    kind: str
    status: str
    status_message: str
    method: str
    route: str
    code: int
    request_id: str
    attributes: str
    resource: str
    events: str
    links: str
    sender: str
    number: int


def logs_of(rows: Iterable[LogRow]) -> pa.Table:
    """Return the table of *rows*."""
    place = LOG_ROWS.names.index("attributes_sent")
    return _table(
        LOG_ROWS, [(*row[:place], orjson.dumps(row.attributes).decode(), *row[place + 1 :]) for row in rows]
    )


def spans_of(rows: Iterable[SpanRow]) -> pa.Table:
    """Return the table of *rows*."""
    return _table(SPAN_ROWS, [(row.day, row.start_ns // 10**6 / 1000, *row[1:]) for row in rows])


def batch_of(key: str, rows: Sequence[LogRow] | Sequence[SpanRow]) -> InsertBatch:
    """Return the batch of *rows*."""
    spans = [row for row in rows if isinstance(row, SpanRow)]
    return InsertBatch(
        key, spans_of(spans) if spans else logs_of(row for row in rows if isinstance(row, LogRow))
    )


def log_rows(table: pa.Table) -> list[LogRow]:
    """Return the rows of a table of logs."""
    return [
        LogRow(
            **{
                "attributes": attributes_in(row.pop("attributes_sent")),
                **row,
                "day": row["day"].isoformat(),
                "at": row["at"].timestamp(),
                # Arrow's NaN equals nothing, not even another of its own.
                "duration_ms": NO_DURATION if math.isnan(row["duration_ms"]) else row["duration_ms"],
            }
        )
        for row in table.to_pylist()
    ]


def attributes_in(sent: str | dict[str, object]) -> dict[str, object]:
    """Return a row's attributes, which are a text of JSON or a struct."""
    return sent if isinstance(sent, dict) else dict(orjson.loads(sent))


def span_rows(table: pa.Table) -> list[SpanRow]:
    """Return the rows of a table of spans."""
    rows = table.drop_columns("at").to_pylist()
    return [SpanRow(**{**row, "day": row["day"].isoformat()}) for row in rows]


def _table(schema: pa.Schema, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    return table_of(schema, zip(*rows, strict=True) if rows else [()] * len(schema))
