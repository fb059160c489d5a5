"""Lines of JSON become rows: a bad line is refused with its reason and holds up no other. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple, Self

import orjson

from toban.chapters.logs import columns
from toban.chapters.logs.columns import Column
from toban.chapters.logs.fields import days_of, route_of
from toban.chapters.logs.limits import LONGEST_LINE, Bad, Window, check_columns
from toban.chapters.logs.rules import LogRules
from toban.chapters.logs.shapes import Shape, shape_of
from toban.engine.telemetry.log_words import kind_of, level_of
from toban.engine.telemetry.logs import LogRow

_USUAL = "INFO"
_OBJECTS = frozenset((dict,))
_TOGETHER = 1000
"""Lines that are read at once; where one of them is bad, they are read one by one."""


class Refused(NamedTuple):
    """A line that is not stored."""

    line: int
    """Counts from 1."""
    reason: str


@dataclass(slots=True)
class Reading:
    """What a batch came to."""

    rows: list[LogRow] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    """Lines that the document has production not write, by level."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of a batch beside its lines."""

    sender: str
    kind: str = ""
    """The kind of the lines that name none, by its own name."""
    service: str = ""
    at: float = 0.0
    """Seconds since 1970 that lines are of which name no time; 0 for the time at which they are read."""
    known: Mapping[str, str] = field(default_factory=dict)
    """Attributes of all its lines, where they don't say otherwise themselves."""


class _Lines(NamedTuple):
    """Lines that are objects of JSON."""

    numbers: Sequence[int]
    records: Sequence[dict[str, object]]

    def part(self, start: int, end: int) -> Self:
        return type(self)(self.numbers[start:end], self.records[start:end])


@dataclass(frozen=True, slots=True)
class _Lot:
    """Lines of one shape."""

    shape: Shape
    numbers: Sequence[int]
    columns: Sequence[Column]

    @classmethod
    def of(cls, shape: Shape, lines: _Lines) -> Self:
        return cls(shape, lines.numbers, list(zip(*map(dict.values, lines.records), strict=True)))

    def column(self, known: str) -> Column | None:
        """Return the fields that are a row's *known*, None where the lines have none."""
        place = self.shape.place(known)
        return None if place is None else self.columns[place]

    def named(self, name: str) -> Column | None:
        """Return the fields that are sent as *name*, None where the lines have none."""
        names = self.shape.names
        return self.columns[names.index(name)] if name in names else None

    def texts(self, known: str, otherwise: str = "") -> Iterable[str]:
        """Return the texts of a field, *otherwise* for each that is empty or missing."""
        column = self.column(known)
        if column is None:
            return repeat(otherwise, len(self.numbers))
        found = columns.texts(known, column)
        return [text or otherwise for text in found] if otherwise else found


class LineReader:
    """Reads lines by an edition's rules. Any thread may use it."""

    def __init__(self, rules: LogRules) -> None:
        self._rules = rules
        self._kind = lru_cache(maxsize=500)(kind_of)
        self._level = lru_cache(maxsize=500)(lambda word: level_of(word, rules.levels) if word else _USUAL)
        self._inferred = lru_cache(maxsize=500)(rules.inferred)

    def read(self, body: bytes, origin: Origin, now: datetime) -> Reading:
        """Return the rows of the lines of *body*, and what is refused or dropped.

        Empty lines count and say nothing.
        """
        reading = Reading()
        window = Window(self._rules, now)
        lots = _by_shape(self._masked(body, _lines(body, reading)))
        for shape, lines in lots.items():
            for start in range(0, len(lines.numbers), _TOGETHER):
                self._take(shape, lines.part(start, start + _TOGETHER), origin, window, reading)
        if len(lots) > 1:
            # One shape comes after the other; the rows are to come as their lines did.
            reading.rows.sort(key=_number)
        reading.refused.sort()
        return reading

    def _masked(self, body: bytes, lines: _Lines) -> _Lines:
        suspects = self._rules.masker.suspects(body)
        if not suspects:
            return lines
        mask = self._rules.masker.record
        return _Lines(
            lines.numbers,
            [mask(record) if number in suspects else record for number, record in zip(*lines, strict=True)],
        )

    def _take(self, shape: Shape, lines: _Lines, origin: Origin, window: Window, reading: Reading) -> None:
        try:
            rows = self._rows(_Lot.of(shape, lines), origin, window)
        except Bad as bad:
            if len(lines.numbers) == 1:
                reading.refused.append(Refused(lines.numbers[0], str(bad)))
                return
            for place in range(len(lines.numbers)):
                self._take(shape, lines.part(place, place + 1), origin, window, reading)
        else:
            self._sort_out(rows, reading)

    def _sort_out(self, rows: Sequence[LogRow], reading: Reading) -> None:
        if self._rules.dropped.isdisjoint(row.level for row in rows):
            reading.rows.extend(rows)
            return
        for row in rows:
            if row.level in self._rules.dropped:
                reading.dropped[row.level] += 1
            else:
                reading.rows.append(row)

    def _rows(self, lot: _Lot, origin: Origin, window: Window) -> Sequence[LogRow]:
        count = len(lot.numbers)
        others = [lot.columns[place] for place in lot.shape.attributes]
        names = [lot.shape.names[place] for place in lot.shape.attributes]
        attributes = columns.objects(names, others, origin.known, count)
        check_columns(attributes, others)
        at, level = lot.column("at"), list(map(self._level, lot.texts("level")))
        moments = columns.seconds(at) if at is not None else [origin.at or window.now] * count
        statuses = _statuses(lot, attributes)
        kinds = self._kinds(lot, origin, level, statuses)
        window.check_all(moments, kinds)
        fields = (
            kinds,
            days_of(moments, self._rules.zone),
            moments,
            level,
            lot.texts("service", origin.service),
            *map(lot.texts, ("message", "user_id", "request_id", "trace_id", "span_id", "ip")),
            map(str.upper, lot.texts("method")),
            _routes(lot),
            statuses,
            _durations(lot, attributes),
            attributes,
            [origin.sender] * count,
            lot.numbers,
        )
        return list(map(LogRow._make, zip(*fields, strict=True)))

    def _kinds(
        self, lot: _Lot, origin: Origin, levels: Sequence[str], statuses: Sequence[int]
    ) -> Sequence[str]:
        inferred = [origin.kind] * len(levels) if origin.kind else list(map(self._inferred, levels, statuses))
        for rule in reversed(self._rules.by_field):
            column = lot.named(rule.field)
            if column is not None:
                pairs = zip(column, inferred, strict=True)
                inferred = [rule.kind if rule.fits(value) else kind for value, kind in pairs]
        if lot.column("kind") is None:
            return inferred
        return [
            self._kind(word) if word else otherwise
            for word, otherwise in zip(lot.texts("kind"), inferred, strict=True)
        ]


