"""Lines of JSON become rows: a bad line is refused with its reason and does not hold up the others. Pure."""

import math
from collections import Counter, defaultdict
from collections.abc import Container, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import lru_cache
from itertools import compress
from typing import NamedTuple, Self

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from toban.chapters.logs.intake import columns
from toban.chapters.logs.intake.fields import days_of, route_of
from toban.chapters.logs.intake.limits import (
    LONGEST_LINE,
    MOST_FIELDS,
    BadRow,
    IntakeWindow,
    bounded,
)
from toban.chapters.logs.intake.pins import SenderPins
from toban.chapters.logs.intake.shapes import RecordShape, lifted, shape_of
from toban.chapters.logs.rules import LogRules
from toban.engine.telemetry.columns import Column, table_of
from toban.engine.telemetry.logs.rows import LOG_ROWS, NO_DURATION
from toban.engine.telemetry.logs.words import PYTHONS_LEVELS, kind_of, level_of

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


@dataclass(frozen=True, slots=True)
class _Lot:
    """Lines of one shape."""

    shape: RecordShape
    numbers: Sequence[int]
    columns: Sequence[Column]
    attributes: Sequence[dict[str, object]]
    """What has no column of its own, and what a column's reader does not understand."""

    @classmethod
    def of(cls, shape: RecordShape, lines: _JsonLines, known: Mapping[str, str]) -> Self:
        every = list(zip(*map(dict.values, lines.records), strict=True))
        others = [every[place] for place in shape.attributes]
        names = [shape.names[place] for place in shape.attributes]
        return cls(shape, lines.numbers, every, columns.objects(names, others, known, len(lines.numbers)))

    def column(self, known: str) -> Column | None:
        """Return the fields for a row's *known*, or None if the lines have none."""
        place = self.shape.place(known)
        return None if place is None else self.columns[place]

    def named(self, name: str) -> Column | None:
        """Return the fields sent as *name*, or None if the lines have none."""
        names = self.shape.names
        return self.columns[names.index(name)] if name in names else None

    def texts(self, known: str, otherwise: str = "") -> Sequence[str]:
        """Return the texts of a field, with *otherwise* for each that is empty or missing."""
        place = self.shape.place(known)
        if place is None:
            return [otherwise] * len(self.numbers)
        found = columns.texts(known, self.columns[place], self.shape.names[place], self.attributes)
        return [text or otherwise for text in found] if otherwise else found


@dataclass(slots=True)
class _LineBatch:
    """The result of a batch so far."""

    sender: str
    columns: dict[str, list[object]] = field(default_factory=lambda: {name: [] for name in LOG_ROWS.names})
    refused: list[RefusedLine] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    is_mixed: bool = False
    """Whether lines read together had several shapes."""

    def refuse(self, line: int, reason: BadRow) -> None:
        self.refused.append(RefusedLine(line, str(reason)))

    def take(
        self, found: Mapping[str, Sequence[object]], levels: Sequence[str], drop: AbstractSet[str]
    ) -> None:
        """Take the rows *found*, which have these *levels*, except those with a level to *drop*."""
        if drop.isdisjoint(levels):
            for name, column in found.items():
                self.columns[name].extend(column)
            return
        self.dropped.update(level for level in levels if level in drop)
        stays = [level not in drop for level in levels]
        for name, column in found.items():
            self.columns[name].extend(compress(column, stays))

    def reading(self) -> LineReading:
        self.columns["sender"] = [self.sender] * len(self.columns["number"])
        rows = table_of(LOG_ROWS, self.columns.values())
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
        lot = _Lot.of(shape, lines, origin.known)
        try:
            levels = columns.each(self._level, _level_words(lot))
            found = self._found(lot, levels, origin, window)
        except BadRow as bad:
            if len(lines.numbers) == 1:
                gathered.refuse(lines.numbers[0], bad)
                return
            middle = len(lines.numbers) // 2
            for half in (lines.part(0, middle), lines.part(middle, len(lines.numbers))):
                self._take(shape, half, origin, window, gathered)
        else:
            gathered.take(found, levels, self._rules.dropped)

    def _found(
        self, lot: _Lot, levels: Sequence[str], origin: BatchOrigin, window: IntakeWindow
    ) -> Mapping[str, Sequence[object]]:
        """Return the columns of the rows of *lot*, except the sender, which is the same for all lots."""
        moments = _moments(lot, origin.zone or self._rules.zone, origin.at or window.now)
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
            "attributes_sent": _written(lot),
            "number": lot.numbers,
        }

    def _kinds(
        self, lot: _Lot, origin: BatchOrigin, levels: Sequence[str], statuses: Sequence[int]
    ) -> Sequence[str]:
        inferred = [origin.kind] * len(levels) if origin.kind else list(map(self._inferred, levels, statuses))
        for rule in reversed(self._rules.by_field):
            column = lot.named(rule.field)
            if column is not None:
                pairs = zip(column, inferred, strict=True)
                inferred = [rule.kind if rule.fits(value) else kind for value, kind in pairs]
        own = inferred if origin.pins is None else origin.pins.own_kinds(inferred)
        if lot.column("kind") is None:
            return own
        claims = [
            self._kind(word) if word else otherwise
            for word, otherwise in zip(lot.texts("kind"), own, strict=True)
        ]
        return claims if origin.pins is None else origin.pins.claimed_kinds(claims, own, lot.attributes)


