"""What can be asked of stored logs: the newest rows, how many by level and time, which values a field has.

A search comes as terms. Whatever a user wrote reaches the engine as a parameter; the names of a sender's own
fields, which can't be parameters, are checked and quoted.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from toban.engine.search_parts import Match, Term
from toban.engine.telemetry import row_binary
from toban.engine.telemetry.conditions import conditions as of_terms
from toban.engine.telemetry.conditions import test_of

if TYPE_CHECKING:
    # Whoever asks brings the store; who only reads a search does without its client.
    from toban.engine.telemetry.store import Telemetry

COLUMNS = (
    *("kind", "level", "service", "message", "user_id", "request_id", "trace_id", "span_id", "ip"),
    *("method", "route", "status", "duration_ms", "sender"),
)
MESSAGE = "message"
"""Where words are looked for."""
_SEARCHED = frozenset(COLUMNS)
_NUMBERS = frozenset(("status", "duration_ms"))
_READ_AT_ONCE = 8192
"""Rows of each part that are read for the newest few; by the engine's own they were sixty thousand."""
_OWN_STEP = re.compile(r"[\w@-]+")
_DEEPEST = 8
"""Levels of a sender's own fields: lines that have more are refused."""

type Column = str | tuple[str, ...]
"""One of `COLUMNS`, or the path of a field of the sender's own."""


type LogTerm = Term[Column]


class Place(NamedTuple):
    """Where a row stands in the order of the newest first."""

    at: int
    """Milliseconds since 1970."""
    batch: int
    number: int


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A stored row."""

    place: Place
    at: datetime
    kind: str
    level: str
    service: str
    message: str
    user_id: str
    request_id: str
    trace_id: str
    span_id: str
    ip: str
    method: str
    route: str
    status: int
    duration_ms: float
    sender: str
    attributes: Mapping[str, Any]
    """The sender's own fields."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time: from `start`, included, to `end`, excluded."""

    start: datetime
    end: datetime

    @property
    def parameters(self) -> dict[str, int]:
        return {"start": row_binary.milliseconds(self.start), "end": row_binary.milliseconds(self.end)}


class LogSearch:
    """Questions to the logs of a store. Any thread may ask; all raise `StoreUnavailable`."""

    def __init__(self, telemetry: "Telemetry") -> None:
        self._telemetry = telemetry

    def newest(
        self, terms: Sequence[LogTerm], span: Span, *, limit: int, before: Place | None = None
    ) -> list[FoundRow]:
        """Return up to *limit* rows, the newest first; with *before*, those that stand behind it."""
        return self._rows(terms, span, "DESC", limit, before)

    def oldest(
        self, terms: Sequence[LogTerm], span: Span, *, limit: int, after: Place | None = None
    ) -> list[FoundRow]:
        """Return up to *limit* rows, the oldest first; with *after*, those that came since."""
        return self._rows(terms, span, "ASC", limit, after)

    def at(self, place: Place) -> FoundRow | None:
        """Return the row that stands at *place*; None where there is none, or none any more."""
        moment = row_binary.moment(place.at)
        span = Span(moment, moment + timedelta(milliseconds=1))
        behind = place._replace(number=place.number + 1)
        rows = self.newest((), span, limit=1, before=behind)
        return rows[0] if rows and rows[0].place == place else None

    def count(self, terms: Sequence[LogTerm], span: Span) -> int:
        """Return how many rows there are."""
        where, parameters = conditions(terms, span)
        sql = f"SELECT count() FROM logs WHERE {where}"  # noqa: S608 - made of this module's own words
        return int(self._telemetry.ask(sql, parameters)[0][0])

    def by_level(
        self, terms: Sequence[LogTerm], span: Span, *, step: float
    ) -> dict[tuple[datetime, str], int]:
        """Return how many rows there are by time, in steps of *step* seconds, and level."""
        where, parameters = conditions(terms, span)
        start, length = parameters["start"], max(int(step * 1000), 1)
        if start >= parameters["end"]:
            return {}
        # Counting into places of a row costs the engine half of what grouping by two keys does.
        counts = f"countResample({start}, {parameters['end']}, {length})(toUnixTimestamp64Milli(at))"
        sql = f"SELECT level, {counts} FROM logs WHERE {where} GROUP BY level"  # noqa: S608 - as above
        return {
            (row_binary.moment(start + place * length), level): count
            for level, found in self._telemetry.ask(sql, parameters)
            for place, count in enumerate(found)
            if count
        }

    def values(
        self, column: Column, terms: Sequence[LogTerm], span: Span, *, limit: int
    ) -> list[tuple[str, int]]:
        """Return the values that a field has, the most frequent first, with how many rows have each.

        Those of a list are its elements.
        """
        where, parameters = conditions(terms, span)
        sql = f"""SELECT {_value(column)} AS value, count() AS rows FROM logs
            WHERE {where} AND value NOT IN ('', '0') GROUP BY value ORDER BY rows DESC, value
            LIMIT {{limit:UInt32}}"""  # noqa: S608 - as above
        return [(value, rows) for value, rows in self._telemetry.ask(sql, {**parameters, "limit": limit})]

    def _rows(
        self, terms: Sequence[LogTerm], span: Span, order: str, limit: int, past: Place | None
    ) -> list[FoundRow]:
        where, parameters = conditions(terms, span)
        if past is not None:
            # The time alone first: it is what the engine can leave whole parts out by.
            relation = "<" if order == "DESC" else ">"
            where += f""" AND at {relation}= fromUnixTimestamp64Milli({{past:Int64}})
                AND (toUnixTimestamp64Milli(at), batch, number) {relation}
                ({{past:Int64}}, {{batch:UInt64}}, {{number:UInt32}})"""
            parameters |= {"past": past.at, "batch": past.batch, "number": past.number}
        sql = rows_of("logs", where, order)
        return [found_row(row) for row in self._telemetry.ask(sql, {**parameters, "limit": limit})]


