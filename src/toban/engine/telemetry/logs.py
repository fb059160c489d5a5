"""Log rows in the telemetry store: what one is, and where they lie."""

from collections.abc import Mapping
from typing import NamedTuple

from toban.engine.telemetry.batches import Batch, BatchStore, BatchTable, key_of
from toban.engine.telemetry.store import Telemetry

__all__ = ("Batch", "LogRow", "LogStore", "key_of")

_TABLE = BatchTable(
    "logs",
    (
        *("kind", "day", "at", "level", "service", "message", "user_id", "request_id", "trace_id", "span_id"),
        *("ip", "method", "route", "status", "duration_ms", "attributes", "sender", "batch", "number"),
    ),
    partition=("kind", "day"),
)


class LogRow(NamedTuple):
    """One line of a log, as it is stored. What is not known is empty, a number 0."""

    kind: str
    """The document's kind of log, by its own name: `access`, `application`, `error`, `audit` or another."""
    day: str
    """The day that `at` is on in the document's time zone, `2026-11-26`: the unit of retention."""
    at: float
    """Seconds since 1970, to the millisecond."""
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
    """The HTTP status."""
    duration_ms: float
    attributes: Mapping[str, object]
    """All else that was sent."""
    sender: str
    number: int
    """Counts the lines of a batch from 1."""


class LogStore(BatchStore[LogRow]):
    """The logs of a store. Any thread may use it."""

    def __init__(self, telemetry: Telemetry) -> None:
        super().__init__(telemetry, _TABLE)
