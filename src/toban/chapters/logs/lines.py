"""Lines of JSON become rows: a bad line is refused with its reason and holds up no other. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from math import inf, isfinite
from typing import NamedTuple

import orjson

from toban.chapters.logs.fields import day_of, route_of
from toban.chapters.logs.limits import LONGEST_LINE, Bad, Window, check_attributes
from toban.chapters.logs.rules import LogRules
from toban.engine.telemetry.log_words import kind_of, level_of
from toban.engine.telemetry.logs import LogRow

_USUAL = "INFO"
_MILLISECONDS_FROM = 1e11
"""Numbers of seconds from here on are milliseconds: as seconds they would be in the year 5138."""

NAMES = {
    "at": ("timestamp", "@timestamp", "time", "ts", "date"),
    "level": ("level", "severity", "loglevel", "log.level"),
    "message": ("message", "msg", "log"),
    "kind": ("kind", "logType", "log_type"),
    "service": ("service", "service.name", "serviceName", "service_name", "app"),
    "user_id": ("userId", "user_id", "user"),
    "request_id": ("requestId", "request_id", "x_request_id"),
    "trace_id": ("traceId", "trace_id", "trace.id"),
    "span_id": ("spanId", "span_id", "span.id"),
    "ip": ("ip", "remote_addr", "remoteAddr", "client_ip", "clientIp"),
    "method": ("method", "request_method", "http.request.method"),
    "route": ("route", "http.route"),
    "path": ("path", "uri", "request_uri", "url.path"),
    "status": ("status", "status_code", "statusCode", "http.response.status_code"),
    "milliseconds": ("durationMs", "duration_ms", "responseTimeMs", "latency_ms", "elapsed_ms"),
    "seconds": ("request_time", "duration_s", "response_time_s"),
}
"""What a line may call a field that rows have a place for."""

_KNOWN = {name: known for known, names in NAMES.items() for name in names}
_TEXTS = (
    *("level", "message", "kind", "service", "user_id", "request_id", "trace_id", "span_id", "ip"),
    *("method", "route", "path"),
)
_HTTP = range(100, 600)
_ALL_TEXT = frozenset((str,))


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


class _Shape:
    """Where the fields of a record go. The lines of one sender have few shapes, so each is found out once."""

    def __init__(self, names: tuple[str, ...]) -> None:
        places: dict[str, str] = {}
        for name in names:
            known = _KNOWN.get(name)
            # Of two names for one thing the first counts; the other stays an attribute.
            if known is not None:
                places.setdefault(known, name)
        # A name that no record has: the text is empty.
        self.texts = tuple(places.get(known, "") for known in _TEXTS)
        self.at = places.get("at")
        self.status = places.get("status")
        self.milliseconds = places.get("milliseconds")
        self.seconds = places.get("seconds")
        taken = set(places.values()) - {places.get("path")}
        self.attributes = tuple(name for name in names if name not in taken)


_shape = lru_cache(maxsize=1000)(_Shape)


class LineReader:
    """Reads lines by an edition's rules. Any thread may use it."""

    def __init__(self, rules: LogRules) -> None:
        self._rules = rules
        self._kind = lru_cache(maxsize=500)(kind_of)
        self._level: Callable[[str], str] = lru_cache(maxsize=500)(lambda word: level_of(word, rules.levels))

    def read(self, body: bytes, origin: Origin, now: datetime) -> Reading:
        """Return the rows of the lines of *body*, and what is refused or dropped.

        Empty lines count and say nothing.
        """
        reading = Reading()
        window = Window(self._rules, now)
        suspects = self._rules.masker.suspects(body)
        for number, line in enumerate(body.split(b"\n"), 1):
            if not line or line.isspace():
                continue
            try:
                record = _object(line)
                if number in suspects:
                    record = self._rules.masker.record(record)
                row = self._row(record, number, origin, window)
            except Bad as bad:
                reading.refused.append(Refused(number, str(bad)))
                continue
            if row.level in self._rules.dropped:
                reading.dropped[row.level] += 1
            else:
                reading.rows.append(row)
        return reading

    def _row(self, record: dict[str, object], number: int, origin: Origin, window: Window) -> LogRow:
        shape = _shape(tuple(record))
        level, message, kind, service, user_id, request_id, trace_id, span_id, ip, method, route, path = (
            _texts(record, shape)
        )
        attributes = {**origin.known, **{name: record[name] for name in shape.attributes}}
        at = _seconds(record[shape.at]) if shape.at is not None else origin.at or window.now
        level = self._level(level) if level else _USUAL
        status = _status(record, shape, attributes)
        named = self._kind(kind) if kind else origin.kind
        kind = named or self._rules.inferred(level, has_status=status > 0)
        window.check(at, kind)
        check_attributes(attributes)
        return LogRow(
            kind,
            day_of(at, self._rules.zone),
            at,
            level,
            service or origin.service,
            message,
            user_id,
            request_id,
            trace_id,
            span_id,
            ip,
            method.upper(),
            route or (route_of(path) if path else ""),
            status,
            _duration(record, shape, attributes),
            attributes,
            origin.sender,
            number,
        )


def _object(line: bytes) -> dict[str, object]:
    if len(line) > LONGEST_LINE:
        raise Bad(f"longer than {LONGEST_LINE} bytes")
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as flaw:
        raise Bad(f"no JSON: {flaw}") from flaw
    if not isinstance(record, dict):
        raise Bad("no JSON object")
    return record


def _texts(record: Mapping[str, object], shape: _Shape) -> list[str]:
    """Return the values of `_TEXTS`; what is missing is empty, numbers are taken as they are written."""
    found = [record.get(name, "") for name in shape.texts]
    if set(map(type, found)) == _ALL_TEXT:
        return found  # type: ignore[return-value]
    return [
        value if isinstance(value, str) else _text(known, value)
        for known, value in zip(_TEXTS, found, strict=True)
    ]


def _text(known: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Bad(f"{known}: not a text")
    return str(value)


def _seconds(written: object) -> float:
    """Return seconds since 1970, to the millisecond."""
    if isinstance(written, str):
        try:
            moment = datetime.fromisoformat(written)
        except ValueError as flaw:
            raise Bad("timestamp: not an ISO 8601 time") from flaw
        if moment.tzinfo is None:
            raise Bad("timestamp: names no time zone")
        return round(moment.timestamp(), 3)
    if isinstance(written, bool) or not isinstance(written, int | float):
        raise Bad("timestamp: neither a text nor a number")
    return round(written / 1000 if written >= _MILLISECONDS_FROM else float(written), 3)


def _status(record: Mapping[str, object], shape: _Shape, attributes: dict[str, object]) -> int:
    """Return the HTTP status; what is called so and is none stays an attribute."""
    if shape.status is None:
        return 0
    value = record[shape.status]
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) == len("200"):
        value = int(value)
    if isinstance(value, int) and value in _HTTP:
        return value
    attributes[shape.status] = value
    return 0


def _duration(record: Mapping[str, object], shape: _Shape, attributes: dict[str, object]) -> float:
    """Return milliseconds; what is called so and is no number stays an attribute."""
    for name, factor in ((shape.milliseconds, 1.0), (shape.seconds, 1000.0)):
        if name is None:
            continue
        try:
            duration = float(record[name]) * factor  # type: ignore[arg-type]
        except (TypeError, ValueError):
            duration = inf
        if isfinite(duration):
            return duration
        attributes[name] = record[name]
    return 0.0
