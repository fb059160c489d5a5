"""Columns of the lines sent become columns of rows, for all lines of one shape at once. Pure.

A field of ten thousand lines is processed at once, rather than the fields line by line. Each function raises
`BadRow` for a column that contains a bad value.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import repeat

import numpy as np
import pyarrow as pa

from toban.chapters.logs.intake.limits import BadRow
from toban.engine.telemetry.columns import Column, array_of
from toban.engine.telemetry.logs.rows import NO_DURATION

_MILLISECONDS_FROM = 1e11
"""Times from this number on are in milliseconds: as seconds, they would be in the year 5138."""

_MOMENT = pa.timestamp("ns", "UTC")
_MILLISECOND = 1_000_000
"""Nanoseconds."""

_LONGEST = 1e38
"""The limit of a duration in milliseconds: the store's type holds no more."""

_HTTP = range(100, 600)
_TEXT = frozenset((str,))
_WHOLE = frozenset((int,))
_NUMBERS = frozenset((int, float))
_FLAT = frozenset((str, int, float, bool, type(None)))


def texts(known: str, column: Column) -> Sequence[str]:
    """Return a column of texts; numbers are kept as written, and null becomes empty."""
    kinds = set(map(type, column))
    if kinds == _TEXT:
        return column  # type: ignore[return-value]
    if kinds == _WHOLE:
        return list(map(str, column))
    return [value if isinstance(value, str) else _text(known, value) for value in column]


def each[Value, Result](understand: Callable[[Value], Result], column: Sequence[Value]) -> Sequence[Result]:
    """Return the result of *understand* for each value; it is called once for equal values."""
    understood = {value: understand(value) for value in set(column)}
    return [understood[value] for value in column]


def seconds(column: Column) -> Sequence[float]:
    """Return seconds since 1970, to the millisecond."""
    if set(map(type, column)) != _TEXT:
        return [_seconds(value) for value in column]
    with suppress(pa.ArrowInvalid):
        moments = array_of(pa.string(), column).cast(_MOMENT)
        thousandths = (
            np.frombuffer(moments.buffers()[1], np.int64, len(column)) + _MILLISECOND // 2
        ) // _MILLISECOND
        return (thousandths / 1000).tolist()  # type: ignore[no-any-return]
    return list(map(_moment, column))  # type: ignore[arg-type]


def statuses(column: Column, name: str, attributes: Sequence[dict[str, object]]) -> Sequence[int]:
    """Return HTTP statuses; an invalid one becomes an attribute *name*."""
    return _understood([_status(value) for value in column], column, name, attributes, otherwise=0)


def durations(
    column: Column, name: str, attributes: Sequence[dict[str, object]], *, factor: float
) -> Sequence[float]:
    """Return milliseconds, *factor* of them per unit; anything but a length becomes an attribute *name*."""
    if _NUMBERS.issuperset(map(type, column)):
        found = [value * factor for value in column]  # type: ignore[operator]
        if min(found) >= 0 and max(found) < _LONGEST:
            return found
    durations = [_duration(value, factor) for value in column]
    return _understood(durations, column, name, attributes, otherwise=NO_DURATION)


def are_flat(columns: Sequence[Column]) -> bool:
    """Say whether *columns* contain neither objects nor lists."""
    return all(_FLAT.issuperset(map(type, column)) for column in columns)


def objects(
    names: Sequence[str], columns: Sequence[Column], known: Mapping[str, object], count: int
) -> list[dict[str, object]]:
    """Return *count* objects with the fields *names*, and what else is *known* of each."""
    if not columns:
        return [dict(known) for _ in range(count)]
    records = list(map(dict, map(zip, repeat(names), zip(*columns, strict=True))))
    return [{**known, **record} for record in records] if known else records


def _understood[Number: (int, float)](
    found: Sequence[Number | None],
    column: Column,
    name: str,
    attributes: Sequence[dict[str, object]],
    *,
    otherwise: Number,
) -> Sequence[Number]:
    if None not in found:
        return found  # type: ignore[return-value]
    for number, value, rest in zip(found, column, attributes, strict=True):
        if number is None:
            rest[name] = value
    return [otherwise if number is None else number for number in found]


def _text(known: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRow(f"{known}: not a text")
    return str(value)


def _moment(written: str) -> float:
    """Return the time for what ISO 8601 allows and Arrow can't read: weeks, no colons, the year 2500."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as flaw:
        raise BadRow("timestamp: not an ISO 8601 time") from flaw
    if moment.tzinfo is None:
        raise BadRow("timestamp: names no time zone")
    return (moment.timestamp() * 1000 + 0.5) // 1 / 1000


def _seconds(written: object) -> float:
    if isinstance(written, str):
        return _moment(written)
    if isinstance(written, bool) or not isinstance(written, int | float):
        raise BadRow("timestamp: neither a text nor a number")
    return round(written / 1000 if written >= _MILLISECONDS_FROM else float(written), 3)


def _status(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) == len("200"):
        value = int(value)
    return value if isinstance(value, int) and value in _HTTP else None


def _duration(value: object, factor: float) -> float | None:
    try:
        duration = float(value) * factor  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return duration if 0 <= duration < _LONGEST else None