def _services(lot: _Lot, origin: BatchOrigin) -> Sequence[str]:
    claims = lot.texts("service", origin.service)
    return claims if origin.pins is None else origin.pins.claimed_services(claims, lot.attributes)


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


def _written(lot: _Lot) -> Sequence[str]:
    """Return the JSON texts of the attributes."""
    attributes: Sequence[Mapping[str, object]] = lot.attributes
    if max(map(len, attributes)) > MOST_FIELDS or not columns.are_flat(lot.columns):
        attributes = list(map(bounded, attributes))
    # Decoded one by one: each bytes object from orjson takes four thousand bytes, however short it is.
    return list(map(bytes.decode, map(orjson.dumps, attributes)))


def _moments(lot: _Lot, zone: tzinfo, otherwise: float) -> Sequence[float]:
    place = lot.shape.place("at")
    if place is None:
        return [otherwise] * len(lot.numbers)
    name = lot.shape.names[place]
    return columns.seconds(lot.columns[place], name, lot.attributes, zone=zone, otherwise=otherwise)


def _level_words(lot: _Lot) -> Sequence[str]:
    place = lot.shape.place("level")
    is_pythons = place is not None and lot.shape.names[place] == "levelno"
    return (
        [PYTHONS_LEVELS.get(word, word) for word in lot.texts("level")] if is_pythons else lot.texts("level")
    )


def _statuses(lot: _Lot) -> Sequence[int]:
    place = lot.shape.place("status")
    if place is None:
        return [0] * len(lot.numbers)
    return columns.statuses(lot.columns[place], lot.shape.names[place], lot.attributes)


def _durations(lot: _Lot) -> Sequence[float]:
    found: Sequence[float] | None = None
    for known, factor in (("milliseconds", 1.0), ("seconds", 1e3), ("nanoseconds", 1e-6)):
        place = lot.shape.place(known)
        if place is not None:
            name = lot.shape.names[place]
            these = columns.durations(lot.columns[place], name, lot.attributes, factor=factor)
            found = these if found is None else list(map(_first, found, these))
    return [NO_DURATION] * len(lot.numbers) if found is None else found


def _first(duration: float, otherwise: float) -> float:
    return otherwise if math.isnan(duration) else duration


def _routes(lot: _Lot) -> Sequence[str]:
    """Return the route each line names, or otherwise the one derived from its path."""
    if lot.column("path") is None:
        return lot.texts("route")
    guessed = columns.each(route_of, lot.texts("path"))
    if lot.column("route") is None:
        return guessed
    return [route or guess for route, guess in zip(lot.texts("route"), guessed, strict=True)]