def _lines(body: bytes, reading: Reading) -> _Lines:
    """Return the lines of *body* that are objects; what is wrong with others goes to *reading*."""
    lines = body.removesuffix(b"\n").split(b"\n")
    with suppress(Bad):
        return _Lines(range(1, len(lines) + 1), _objects(lines))
    return _one_by_one(lines, reading)


def _one_by_one(lines: Sequence[bytes], reading: Reading) -> _Lines:
    numbers, records = [], []
    for number, line in enumerate(lines, 1):
        if not line or line.isspace():
            continue
        try:
            records += _objects([line])
        except Bad as bad:
            reading.refused.append(Refused(number, str(bad)))
        else:
            numbers.append(number)
    return _Lines(numbers, records)


def _objects(lines: Sequence[bytes]) -> list[dict[str, object]]:
    if max(map(len, lines)) > LONGEST_LINE:
        raise Bad(f"longer than {LONGEST_LINE} bytes")
    try:
        records = list(map(orjson.loads, lines))
    except orjson.JSONDecodeError as flaw:
        raise Bad(f"no JSON: {flaw}") from flaw
    if set(map(type, records)) != _OBJECTS:
        raise Bad("no JSON object")
    return records


def _by_shape(lines: _Lines) -> Mapping[Shape, _Lines]:
    shapes = list(map(tuple, lines.records))
    if len(set(shapes)) == 1:
        return {shape_of(shapes[0]): lines}
    found: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, names in enumerate(shapes):
        found[names].append(place)
    return {
        shape_of(names): _Lines([lines.numbers[at] for at in places], [lines.records[at] for at in places])
        for names, places in found.items()
    }


def _number(row: LogRow) -> int:
    return row.number


def _statuses(lot: _Lot, attributes: Sequence[dict[str, object]]) -> Sequence[int]:
    place = lot.shape.place("status")
    if place is None:
        return [0] * len(attributes)
    return columns.statuses(lot.columns[place], lot.shape.names[place], attributes)


def _durations(lot: _Lot, attributes: Sequence[dict[str, object]]) -> Sequence[float]:
    found: Sequence[float] | None = None
    for known, factor in (("milliseconds", 1.0), ("seconds", 1000.0)):
        place = lot.shape.place(known)
        if place is not None:
            name = lot.shape.names[place]
            these = columns.durations(lot.columns[place], name, attributes, factor=factor)
            found = these if found is None else list(map(_first, found, these))
    return [0.0] * len(attributes) if found is None else found


def _first(duration: float, otherwise: float) -> float:
    return duration or otherwise


def _routes(lot: _Lot) -> Iterable[str]:
    """What the line calls its route, or what its path says of it."""
    if lot.column("path") is None:
        return lot.texts("route")
    guessed = map(route_of, lot.texts("path"))
    if lot.column("route") is None:
        return guessed
    return [route or guess for route, guess in zip(lot.texts("route"), guessed, strict=True)]
