"""Which values of an edition are assumed: the document states none, and `toban.toml` may. Pure.

A key of `toban.toml` whose default stands for what a document leaves open says so where it is declared:
`Annotated[Length, Assumed(…)] = timedelta(minutes=1)`. The code that takes the value reads that key: there is
no second list. What the document's own words leave open is said by its reader: `toban.design.assumption`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

from toban.design.clauses.base import Clause
from toban.design.reader import Design
from toban.design.values.duration import Duration
from toban.engine.amounts import length
from toban.engine.bindings.model import Bindings, KindBinding
from toban.engine.bindings.section import Assumed, Section
from toban.engine.bindings.table import Schema
from toban.message import Message


@dataclass(frozen=True, slots=True)
class TakenValue:
    """A value that was taken for something that the document leaves open."""

    said: Message
    """What was taken."""
    why: Message
    setting: str
    """Where another value is written; empty if only the document can say it."""
    rows: tuple[Clause, ...]
    """The rows that it applies to, in the document's order."""
    is_set: bool
    """Whether `toban.toml` says it, so that nothing is assumed any more."""

    def as_output(self) -> dict[str, object]:
        """Return what JSON outputs and the API say."""
        return {
            "message": self.said.as_output(),
            "why": self.why.as_output(),
            "setting": self.setting,
            "is_set": self.is_set,
            "rows": [{"id": row.id, "line": row.origin.line, "text": row.text} for row in self.rows],
        }


def taken(design: Design, bindings: Bindings, schema: Schema) -> tuple[TakenValue, ...]:
    """Return all values that are taken for the rows of *design*, by its reader and by the chapters."""
    return (*_by_reader(design), *_by_chapters(design, bindings, schema))


def of_row(values: Iterable[TakenValue], clause: Clause) -> tuple[TakenValue, ...]:
    """Return those of *values* that apply to *clause*."""
    return tuple(each for each in values if any(row.id == clause.id for row in each.rows))


def _by_reader(design: Design) -> Iterator[TakenValue]:
    rows: dict[Any, list[Clause]] = {}
    for clause in design.clauses:
        for assumption in clause.assumptions:
            rows.setdefault(assumption, []).append(clause)
    for each, clauses in rows.items():
        yield TakenValue(each.said, each.why, each.setting, tuple(clauses), each.is_set)


def _by_chapters(design: Design, bindings: Bindings, schema: Schema) -> Iterator[TakenValue]:
    for place in places(bindings, schema):
        for key, field in type(place.section).model_fields.items():
            for mark in field.metadata:
                if not isinstance(mark, Assumed):
                    continue
                if not mark.where(design, bindings, place.name):
                    continue
                rows = tuple(mark.rows(design, place.section, place.name))
                setting = f"{place.head} {key}"
                if rows:
                    value = getattr(place.section, key)
                    if not value and mark.value is not None:
                        value = mark.value(design, bindings, place.name)
                    said = Message(mark.said, value=_words(value), name=place.name)
                    yield TakenValue(said, mark.why, setting, rows, setting in bindings.written)


@dataclass(frozen=True, slots=True)
class Place:
    """A table of `toban.toml`."""

    head: str
    """The line that begins it."""
    name: str
    """Its entry's name; empty for a table without entries."""
    section: Section


def places(bindings: Bindings, schema: Schema) -> Iterator[Place]:
    """Yield every table of *bindings*, also those that the file leaves out and that have a default."""
    yield Place("[system]", "", bindings.system)
    yield Place("[notices]", "", bindings.notices)
    for table in schema.tables:
        held = table.of(bindings)
        entries = held if isinstance(held, Mapping) else {"": held}
        for name, entry in entries.items():
            section = entry.config if isinstance(entry, KindBinding) else entry
            if isinstance(section, Section):
                yield from _nested(
                    Place(f"[{table.name}.{name}]" if name else f"[{table.name}]", name, section)
                )


def _nested(place: Place) -> Iterator[Place]:
    yield place
    for key in type(place.section).model_fields:
        inner = getattr(place.section, key)
        if isinstance(inner, Section):
            yield from _nested(Place(f"{place.head[:-1]}.{key}]", place.name, inner))


def _words(value: object) -> object:
    match value:
        case timedelta():
            return length(value)
        case Duration():
            return value.message
        case time():
            return f"{value:%H:%M}"
        case float():
            return f"{value:.0%}"
        case Mapping():
            return tuple(f"{key} → {each}" for key, each in value.items())
        case _:
            return str(value)
