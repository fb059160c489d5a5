"""Lines of one shape, as columns. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import pyarrow as pa

from toban.chapters.logs.intake import attributes, columns
from toban.chapters.logs.intake.columns import Leftovers, SentColumn
from toban.chapters.logs.intake.shapes import RecordShape
from toban.engine.telemetry.columns import repeated


@dataclass(frozen=True, slots=True)
class Lot:
    """Lines of one shape."""

    shape: RecordShape
    numbers: Sequence[int]
    columns: Sequence[SentColumn]
    """In the order of the shape."""
    leftovers: Leftovers = field(default_factory=lambda: defaultdict(dict))
    """What a column's reader does not understand."""

    @classmethod
    def of(cls, shape: RecordShape, numbers: Sequence[int], records: Sequence[Mapping[str, object]]) -> Self:
        """Return the lot of *records*, which are objects of that shape."""
        return cls(
            shape,
            numbers,
            list(map(columns.sent, zip(*(record.values() for record in records), strict=True))),
        )

    def field(self, known: str) -> tuple[SentColumn, str] | None:
        """Return the values for a row's *known*, and what they were sent as; None if the lines have none."""
        place = self.shape.place(known)
        return None if place is None else (self.columns[place], self.shape.names[place])

    def named(self, name: str) -> SentColumn | None:
        """Return the values sent as *name*, or None if the lines have none."""
        names = self.shape.names
        return self.columns[names.index(name)] if name in names else None

    def texts(self, known: str, otherwise: str = "") -> pa.Array:
        """Return the texts of a field, with *otherwise* for each that is empty or missing."""
        usual = repeated(pa.string(), otherwise, len(self.numbers))
        sent = self.field(known)
        if sent is None:
            return usual
        found = columns.texts(known, *sent, self.leftovers)
        return columns.or_else(found, usual) if otherwise else found

    def attributes(self, known: Mapping[str, str]) -> pa.Array:
        """Return, as JSON, what has no column of its own, and what else is *known* of all lines."""
        count = len(self.numbers)
        of_all = {name: repeated(pa.string(), value, count) for name, value in known.items()}
        own = {self.shape.names[place]: self.columns[place] for place in self.shape.attributes}
        return attributes.written({**of_all, **own}, self.leftovers, count)
