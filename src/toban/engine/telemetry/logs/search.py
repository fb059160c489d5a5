"""Queries on stored logs: the newest rows, counts by level and time, the values of a field.

A search is given as terms. User input reaches the engine as parameters; the names of a sender's own fields,
which can't be parameters, are checked and quoted.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from toban.engine.search_parts import Match, SearchTerm
from toban.engine.telemetry import row_binary
from toban.engine.telemetry.conditions import WITHIN, test_of
from toban.engine.telemetry.conditions import conditions as of_terms

if TYPE_CHECKING:
    # Code that queries brings the store; code that only parses a search does not need its client.
    from toban.engine.telemetry.store import Telemetry

COLUMNS = (
    *("kind", "level", "service", "message", "user_id", "request_id", "trace_id", "span_id", "ip"),
    *("method", "route", "status", "duration_ms", "sender"),
)
MESSAGE = "message"
"""The column in which words are looked for."""
_SEARCHED = frozenset(COLUMNS)
_NUMBERS = frozenset(("status", "duration_ms"))
_KNOWN: Mapping["Column", str] = {"status": "status > 0", "duration_ms": "duration_ms >= 0"}
"""When a number is known, as SQL: an unknown duration is NaN, of which no comparison holds."""
_READ_AT_ONCE = 8192
"""Rows of each part to read for the newest few; the engine's default is sixty thousand."""
_HALF_WIDTH = [chr(code) for code in range(0xFF61, 0xFF9E)]
_VOICED = [f"{char}{mark}" for char in _HALF_WIDTH for mark in "\uff9e\uff9f"]
_NARROW = {
    usual: narrow
    for narrow in (*_HALF_WIDTH, *_VOICED)
    if len(usual := unicodedata.normalize("NFKC", narrow)) == 1
}
"""Kana of the usual width → of half width."""
_OWN_STEP = re.compile(r"[\w@-]+")
_DEEPEST = 8
"""The maximum depth of a sender's own fields: lines with deeper ones are refused."""

type Column = str | tuple[str, ...]
"""One of `COLUMNS`, or the path of one of the sender's own fields."""


type LogTerm = SearchTerm[Column]


