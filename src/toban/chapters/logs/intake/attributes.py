"""The attributes of lines of one shape. Pure."""

from collections.abc import Mapping
from itertools import repeat

import orjson
import pyarrow as pa

from toban.chapters.logs.intake.columns import Leftovers, SentColumn, listed
from toban.chapters.logs.intake.limits import bounded
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
    objects = [
        {**dict(zip(fields, line, strict=True)), **leftovers.get(place, {})}
        for place, line in enumerate(values)
    ]
    # Decoded one by one: each bytes object from orjson takes four thousand bytes, however short it is.
    return array_of(pa.string(), list(map(bytes.decode, map(orjson.dumps, map(bounded, objects)))))


def _are_arrays(columns: list[SentColumn]) -> bool:
    return all(isinstance(column, pa.Array) for column in columns)
