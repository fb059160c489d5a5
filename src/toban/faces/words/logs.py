"""Log rows as text, as JSON and as CSV: the same on the terminal and in the page's downloads."""

import csv
import io
from collections.abc import Callable, Mapping

from toban.engine.telemetry.logs.search import FoundRow
from toban.text import no_formula, printable, printable_json

_FIELDS = (
    *("timestamp", "kind", "level", "service", "message", "userId", "requestId", "traceId", "spanId", "ip"),
    *("method", "route", "status", "durationMs", "sender"),
)


def as_record(row: FoundRow) -> dict[str, object]:
    """Return the row in the document's format, with the sender's own fields; empty fields are left out."""
    pairs = zip(_FIELDS, _values(row), strict=True)
    # Zero is a value: a request that took less than a millisecond.
    known = {name: value for name, value in pairs if value not in ("", None)}
    return {**known, **{name: value for name, value in row.attributes.items() if name not in known}}


def as_json(row: FoundRow) -> str:
    """Return the row as one line of JSON."""
    return printable_json(as_record(row))


def as_text(row: FoundRow) -> str:
    """Return the row for a terminal, with its time in this machine's zone.

    Lines stay lines; anything else that would move the cursor, name the window or reverse the text becomes �.
    """
    request = request_text(row) if row.status else ""
    ids = [
        f"{name}={value}" for name, value in (("requestId", row.request_id), ("userId", row.user_id)) if value
    ]
    own = [f"{name}={printable_json(value)}" for name, value in row.attributes.items()]
    at = row.at.astimezone()
    parts = [f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03}", f"{row.level:<8}", row.service, request]
    said = " ".join(part for part in (*parts, row.message, *ids, *own) if part)
    return "\n".join(printable(line.expandtabs()) for line in said.split("\n"))


def request_text(row: FoundRow) -> str:
    """Return an access log's figures, as far as they are known: `GET /orders 500 12ms`."""
    took = "" if row.duration_ms is None else f"{row.duration_ms:.0f}ms"
    return " ".join(filter(None, (row.method, row.route, str(row.status or ""), took)))


def csv_heading() -> str:
    """Return the first line of a CSV."""
    return _csv((*_FIELDS, "attributes"))


def as_csv(row: FoundRow) -> str:
    """Return the row as a line of CSV (RFC 4180); the sender's own fields are JSON in the last column."""
    own: Mapping[str, object] = row.attributes
    return _csv((*map(_cell, _values(row)), printable_json(own) if own else ""))


WRITERS: Mapping[str, Callable[[FoundRow], str]] = {"text": as_text, "json": as_json, "csv": as_csv}


def _values(row: FoundRow) -> tuple[object, ...]:
    at = row.at.isoformat(timespec="milliseconds")
    return (
        *(at, row.kind, row.level, row.service, row.message, row.user_id, row.request_id, row.trace_id),
        *(row.span_id, row.ip, row.method, row.route, row.status or None, row.duration_ms, row.sender),
    )


def _cell(value: object) -> object:
    return no_formula(value) if isinstance(value, str) else value


def _csv(values: tuple[object, ...]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue()
