"""Attributes as columns: structs of texts and whole numbers, instead of texts of JSON. Pure."""

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from toban.engine.telemetry.columns import array_of, text_of

SENT = "attributes_sent"
"""The column of attributes of rows: texts of JSON, or structs."""
STORED = "attributes"
"""The column of the store that they become."""
MOST_COLUMNS = 64
"""Fields of a struct: the store's `max_dynamic_paths`."""


def are_columns(rows: pa.Table) -> bool:
    """Say whether the attributes of *rows* are structs."""
    return SENT in rows.column_names and pa.types.is_struct(rows.schema.field(SENT).type)


def with_texts(rows: pa.Table) -> pa.Table:
    """Return *rows* with their attributes as texts."""
    if not are_columns(rows):
        return rows
    texts = _texts_of(rows[SENT].combine_chunks())
    return rows.set_column(rows.column_names.index(SENT), SENT, texts)


def _texts_of(objects: pa.StructArray) -> pa.Array:
    """Join the texts of the values and what stands between them, which is the same in all objects."""
    parts, behind = [], "{"
    for field, values in zip(objects.type, objects.flatten(), strict=True):
        texts, quote = _values_of(values)
        parts += [text_of(f"{behind}{_json(field.name)}:{quote}"), texts]
        behind = f"{quote},"
    return pc.binary_join_element_wise(*parts, text_of(f"{behind[:-1]}}}"), text_of(""))


def _values_of(column: pa.Array) -> tuple[pa.Array, str]:
    """Return the values of a column as JSON, and what is to be put around each."""
    if column.type != pa.string():
        return column.cast(pa.string()), ""
    if _is_plain(column):
        return column, '"'
    return array_of(pa.string(), list(map(_json, column.to_pylist()))), ""


def _is_plain(texts: pa.Array) -> bool:
    """Say whether no text contains a character that JSON escapes."""
    content = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
    return not ((content < ord(" ")) | (content == ord('"')) | (content == ord("\\"))).any()


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
