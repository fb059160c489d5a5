"""Lines of JSON become rows: a bad line is refused with its reason and does not hold up the others. Pure."""

from collections import Counter, defaultdict
from collections.abc import Container, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import NamedTuple, Self

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from toban.chapters.logs.intake import columns
from toban.chapters.logs.intake.fields import days_of, route_of
from toban.chapters.logs.intake.limits import (
    LONGEST_LINE,
    BadRow,
    IntakeWindow,
)
from toban.chapters.logs.intake.lots import Lot
from toban.chapters.logs.intake.pins import SenderPins
from toban.chapters.logs.intake.shapes import RecordShape, lifted, shape_of
from toban.chapters.logs.rules import LogRules
from toban.engine.telemetry.columns import Column, array_of, repeated, table_of
from toban.engine.telemetry.logs.rows import LOG_ROWS, NO_DURATION, rows_of
from toban.engine.telemetry.logs.words import PYTHONS_LEVELS, kind_of, level_of
from toban.engine.telemetry.objects import with_texts

_USUAL = "INFO"
_OBJECTS = frozenset((dict,))
_TOGETHER = 2500
"""Lines read together: few enough to stay in the processor's cache."""


class RefusedLine(NamedTuple):
    """A line that is not stored."""

    line: int
    """Counted from 1."""
    reason: str


@dataclass(slots=True)
class LineReading:
    """The result of a batch."""

    rows: pa.Table
    """Columns as in `LOG_ROWS`, in the order of their lines."""
    refused: Sequence[RefusedLine]
    dropped: Counter[str]
    """Lines that production does not write according to the document, by level."""


@dataclass(frozen=True, slots=True)
class BatchOrigin:
    """What is known about a batch besides its lines."""

    sender: str
    kind: str = ""
    """The kind, by its own name, of lines that name none."""
    service: str = ""
    at: float = 0.0
    """The time, in seconds since 1970, of lines that have none; 0 means the time at which they are read."""
    known: Mapping[str, str] = field(default_factory=dict)
    """Attributes of all its lines, unless a line has its own."""
    zone: tzinfo | None = None
    """The zone of times without an offset; None: the document's."""
    pins: SenderPins | None = None
    """What its lines may claim to be; None: anything."""


class _JsonLines(NamedTuple):
    """Lines that are objects of JSON."""

    numbers: Sequence[int]
    records: Sequence[dict[str, object]]

    def part(self, start: int, end: int) -> Self:
        return type(self)(self.numbers[start:end], self.records[start:end])


@dataclass(slots=True)
class _LineBatch:
    """The result of a batch so far."""

    sender: str
    tables: list[pa.Table] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    is_mixed: bool = False
    """Whether lines read together had several shapes."""

    def refuse(self, line: int, reason: BadRow) -> None:
        self.refused.append(RefusedLine(line, str(reason)))

    def take(self, found: Mapping[str, Column], drop: AbstractSet[str]) -> None:
        """Take the rows *found*, except those with a level to *drop*."""
        sender = repeated(pa.string(), self.sender, len(found["number"]))
        rows = rows_of({**found, "sender": sender})
        if not drop.isdisjoint(rows["level"].unique().to_pylist()):
            is_dropped = pc.is_in(rows["level"], value_set=array_of(pa.string(), sorted(drop)))
            self.dropped.update(rows["level"].filter(is_dropped).to_pylist())
            rows = rows.filter(pc.invert(is_dropped))
        self.tables.append(rows)

    def reading(self) -> LineReading:
        tables = self.tables or [table_of(LOG_ROWS, [()] * len(LOG_ROWS))]
        if len({rows.schema for rows in tables}) > 1:
            tables = list(map(with_texts, tables))
        rows = pa.concat_tables(tables).combine_chunks()
        if self.is_mixed:
            # Shapes were read one after the other; restore the order of the lines.
            rows = rows.take(pc.sort_indices(rows["number"]))
        return LineReading(rows, sorted(self.refused), self.dropped)