def rows_of(table: str, where: str, order: str) -> str:
    """Return the SELECT of the first rows of *table*, which `found_row` reads; its parameter is `limit`."""
    return f"""SELECT toUnixTimestamp64Milli(at), batch, number, {", ".join(COLUMNS)}, attributes FROM {table}
        WHERE {where} ORDER BY at {order}, batch {order}, number {order}
        LIMIT {{limit:UInt32}} SETTINGS max_block_size = {_READ_AT_ONCE}"""  # noqa: S608 - made of this module's own words


def conditions(terms: Sequence[LogTerm], span: Span) -> tuple[str, dict[str, Any]]:
    """Return the WHERE of *terms* within *span*, and its parameters."""
    return of_terms(terms, span.parameters, _condition)


def _condition(term: LogTerm, name: str) -> tuple[str, object]:
    column = term.field
    if column == MESSAGE and term.match is Match.PART:
        return f"lower(message) LIKE {{{name}:String}}", f"%{_like(_lower(term.value))}%"
    if column in _NUMBERS:
        return f"{column} {term.match} {{{name}:Float64}}", float(term.value)
    is_there_as_object = _or_an_object(column) if term.match is Match.ANY else ""
    return _holds(column, test_of(term.match, name)) + is_there_as_object, term.value


def _holds(column: Column, test: Callable[[str], str]) -> str:
    """Return whether *test* holds of a field's text, or of an element's where it is a list or within one."""
    expression = _expression(column)
    if isinstance(column, str):
        return test(expression)
    plain, of_element = test(f"toString({expression})"), test("element")
    # Only what is written as a list is read as one: the others cost what they did.
    either = f"{plain} OR arrayExists(element -> {of_element}, {_elements(expression)})"
    found = f"if(startsWith(toString({expression}), '['), {either}, {plain})"
    within = (f" OR arrayExists(element -> {of_element}, {each})" for each in _within_lists(column))
    return f"({found}{''.join(within)})"


def _elements(expression: str) -> str:
    """Return the texts of a list's elements; none of what is no list."""
    return f"JSONExtract(ifNull(toJSONString({expression}), ''), 'Array(String)')"


def _within_lists(column: tuple[str, ...]) -> Sequence[str]:
    """Return the texts of a field of objects in a list: of `items.sku` those in `[{"sku": "A1"}, …]`."""
    if len(column) > _DEEPEST:
        return ()
    steps = [f"`{step}`" for step in column]
    paths = [".".join(steps[:cut]) + "[]." + ".".join(steps[cut:]) for cut in range(1, len(steps))]
    return [f"arrayMap(each -> toString(each), attributes.{path})" for path in paths]


def _or_an_object(column: Column) -> str:
    if isinstance(column, str):
        return ""
    return f" OR notEmpty(JSONAllPaths({_expression(column).replace('.', '.^', 1)}))"


def _value(column: Column) -> str:
    expression = _expression(column)
    text = f"toString({expression})"
    if isinstance(column, str):
        return text
    is_list = f"startsWith(dynamicType({expression}), 'Array')"
    return f"arrayJoin(if({is_list}, arrayDistinct({_elements(expression)}), [{text}]))"


def _expression(column: Column) -> str:
    if isinstance(column, str):
        if column not in _SEARCHED:
            raise ValueError(f"{column!r} is no column")
        return column
    if not column or not all(_OWN_STEP.fullmatch(step) for step in column):
        raise ValueError(f"{column!r} is no field")
    return ".".join(("attributes", *(f"`{step}`" for step in column)))


def _lower(text: str) -> str:
    """Lower the ASCII letters only, as the engine's `lower` does for its index."""
    return "".join(char.lower() if char.isascii() else char for char in text)


def _like(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def found_row(row: Sequence[Any]) -> FoundRow:
    """Read a row of what `rows_of` selects."""
    at, batch, number, *columns, attributes = row
    place = Place(at, batch, number)
    named = dict(zip(COLUMNS, columns, strict=True))
    return FoundRow(place=place, at=row_binary.moment(at), **named, attributes=dict(attributes or {}))
