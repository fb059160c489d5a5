"""Columns of the lines sent become columns of rows, for all lines of one shape at once. Pure.

A field of ten thousand lines is processed at once, rather than the fields line by line. A value that is not
understood is kept as an attribute.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import tzinfo
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from toban.chapters.logs.intake.limits import json_text
from toban.chapters.logs.intake.moments import moment_of
from toban.engine.telemetry.columns import array_of, text_of
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

type SentColumn = pa.Array | Sequence[object]
"""The values of a field: an array if all are texts, or all whole numbers of 64 bits; else values of JSON."""
type Leftovers = defaultdict[int, dict[str, object]]
"""What is to be kept as attributes besides the fields without a column, by the place of a line."""


def sent(column: Sequence[object]) -> SentColumn:
    """Return the values of a field, as an array if they can be one."""
    kinds = set(map(type, column))
    if kinds == _TEXT:
        return array_of(pa.string(), column)
    if kinds == _WHOLE:
        with suppress(OverflowError):
            return array_of(pa.int64(), column)
    return column


def listed(column: SentColumn) -> Sequence[Any]:
    """Return a column as values of Python."""
    if not isinstance(column, pa.Array):
        return column
    if column.type == pa.int64():
        return _whole(column).tolist()  # type: ignore[no-any-return]
    encoded = column.dictionary_encode()
    found = encoded.dictionary.to_pylist()
    return [found[place] for place in np.frombuffer(encoded.indices.buffers()[1], np.int32).tolist()]


def are_flat(columns: Sequence[SentColumn]) -> bool:
    """Say whether *columns* contain neither objects nor lists."""
    return all(isinstance(column, pa.Array) or _FLAT.issuperset(map(type, column)) for column in columns)


def texts(known: str, column: SentColumn, name: str, leftovers: Leftovers) -> pa.Array:
    """Return a column of texts; numbers are kept as written, and null becomes empty.

    Anything else becomes an attribute *name*; a message is then its JSON text.
    """
    if isinstance(column, pa.Array):
        return column.cast(pa.string())
    otherwise = json_text if known == "message" else _empty
    found = list(map(_text, column))
    for place, (text, value) in enumerate(zip(found, column, strict=True)):
        if text is None:
            leftovers[place][name] = value
            found[place] = otherwise(value)
    return array_of(pa.string(), found)


def each(understand: Callable[[str], str], column: pa.Array) -> pa.Array:
    """Return the result of *understand* for each text; it is called once for equal texts."""
    encoded = column.dictionary_encode()
    understood = array_of(pa.string(), list(map(understand, encoded.dictionary.to_pylist())))
    return understood.take(encoded.indices)


def or_else(column: pa.Array, otherwise: pa.Array) -> pa.Array:
    """Return *column* with the texts of *otherwise* in place of empty ones."""
    return pc.if_else(pc.equal(column, text_of("")), otherwise, column)


def seconds(
    column: SentColumn, name: str, leftovers: Leftovers, *, zone: tzinfo, otherwise: float
) -> NDArray[np.float64]:
    """Return seconds since 1970, to the millisecond; times without an offset are in *zone*.

    A time that is not understood becomes an attribute *name*, and *otherwise* takes its place.
    """
    if isinstance(column, pa.Array) and column.type == pa.string():
        with suppress(pa.ArrowInvalid):
            return (_whole(column.cast(_MOMENT)) + _MILLISECOND // 2) // _MILLISECOND / 1000
    values = listed(column)
    found = [moment_of(value, zone) for value in values]
    return np.array(_understood(found, values, name, leftovers, otherwise=otherwise), np.float64)


def statuses(column: SentColumn, name: str, leftovers: Leftovers) -> NDArray[np.uint16]:
    """Return HTTP statuses; an invalid one becomes an attribute *name*."""
    if isinstance(column, pa.Array) and column.type == pa.int64():
        whole = _whole(column)
        if whole.min() in _HTTP and whole.max() in _HTTP:
            return whole.astype(np.uint16)
    values = listed(column)
    found = _understood(list(map(_status, values)), values, name, leftovers, otherwise=0)
    return np.array(found, np.uint16)


def durations(column: SentColumn, name: str, leftovers: Leftovers, *, factor: float) -> NDArray[np.float64]:
    """Return milliseconds, *factor* of them per unit; anything but a length becomes an attribute *name*."""
    values = listed(column)
    if _NUMBERS.issuperset(map(type, values)):
        found = np.array(values, np.float64) * factor
        if found.min() >= 0 and found.max() < _LONGEST:
            return found
    lengths = [_duration(value, factor) for value in values]
    return np.array(_understood(lengths, values, name, leftovers, otherwise=NO_DURATION), np.float64)


def _whole(column: pa.Array) -> NDArray[np.int64]:
    return np.frombuffer(column.buffers()[1], np.int64)[column.offset : column.offset + len(column)]


def _understood[Number: (int, float)](
    found: Sequence[Number | None],
    column: Sequence[object],
    name: str,
    leftovers: Leftovers,
    *,
    otherwise: Number,
) -> Sequence[Number]:
    if None not in found:
        return found  # type: ignore[return-value]
    for place, (number, value) in enumerate(zip(found, column, strict=True)):
        if number is None:
            leftovers[place][name] = value
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