class LineReader:
    """Reads lines by an edition's rules. Any thread may use it."""

    def __init__(self, rules: LogRules) -> None:
        self._rules = rules
        self._kind = lru_cache(maxsize=500)(kind_of)
        self._level = lru_cache(maxsize=500)(lambda word: level_of(word, rules.levels) if word else _USUAL)
        self._inferred = lru_cache(maxsize=500)(rules.inferred)

    def read(self, body: bytes, origin: BatchOrigin, now: datetime) -> LineReading:
        """Return the rows of the lines of *body*, and what is refused or dropped.

        Empty lines are counted and ignored.
        """
        gathered = _LineBatch(origin.sender)
        window = IntakeWindow(self._rules, now)
        suspects = self._rules.masker.suspects(body)
        lines = body.removesuffix(b"\n").split(b"\n")
        for start in range(0, len(lines), _TOGETHER):
            some = self._masked(_objects_of(lines[start : start + _TOGETHER], start + 1, gathered), suspects)
            shapes = _by_shape(some)
            gathered.is_mixed |= len(shapes) > 1
            for shape, of_shape in shapes:
                self._take(shape, of_shape, origin, window, gathered)
        return gathered.reading()

    def _masked(self, lines: _JsonLines, suspects: Container[int]) -> _JsonLines:
        if not suspects:
            return lines
        mask = self._rules.masker.record
        return _JsonLines(
            lines.numbers,
            [mask(record) if number in suspects else record for number, record in zip(*lines, strict=True)],
        )

    def _take(
        self,
        shape: RecordShape,
        lines: _JsonLines,
        origin: BatchOrigin,
        window: IntakeWindow,
        gathered: _LineBatch,
    ) -> None:
        try:
            found = self._found(Lot.of(shape, lines.numbers, lines.records), origin, window)
        except BadRow as bad:
            if len(lines.numbers) == 1:
                gathered.refuse(lines.numbers[0], bad)
                return
            middle = len(lines.numbers) // 2
            for half in (lines.part(0, middle), lines.part(middle, len(lines.numbers))):
                self._take(shape, half, origin, window, gathered)
        else:
            gathered.take(found, self._rules.dropped)

    def _found(self, lot: Lot, origin: BatchOrigin, window: IntakeWindow) -> Mapping[str, Column]:
        """Return the columns of the rows of *lot*, except the sender, which is the same for all lots."""
        moments = _moments(lot, origin.zone or self._rules.zone, origin.at or window.now)
        levels = columns.each(self._level, _level_words(lot))
        statuses = _statuses(lot)
        durations = _durations(lot)
        kinds = self._kinds(lot, origin, levels, statuses)
        window.check_all(moments, kinds)
        plain = ("message", "user_id", "request_id", "trace_id", "span_id", "ip")
        return {
            "kind": kinds,
            "day": days_of(moments, self._rules.zone),
            "at": moments,
            "level": levels,
            "service": _services(lot, origin),
            **{name: lot.texts(name) for name in plain},
            "method": columns.each(str.upper, lot.texts("method")),
            "route": _routes(lot),
            "status": statuses,
            "duration_ms": durations,
            # Last: the readers of the columns have left the values there that they don't understand.
            "attributes_sent": lot.attributes(origin.known),
            "number": lot.numbers,
        }

    def _kinds(
        self, lot: Lot, origin: BatchOrigin, levels: pa.Array, statuses: NDArray[np.uint16]
    ) -> Sequence[str]:
        inferred = self._inferred_kinds(origin, levels, statuses)
        for rule in reversed(self._rules.by_field):
            column = lot.named(rule.field)
            if column is not None:
                pairs = zip(columns.listed(column), inferred, strict=True)
                inferred = [rule.kind if rule.fits(value) else kind for value, kind in pairs]
        own = inferred if origin.pins is None else origin.pins.own_kinds(inferred)
        if lot.field("kind") is None:
            return own
        claims = [
            self._kind(word) if word else otherwise
            for word, otherwise in zip(columns.listed(lot.texts("kind")), own, strict=True)
        ]
        return claims if origin.pins is None else origin.pins.claimed_kinds(claims, own, lot.leftovers)

    def _inferred_kinds(
        self, origin: BatchOrigin, levels: pa.Array, statuses: NDArray[np.uint16]
    ) -> Sequence[str]:
        if origin.kind:
            return [origin.kind] * len(levels)
        return list(map(self._inferred, columns.listed(levels), statuses.tolist()))


