"""The attributes of lines of one shape. Pure."""

from collections.abc import Mapping, Sequence
from itertools import repeat

import orjson
import pyarrow as pa

from toban.chapters.logs.intake.columns import Leftovers, SentColumn, are_flat, listed
from toban.chapters.logs.intake.limits import MOST_FIELDS, bounded
from toban.engine.telemetry.columns import array_of
from toban.engine.telemetry.objects import MOST_COLUMNS


def written(fields: Mapping[str, SentColumn], leftovers: Leftovers, count: int) -> pa.Array:
    """Return the objects of *count* lines with *fields* and *leftovers*, within the limits.

    They are structs if all fields are texts or whole numbers, else texts of JSON.
    """
    columns = list(fields.values())
    if not leftovers and 0 < len(fields) <= MOST_COLUMNS and _are_arrays(columns) and all(fields):
        return pa.StructArray.from_arrays(columns, list(fields))
    values = zip(*map(listed, columns), strict=True) if fields else repeat((), count)
    objects: list[Mapping[str, object]] = [dict(zip(fields, line, strict=True)) for line in values]
    for place, others in leftovers.items():
        objects[place] = {**objects[place], **others}
    if leftovers or len(fields) > MOST_FIELDS or not are_flat(columns):
        objects = list(map(bounded, objects))
    # Decoded one by one: each bytes object from orjson takes four thousand bytes, however short it is.
    return array_of(pa.string(), list(map(bytes.decode, map(orjson.dumps, objects))))


def _are_arrays(columns: Sequence[SentColumn]) -> bool:
    return all(isinstance(column, pa.Array) for column in columns)