class RowPosition(NamedTuple):
    """The position of a row in the order of time."""

    at: int
    """Milliseconds since 1970."""
    batch: int
    number: int


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A stored row."""

    place: RowPosition
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
    duration_ms: float | None
    """None if the line names none."""
    sender: str
    attributes: Mapping[str, Any]
    """The sender's own fields."""


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A period: from `start` (included) to `end` (excluded)."""

    start: datetime
    end: datetime

    @property
    def parameters(self) -> dict[str, int]:
        return {"start": row_binary.milliseconds(self.start), "end": row_binary.milliseconds(self.end)}


class FieldPresence(NamedTuple):
    """How many of some rows have certain fields."""

    rows: int
    complete: int
    """Rows that have all of them."""
    having: tuple[int, ...]
    """Rows that have each of them."""


class LogSearch:
    """Queries on the logs of a store. Any thread may use it; all methods raise `StoreUnavailable`."""

    def __init__(self, telemetry: "Telemetry") -> None:
        self._telemetry = telemetry

    def newest(
        self, terms: Sequence[LogTerm], span: TimeSpan, *, limit: int, before: RowPosition | None = None
    ) -> list[FoundRow]:
        """Return up to *limit* rows, the newest first; with *before*, only rows older than that."""
        return self._rows(terms, span, "DESC", limit, before)

    def oldest(
        self, terms: Sequence[LogTerm], span: TimeSpan, *, limit: int, after: RowPosition | None = None
    ) -> list[FoundRow]:
        """Return up to *limit* rows, the oldest first; with *after*, only rows newer than that."""
        return self._rows(terms, span, "ASC", limit, after)

    def at(self, place: RowPosition) -> FoundRow | None:
        """Return the row at *place*; None if there is none, or no longer."""
        moment = row_binary.moment(place.at)
        span = TimeSpan(moment, moment + timedelta(milliseconds=1))
        behind = place._replace(number=place.number + 1)
        rows = self.newest((), span, limit=1, before=behind)
        return rows[0] if rows and rows[0].place == place else None

    def count(self, terms: Sequence[LogTerm], span: TimeSpan) -> int:
        """Return the number of rows."""
        where, parameters = conditions(terms, span)
        sql = f"SELECT count() FROM logs WHERE {where}"  # noqa: S608 - made of this module's own words
        return int(self._telemetry.ask(sql, parameters)[0][0])

    def having(
        self, fields: Sequence[Column], terms: Sequence[LogTerm], span: TimeSpan, *, limit: int
    ) -> FieldPresence:
        """Return how many of the newest *limit* rows have *fields*."""
        if not fields:
            return FieldPresence(0, 0, ())
        where, parameters = conditions(terms, span)
        parameters |= {f"field{number}": "" for number in range(len(fields))}
        tests = (
            _condition(SearchTerm(field, Match.ANY, ""), f"field{number}")[0]
            for number, field in enumerate(fields)
        )
        present = ", ".join(f"({test}) AS has{number}" for number, test in enumerate(tests))
        names = [f"has{number}" for number in range(len(fields))]
        counts = ", ".join(f"countIf({name})" for name in names)
        sql = f"""SELECT count(), countIf({" AND ".join(names)}), {counts} FROM (
            SELECT {present} FROM logs WHERE {where} ORDER BY at DESC LIMIT {{limit:UInt32}})"""  # noqa: S608 - as above
        rows, complete, *having = self._telemetry.ask(sql, {**parameters, "limit": limit})[0]
        return FieldPresence(int(rows), int(complete), tuple(map(int, having)))

    def by_level(
        self, terms: Sequence[LogTerm], span: TimeSpan, *, step: float
    ) -> dict[tuple[datetime, str], int]:
        """Return the number of rows by time, in steps of *step* seconds, and by level."""
        where, parameters = conditions(terms, span)
        start, length = parameters["start"], max(int(step * 1000), 1)
        if start >= parameters["end"]:
            return {}
        # Counting into an array costs the engine half as much as grouping by two keys.
        counts = f"countResample({start}, {parameters['end']}, {length})(toUnixTimestamp64Milli(at))"
        # It leaves out what is outside itself: the engine need not look at each row twice.
        where = where.replace(WITHIN, f"indexHint({WITHIN})", 1)
        sql = f"SELECT level, {counts} FROM logs WHERE {where} GROUP BY level"  # noqa: S608 - as above
        return {
            (row_binary.moment(start + place * length), level): count
            for level, found in self._telemetry.ask(sql, parameters)
            for place, count in enumerate(found)
            if count
        }

    def values(
        self, column: Column, terms: Sequence[LogTerm], span: TimeSpan, *, limit: int
    ) -> list[tuple[str, int]]:
        """Return the values of a field, the most frequent first, with the number of rows for each.

        For a list, its elements count as the values.
        """
        where, parameters = conditions(terms, span)
        sql = f"""SELECT {_value(column)} AS value, count() AS rows FROM logs
            WHERE {where} AND value != '' GROUP BY value ORDER BY rows DESC, value
            LIMIT {{limit:UInt32}}"""  # noqa: S608 - as above
        return [(value, rows) for value, rows in self._telemetry.ask(sql, {**parameters, "limit": limit})]

    def _rows(
        self, terms: Sequence[LogTerm], span: TimeSpan, order: str, limit: int, past: RowPosition | None
    ) -> list[FoundRow]:
        where, parameters = conditions(terms, span)
        if past is not None:
            # The time alone comes first: with it, the engine can skip whole parts.
            relation = "<" if order == "DESC" else ">"
            where += f""" AND at {relation}= fromUnixTimestamp64Milli({{past:Int64}})
                AND (toUnixTimestamp64Milli(at), batch, number) {relation}
                ({{past:Int64}}, {{batch:UInt64}}, {{number:UInt32}})"""
            parameters |= {"past": past.at, "batch": past.batch, "number": past.number}
        sql = rows_of("logs", where, order)
        return [found_row(row) for row in self._telemetry.ask(sql, {**parameters, "limit": limit})]


def rows_of(table: str, where: str, order: str) -> str:
    """Return the SELECT for the first rows of *table*, for `found_row`; its parameter is `limit`."""
    return f"""SELECT toUnixTimestamp64Milli(at), batch, number, {", ".join(COLUMNS)}, attributes FROM {table}
        WHERE {where} ORDER BY at {order}, batch {order}, number {order}
        LIMIT {{limit:UInt32}} SETTINGS max_block_size = {_READ_AT_ONCE}"""  # noqa: S608 - made of this module's own words


def conditions(terms: Sequence[LogTerm], span: TimeSpan) -> tuple[str, dict[str, Any]]:
    """Return the WHERE clause for *terms* within *span*, and its parameters."""
    return of_terms(terms, span.parameters, _condition)


def _condition(term: LogTerm, name: str) -> tuple[str, object]:
    column = term.field
    if column == MESSAGE and term.match is Match.PART:
        patterns = [f"%{_like(_lower(each))}%" for each in widths(term.value)]
        if len(patterns) == 1:
            return f"lower(message) LIKE {{{name}:String}}", patterns[0]
        # Constants to the engine: it looks each of them up in the index of words.
        each = f"splitByChar('\\x1f', {{{name}:String}})"
        tests = (f"lower(message) LIKE {each}[{place}]" for place in range(1, len(patterns) + 1))
        return " OR ".join(tests), "\x1f".join(pattern.replace("\x1f", "") for pattern in patterns)
    if column == MESSAGE and term.match is Match.PATTERN:
        return test_of(term.match, name)(MESSAGE), f"(?is){term.value}"
    if column in _NUMBERS and term.match is Match.BEGINS:
        return f"{_KNOWN[column]} AND {test_of(term.match, name)(f'toString({column})')}", term.value
    if column in _NUMBERS:
        # In the column's own precision: as eight bytes, 3.1 is not the 3.1 that is stored.
        return f"{column} {term.match} {{{name}:Float32}}", float(term.value)
    is_there_as_object = _or_an_object(column) if term.match is Match.ANY else ""
    return _holds(column, test_of(term.match, name)) + is_there_as_object, term.value


def _holds(column: Column, test: Callable[[str], str]) -> str:
    """Return SQL that applies *test* to a field's text, or to the elements' if it is a list or within one."""
    expression = _expression(column)
    if isinstance(column, str):
        return test(expression)
    plain, of_element = test(f"toString({expression})"), test("element")
    # Only a text that looks like a list is parsed as one: other values cost no more than before.
    either = f"{plain} OR arrayExists(element -> {of_element}, {_elements(expression)})"
    found = f"if(startsWith(toString({expression}), '['), {either}, {plain})"
    within = (f" OR arrayExists(element -> {of_element}, {each})" for each in _within_lists(column))
    return f"({found}{''.join(within)})"


def _elements(expression: str) -> str:
    """Return SQL for the texts of a list's elements; empty for anything else."""
    return f"JSONExtract(ifNull(toJSONString({expression}), ''), 'Array(String)')"


