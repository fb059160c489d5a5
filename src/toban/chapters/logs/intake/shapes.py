"""Where the fields of a record go: the names that lines may use for a row's columns. Pure."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, reduce

NAMES = {
    "at": (
        *("timestamp", "@timestamp", "time", "ts", "date"),
        *("@t", "asctime", "datetime", "timeMillis", "instant", "record.time.timestamp"),
    ),
    "level": (
        *("level", "severity", "loglevel", "log.level"),
        *("levelname", "level_name", "log_level", "@l", "error_severity", "record.level.name", "levelno"),
    ),
    "message": (
        *("message", "msg", "log"),
        *("@m", "short_message", "renderedMessage", "record.message", "messageTemplate", "@mt", "event"),
    ),
    "kind": ("kind", "logType", "log_type"),
    "service": ("service.name", "service", "serviceName", "service_name", "app"),
    "user_id": ("userId", "user_id", "user.id", "user", "properties.userId"),
    "request_id": (
        "requestId",
        "request_id",
        "x_request_id",
        "http.request.id",
        "req.id",
        "properties.requestId",
    ),
    "trace_id": ("traceId", "trace_id", "trace.id", "@tr"),
    "span_id": ("spanId", "span_id", "span.id", "@sp"),
    "ip": (
        *("ip", "remote_addr", "remoteAddr", "client_ip", "clientIp"),
        *("client.ip", "source.ip", "req.remoteAddress", "remote_host"),
    ),
    "method": ("method", "request_method", "http.request.method", "req.method", "properties.requestMethod"),
    "route": ("route", "http.route"),
    "path": ("path", "uri", "request_uri", "url.path", "req.url", "requestPath", "properties.requestPath"),
    "status": (
        *("status", "status_code", "statusCode", "http.response.status_code"),
        *("res.statusCode", "properties.statusCode"),
    ),
    "milliseconds": (
        *("durationMs", "duration_ms", "responseTimeMs", "latency_ms", "elapsed_ms"),
        *("responseTime", "elapsedMilliseconds", "properties.elapsed"),
    ),
    "seconds": ("request_time", "duration_s", "response_time_s"),
    "nanoseconds": ("event.duration",),
}
"""The names that a line may use for a field with its own column, the best first; case does not matter.

A name with dots is also the path of a field within objects: ECS is written either way. The loggers these come
from are in the manual and, with lines that they wrote, in the tests.
"""

_LOWER = {known: tuple(map(str.lower, names)) for known, names in NAMES.items()}
_KNOWN = {name: known for known, names in _LOWER.items() for name in names}
_PATHS = {known: [tuple(name.split(".")) for name in names if "." in name] for known, names in _LOWER.items()}
_ROOTS = frozenset(path[0] for paths in _PATHS.values() for path in paths)


def known_of(name: str) -> str | None:
    """Return the row's name for a field that a line calls *name*; None for a field of the sender's own."""
    return _KNOWN.get(name.lower())


class RecordShape:
    """The fields of a record in order. The lines of one sender have few shapes."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        lower = {name.lower(): place for place, name in reversed(list(enumerate(names)))}
        found = {
            known: next((lower[name] for name in candidates if name in lower), None)
            for known, candidates in _LOWER.items()
        }
        self._places = {known: place for known, place in found.items() if place is not None}
        # Only the route of a path has a column in a row, so the path is also kept as sent. An event's name is
        # a message to one logger and a field to others.
        taken = set(self._places.values()) - {self.place("path"), lower.get("event")}
        self.attributes = tuple(place for place in range(len(names)) if place not in taken)
        self.roots = tuple(name for name in names if name.lower() in _ROOTS)
        """The fields within which `lifted` finds others, if they are objects."""

    def place(self, known: str) -> int | None:
        """Return the position of the field for a row's *known* (see `NAMES`), or None."""
        return self._places.get(known)


shape_of = lru_cache(maxsize=1000)(RecordShape)


def lifted(record: Mapping[str, object]) -> dict[str, object]:
    """Return *record* with the fields that `NAMES` finds within its objects also beside them."""
    named = {known_of(name) for name, value in record.items() if not isinstance(value, dict)}
    found = (_within(record, paths) for known, paths in _PATHS.items() if known not in named)
    return {**{name: value for each in found for name, value in each.items()}, **record}


def _within(record: Mapping[str, object], paths: Sequence[Sequence[str]]) -> Mapping[str, object]:
    """Return the first field that one of *paths* leads to, by its name."""
    for path in paths:
        value = reduce(_inner, path, record)  # type: ignore[arg-type]
        if value is not None and not isinstance(value, dict):
            return {".".join(path): value}
    return {}


def _inner(value: object, step: str) -> object:
    if not isinstance(value, Mapping):
        return None
    if step in value:
        return value[step]
    return next((inner for name, inner in value.items() if name.lower() == step), None)
