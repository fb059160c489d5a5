"""Rows in the engine's own format, `Native`: attributes arrive as the columns that the engine makes of JSON.

The format: https://clickhouse.com/docs/interfaces/formats/Native; of JSON, the engine's "flattened" form.
"""

from collections.abc import Iterator
from itertools import chain
from operator import itemgetter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from toban.engine.telemetry.columns import DAY, MOMENT, binaries_of

type _Part = bytes | memoryview

_NAMES = {
    DAY: "Date32",
    MOMENT: "DateTime64(3, 'UTC')",
    pa.string(): "String",
    pa.int64(): "Int64",
    pa.uint16(): "UInt16",
    pa.uint32(): "UInt32",
    pa.uint64(): "UInt64",
    pa.float32(): "Float32",
}
_JSON = "JSON(max_dynamic_paths = 64)"
_FLATTENED = np.uint64(3).tobytes()
"""The version of a column of JSON, or of one of its paths, whose paths and types follow as columns."""
_OF_THE_ONLY_TYPE = b"\0"
"""Which of a path's types a value has."""


def _length(number: int) -> bytes:
    """Return a variable-length integer (LEB128)."""
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*written, number))


_SHORT = binaries_of(list(map(_length, range(1 << 14))))
"""The lengths of up to two bytes."""
_NOTHING = binaries_of([b""])[0]


def block_of(rows: pa.Table) -> bytes:
    """Return *rows*, at least one, as a block; several blocks after one another are one insert."""
    named = zip(rows.column_names, rows.columns, strict=True)
    columns = (_column(name, column.combine_chunks()) for name, column in named)
    return b"".join((_length(rows.num_columns), _length(len(rows)), *chain.from_iterable(columns)))


def _column(name: str, values: pa.Array) -> Iterator[_Part]:
    yield _text(name)
    if pa.types.is_struct(values.type):
        yield _text(_JSON)
        yield from _objects(values)
    else:
        yield _text(_NAMES[values.type])
        yield _content(values)


def _objects(values: pa.StructArray) -> Iterator[_Part]:
    paths = sorted(
        zip((field.name for field in values.type), values.flatten(), strict=True), key=itemgetter(0)
    )
    yield _FLATTENED + _length(len(paths))
    yield from (_text(name) for name, _ in paths)
    for _, column in paths:
        yield _FLATTENED + _length(1) + _text(_NAMES[column.type])
    for _, column in paths:
        yield _OF_THE_ONLY_TYPE * len(values)
        yield _content(column)


def _content(values: pa.Array) -> _Part:
    if values.type == pa.string():
        return _texts(values)
    size = values.type.bit_width // 8
    return memoryview(values.buffers()[1])[values.offset * size : (values.offset + len(values)) * size]


def _texts(values: pa.Array) -> _Part:
    """Return each text behind its length."""
    if values[0] == values[-1] and len(values.unique()) == 1:
        return _text(values[0].as_py()) * len(values)
    lengths = pc.binary_length(values)
    if pc.max(lengths).as_py() < len(_SHORT):
        before = _SHORT.take(lengths)
    else:
        before = binaries_of(list(map(_length, lengths.to_pylist())))
    joined = pc.binary_join_element_wise(before, values.cast(pa.binary()), _NOTHING)
    ends = np.frombuffer(joined.buffers()[1], np.int32)
    return memoryview(joined.buffers()[2])[ends[joined.offset] : ends[joined.offset + len(joined)]]


def _text(written: str) -> bytes:
    content = written.encode()
    return _length(len(content)) + content