def _within_lists(column: tuple[str, ...]) -> Sequence[str]:
    """Return SQL for the texts of a field of objects in a list: for `items.sku`, in `[{"sku": "A1"}, …]`."""
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
    if column in _KNOWN:
        return f"if({_KNOWN[column]}, {text}, '')"
    if isinstance(column, str):
        # A text itself: turning it into one would cost a quarter more.
        return expression
    is_list = f"startsWith(dynamicType({expression}), 'Array')"
    return f"arrayJoin(if({is_list}, arrayDistinct({_elements(expression)}), [{text}]))"


def is_own_field(path: tuple[str, ...]) -> bool:
    """Say whether *path* can be looked for among the sender's own fields."""
    return 0 < len(path) <= _DEEPEST and all(_OWN_STEP.fullmatch(step) for step in path)


def _expression(column: Column) -> str:
    if isinstance(column, str):
        if column not in _SEARCHED:
            raise ValueError(f"{column!r} is no column")
        return column
    if not column or not all(_OWN_STEP.fullmatch(step) for step in column):
        raise ValueError(f"{column!r} is no field")
    return ".".join(("attributes", *(f"`{step}`" for step in column)))


def widths(text: str) -> tuple[str, ...]:
    """Return *text* as it may be written in a log: as it is, and in the usual and the narrow width.

    Only for what is not ASCII: a search for a plain word costs no more than before.
    """
    if text.isascii():
        return (text,)
    usual = unicodedata.normalize("NFKC", text)
    narrow = "".join(_NARROW.get(char, char) for char in usual)
    return tuple(dict.fromkeys((text, usual, narrow)))


def _lower(text: str) -> str:
    """Return *text* with only its ASCII letters in lower case, as the engine's `lower` does for its index."""
    return "".join(char.lower() if char.isascii() else char for char in text)


def _like(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def found_row(row: Sequence[Any]) -> FoundRow:
    """Return a row selected by `rows_of` as a value."""
    at, batch, number, *columns, attributes = row
    place = RowPosition(at, batch, number)
    named = dict(zip(COLUMNS, columns, strict=True))
    duration = named["duration_ms"]
    # The engine writes a NaN as null in JSON. Of 3.1, its four bytes make 3.0999999046325684.
    named["duration_ms"] = None if duration is None or math.isnan(duration) else float(f"{duration:.7g}")
    return FoundRow(place=place, at=row_binary.moment(at), **named, attributes=dict(attributes or {}))
