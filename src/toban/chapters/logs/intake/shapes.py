"""Where the fields of a record go: the names that lines may use for a row's columns. Pure."""

from functools import lru_cache

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
"""The names that a line may use for a field with its own column."""

_KNOWN = {name: known for known, names in NAMES.items() for name in names}


def known_of(name: str) -> str | None:
    """Return the row's name for a field that a line calls *name*; None for a field of the sender's own."""
    return _KNOWN.get(name)


class RecordShape:
    """The fields of a record in order. The lines of one sender have few shapes."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self._places: dict[str, int] = {}
        for place, name in enumerate(names):
            known = _KNOWN.get(name)
            # If two names mean the same field, the first counts; the other stays an attribute.
            if known is not None:
                self._places.setdefault(known, place)
        # Only the route of a path has a column in a row, so the path is also kept as sent.
        taken = set(self._places.values()) - {self.place("path")}
        self.attributes = tuple(place for place in range(len(names)) if place not in taken)

    def place(self, known: str) -> int | None:
        """Return the position of the field for a row's *known* (see `NAMES`), or None."""
        return self._places.get(known)


shape_of = lru_cache(maxsize=1000)(RecordShape)
