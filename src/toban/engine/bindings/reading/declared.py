"""`[[reading]]`: how to read parts of a document, for those who may not write in it. See docs/adr/0038."""

from collections.abc import Callable, Iterable
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from toban.design.origin import Origin
from toban.design.reading.declared.declaration import DeclaredElsewhere, declaration
from toban.engine.bindings.lines import Path
from toban.engine.bindings.section import Section, invalid
from toban.message import Message

Text = Annotated[str, Field(min_length=1, max_length=500)]
MOST = 500
"""More tables than any document has."""


class ReadingBinding(Section):
    """What a table, a list or a section of the document is."""

    declares: Text
    """What a comment in the document would say: `監視 対象=項目 異常=危険`, or `none`."""
    heading: Annotated[
        tuple[Text, ...], BeforeValidator(lambda said: (said,) if isinstance(said, str) else said)
    ] = Field(default=(), max_length=6)
    """The heading directly above, or several, outermost first; alone, all that is below it is meant."""
    table: tuple[str, ...] = Field(default=(), max_length=100)
    """The names of the table's columns, as the document writes them."""
    first: str = Field(default="", max_length=2000)
    """The first entry of a list, or the first line of a block."""

    @model_validator(mode="after")
    def _has_an_anchor(self) -> Self:
        if not (self.heading or self.table or self.first):
            raise invalid(Message("bindings.reading-of-what"), Message("bindings.say-heading-or-table"))
        return self


class Readings(BaseModel):
    """That part of a file alone."""

    reading: tuple[ReadingBinding, ...] = Field(default=(), max_length=MOST)


def declared(
    readings: Iterable[ReadingBinding], file: str, line: Callable[[Path], int]
) -> tuple[DeclaredElsewhere, ...]:
    """Return what *readings* of *file* declare; *line* says where a key of the file stands."""
    return tuple(
        DeclaredElsewhere(
            declaration(each.declares, Origin(file, line(("reading", position))), _quoted(each)),
            each.heading,
            each.table,
            each.first,
        )
        for position, each in enumerate(readings)
    )


def _quoted(reading: ReadingBinding) -> str:
    place = " > ".join(reading.heading)
    parts = (place, " | ".join(reading.table), reading.first)
    return f"[[reading]] {' / '.join(part for part in parts if part)}: {reading.declares}"