def _services(lot: Lot, origin: BatchOrigin) -> Column:
    claims = lot.texts("service", origin.service)
    if origin.pins is None:
        return claims
    return origin.pins.claimed_services(columns.listed(claims), lot.leftovers)


def _objects_of(lines: Sequence[bytes], first: int, gathered: _LineBatch) -> _JsonLines:
    """Return those of *lines*, counted from *first*, that are objects; *gathered* refuses the others."""
    with suppress(BadRow):
        return _JsonLines(range(first, first + len(lines)), _objects(lines))
    numbers, records = [], []
    for number, line in enumerate(lines, first):
        if not line or line.isspace():
            continue
        try:
            records += _objects([line])
        except BadRow as bad:
            gathered.refuse(number, bad)
        else:
            numbers.append(number)
    return _JsonLines(numbers, records)


def _objects(lines: Sequence[bytes]) -> list[dict[str, object]]:
    if max(map(len, lines)) > LONGEST_LINE:
        raise BadRow(f"longer than {LONGEST_LINE} bytes")
    try:
        records = list(map(orjson.loads, lines))
    except orjson.JSONDecodeError as flaw:
        raise BadRow(f"no JSON: {flaw}") from flaw
    if set(map(type, records)) != _OBJECTS:
        raise BadRow("no JSON object")
    return records


def _by_shape(lines: _JsonLines) -> Sequence[tuple[RecordShape, _JsonLines]]:
    return [each for group in _grouped(lines) for each in _lifted(*group)]


def _grouped(lines: _JsonLines) -> Sequence[tuple[RecordShape, _JsonLines]]:
    shapes = list(map(tuple, lines.records))
    if shapes and shapes.count(shapes[0]) == len(shapes):
        return [(shape_of(shapes[0]), lines)]
    found: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, names in enumerate(shapes):
        found[names].append(place)
    return [
        (
            shape_of(names),
            _JsonLines([lines.numbers[at] for at in places], [lines.records[at] for at in places]),
        )
        for names, places in found.items()
    ]


def _lifted(shape: RecordShape, lines: _JsonLines) -> Sequence[tuple[RecordShape, _JsonLines]]:
    """Return *lines* with the fields within their objects that have a column, by their new shapes."""
    if not any(isinstance(record[root], dict) for root in shape.roots for record in lines.records):
        return [(shape, lines)]
    return _grouped(_JsonLines(lines.numbers, list(map(lifted, lines.records))))


def _moments(lot: Lot, zone: tzinfo, otherwise: float) -> NDArray[np.float64]:
    sent = lot.field("at")
    if sent is None:
        return np.full(len(lot.numbers), otherwise)
    return columns.seconds(*sent, lot.leftovers, zone=zone, otherwise=otherwise)


def _level_words(lot: Lot) -> pa.Array:
    sent, words = lot.field("level"), lot.texts("level")
    if sent is None or sent[1] != "levelno":
        return words
    return columns.each(lambda word: PYTHONS_LEVELS.get(word, word), words)


def _statuses(lot: Lot) -> NDArray[np.uint16]:
    sent = lot.field("status")
    if sent is None:
        return np.zeros(len(lot.numbers), np.uint16)
    return columns.statuses(*sent, lot.leftovers)


def _durations(lot: Lot) -> NDArray[np.float64]:
    found = np.full(len(lot.numbers), NO_DURATION)
    for known, factor in (("milliseconds", 1.0), ("seconds", 1e3), ("nanoseconds", 1e-6)):
        sent = lot.field(known)
        if sent is not None:
            these = columns.durations(*sent, lot.leftovers, factor=factor)
            found = np.where(np.isnan(found), these, found)
    return found


def _routes(lot: Lot) -> pa.Array:
    """Return the route each line names, or otherwise the one derived from its path."""
    routes = lot.texts("route")
    if lot.field("path") is None:
        return routes
    guessed = columns.each(route_of, lot.texts("path"))
    return guessed if lot.field("route") is None else columns.or_else(routes, guessed)
