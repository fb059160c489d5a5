"""Rows for the telemetry store as Arrow columns, which the engine needn't parse. Pure."""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

MOMENT = pa.timestamp("ms", "UTC")
"""The type of a column of moments; values are seconds since 1970."""
DAY = pa.date32()
"""The type of a column of days; values are texts such as `2026-11-26`."""

type Column = Sequence[object] | NDArray[np.generic] | pa.Array
"""Values of Python, numbers of numpy in the unit of the column, or a finished array."""


def table_of(schema: pa.Schema, columns: Iterable[Column]) -> pa.Table:
    """Return the table of *columns*, which are in the order of *schema*."""
    pairs = zip(schema, columns, strict=True)
    return pa.table([array_of(field.type, values) for field, values in pairs], schema=schema)


def stream_of(table: pa.Table) -> bytes:
    """Return *table* in Arrow's streaming format, the engine's `ArrowStream`."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def array_of(kind: pa.DataType, values: Column) -> pa.Array:
    """Return the array of *values*; none may be missing.

    Arrow's own conversion of Python values is as fast, but loads pandas: 40 MB for nothing.
    """
    if isinstance(values, pa.Array):
        return values
    if isinstance(values, np.ndarray):
        return _plain(kind, values)
    if len(values) > 1 and values[0] is values[-1] and values.count(values[0]) == len(values):
        return repeated(kind, values[0], len(values))
    return _plain(kind, values)


def repeated(kind: pa.DataType, value: object, count: int) -> pa.Array:
    """Return the array of *count* times *value*."""
    return pa.repeat(_plain(kind, [value])[0], count)


def text_of(value: str) -> pa.Scalar:
    """Return *value* for Arrow's functions: like its arrays, its own scalars load pandas."""
    return _texts([value])[0]


def _plain(kind: pa.DataType, values: Column) -> pa.Array:
    if kind == pa.string():
        return _texts(values)  # type: ignore[arg-type]
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(_numbers(kind, values))])


def _texts(values: Sequence[str]) -> pa.Array:
    text = "".join(values)
    parts: Sequence[str | bytes] = values if text.isascii() else list(map(str.encode, values))
    return pa.StringArray.from_buffers(len(values), _ends(parts), pa.py_buffer(text.encode()))


def binaries_of(values: Sequence[bytes]) -> pa.Array:
    """Return the array of *values*, of any bytes."""
    return pa.BinaryArray.from_buffers(
        pa.binary(), len(values), [None, _ends(values), pa.py_buffer(b"".join(values))]
    )


def _ends(parts: Sequence[str | bytes]) -> pa.Buffer:
    ends = np.zeros(len(parts) + 1, np.int32)
    np.cumsum(np.fromiter(map(len, parts), np.int32, len(parts)), out=ends[1:])
    return pa.py_buffer(ends)


def _numbers(kind: pa.DataType, values: Column) -> NDArray[np.generic]:
    if kind == MOMENT:
        return np.rint(np.array(values, np.float64) * 1000).astype(np.int64)
    if kind == DAY:
        return np.array(values, "datetime64[D]").astype(np.int32)
    return np.array(values, kind.to_pandas_dtype())
