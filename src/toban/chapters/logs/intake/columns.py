"""Columns of the lines sent become columns of rows, for all lines of one shape at once. Pure.

A field of ten thousand lines is processed at once, rather than the fields line by line. A value that is not
understood is kept as an attribute.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import tzinfo
from itertools import repeat

import numpy as np
import pyarrow as pa

from toban.chapters.logs.intake.limits import json_text
from toban.chapters.logs.intake.moments import moment_of
from toban.engine.telemetry.columns import Column, array_of
from toban.engine.telemetry.logs.rows import NO_DURATION

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


def texts(known: str, column: Column, name: str, attributes: Sequence[dict[str, object]]) -> Sequence[str]:
    """Return a column of texts; numbers are kept as written, and null becomes empty.

    Anything else becomes an attribute *name*; a message is then its JSON text.
    """
    kinds = set(map(type, column))
    if kinds == _TEXT:
        return column  # type: ignore[return-value]
    if kinds == _WHOLE:
        return list(map(str, column))
    otherwise = json_text if known == "message" else _empty
    found = [_text(value) for value in column]
    for text, value, rest in zip(found, column, attributes, strict=True):
        if text is None:
            rest[name] = value
    return [otherwise(value) if text is None else text for text, value in zip(found, column, strict=True)]


def each[Value, Result](understand: Callable[[Value], Result], column: Sequence[Value]) -> Sequence[Result]:
    """Return the result of *understand* for each value; it is called once for equal values."""
    understood = {value: understand(value) for value in set(column)}
    return [understood[value] for value in column]


def seconds(
    column: Column, name: str, attributes: Sequence[dict[str, object]], *, zone: tzinfo, otherwise: float
) -> Sequence[float]:
    """Return seconds since 1970, to the millisecond; times without an offset are in *zone*.

    A time that is not understood becomes an attribute *name*, and *otherwise* takes its place.
    """
    if set(map(type, column)) == _TEXT:
        with suppress(pa.ArrowInvalid):
            moments = array_of(pa.string(), column).cast(_MOMENT)
            thousandths = (
                np.frombuffer(moments.buffers()[1], np.int64, len(column)) + _MILLISECOND // 2
            ) // _MILLISECOND
            return (thousandths / 1000).tolist()  # type: ignore[no-any-return]
    found = [moment_of(value, zone) for value in column]
    return _understood(found, column, name, attributes, otherwise=otherwise)


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


def _text(value: object) -> str | None:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(value)


def _empty(_value: object) -> str:
    return ""


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
