"""Queries on stored spans: one trace, a list of traces, the response times of services' routes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson

from toban.engine.search_parts import Match, SearchTerm
from toban.engine.telemetry import row_binary
from toban.engine.telemetry.conditions import conditions, test_of
from toban.engine.telemetry.logs.search import TimeSpan
from toban.engine.telemetry.store import Telemetry

TRACE_ID = re.compile(r"[0-9a-fA-F]{32}")
"""A trace id of W3C Trace Context, in either case."""

_FAILED = "(status = 'ERROR' OR code >= 500)"
"""In the semantic conventions, a server's 5xx is an error, and a client reports an error by its status."""

_OUTCOMES = {"error": _FAILED, "ok": f"NOT {_FAILED}"}

_ENDPOINT = "if(route = '', name, route)"

type SpanTerm = SearchTerm[str]
"""A term on `service`, `method`, `duration_ms`, `endpoint` or `status`.

An endpoint is a route, or the name of a span that has none; a status is `error`, `ok`, `5xx` or `404`.
"""

_LIGHT = (
    *("start_ns", "duration_ns", "trace_id", "span_id", "parent_id", "service", "name", "kind", "status"),
    *("status_message", "method", "route", "code", "request_id"),
)
_BESIDE = timedelta(hours=1)
"""How far from a found span to look for others of its trace, if only a summary is needed."""

_LASTS = 3_600_000_000_000
"""Assumed maximum length of a trace, in nanoseconds: the next page of a list does not show it again."""

_MILLISECOND = 1_000_000
_HUNDRED = 100
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class FoundSpan:
    """A stored span, without the details that are only shown for a single span."""

    start_ns: int
    duration_ns: int
    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    kind: str
    status: str
    status_message: str
    method: str
    route: str
    code: int
    request_id: str

    @property
    def end_ns(self) -> int:
        """When it ended, in nanoseconds since 1970."""
        return self.start_ns + self.duration_ns

    @property
    def at(self) -> datetime:
        """When it began, to the millisecond."""
        return row_binary.moment(self.start_ns // _MILLISECOND)

    @property
    def has_failed(self) -> bool:
        """Whether it is an error, by its status or by its code."""
        return self.status == "ERROR" or self.code >= _SERVER_ERROR

    @property
    def title(self) -> str:
        """What it did: `GET /orders/{id}`, or else its name."""
        return f"{self.method} {self.route}".strip() if self.route else self.name


@dataclass(frozen=True, slots=True)
class SpanDetails:
    """A span with all its details."""

    span: FoundSpan
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]
    events: Sequence[Mapping[str, Any]]
    """Each with `name`, `at` (nanoseconds since 1970) and `attributes`."""
    links: Sequence[Mapping[str, Any]]
    """Each with `traceId`, `spanId` and `attributes`."""
    sender: str


class TracePlace(NamedTuple):
    """The position of a trace in a list: after newer ones; equally new ones are ordered by id."""

    start_ns: int
    """The start of the newest of its spans that match the search."""
    trace_id: str


@dataclass(frozen=True, slots=True)
class TraceSummary:
    """A trace in a list."""

    trace_id: str
    start_ns: int
    duration_ns: int
    """From the start of its first span to the end of its last."""
    spans: int
    failed: int
    """The number of spans that are errors."""
    services: int
    service: str
    title: str
    """The title of its first span without a parent, or else of its first span."""
    place: TracePlace

    @property
    def at(self) -> datetime:
        """When it began, to the millisecond."""
        return row_binary.moment(self.start_ns // _MILLISECOND)


@dataclass(frozen=True, slots=True)
class RouteFigures:
    """The requests that a service answered on one route."""

    service: str
    method: str
    endpoint: str
    """The route, or the name of spans that have none."""
    count: int
    failed: int
    slowest: str
    """The trace of the slowest request."""
    last_failed: str
    """The trace of the last failed request; empty if none failed."""
    p50_ms: float
    p95_ms: float
    p99_ms: float


class SpanSearch:
    """Queries on the spans of a store. Any thread may use it; all methods raise `StoreUnavailable`."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def trace(self, trace_id: str, *, limit: int) -> list[FoundSpan]:
        """Return up to *limit* spans of a trace, in order of their start."""
        self._telemetry.ensure_schema()
        # A span that was sent in two batches is stored twice.
        rows = self._telemetry.ask(
            f"""SELECT {", ".join(_LIGHT)} FROM spans WHERE trace_id = {{trace:String}}
            ORDER BY start_ns, span_id LIMIT 1 BY span_id, kind
            LIMIT {{limit:UInt32}}""",  # noqa: S608 - this module's own words
            {"trace": trace_id, "limit": limit},
        )
        return [FoundSpan(*row) for row in rows]

    def details(self, trace_id: str, span_id: str) -> SpanDetails | None:
        """Return a span with all its details; None if there is none, or no longer."""
        self._telemetry.ensure_schema()
        rows = self._telemetry.ask(
            f"""SELECT {", ".join(_LIGHT)}, attributes, resource, events, links, sender FROM spans
            WHERE trace_id = {{trace:String}} AND span_id = {{span:String}}
            ORDER BY start_ns LIMIT 1""",  # noqa: S608 - as above
            {"trace": trace_id, "span": span_id},
        )
        if not rows:
            return None
        *light, attributes, resource, events, links, sender = rows[0]
        return SpanDetails(
            span=FoundSpan(*light),
            attributes=orjson.loads(attributes),
            resource=orjson.loads(resource),
            events=orjson.loads(events),
            links=orjson.loads(links),
            sender=sender,
        )

    def newest(
        self, terms: Sequence[SpanTerm], within: TimeSpan, *, limit: int, before: TracePlace | None = None
    ) -> list[TraceSummary]:
        """Return up to *limit* traces with spans that match all *terms*, the newest first.

        With *before*, the place of the last known trace, only those after it.
        """
        self._telemetry.ensure_schema()
        where, parameters = _conditions(terms, within)
        behind = ""
        if before is not None:
            # A trace that was already shown has older spans, too.
            behind = f"""AND start_ns <= {{before:UInt64}}
                AND (start_ns < {{before:UInt64}} OR trace_id > {{last:String}})
                AND trace_id NOT IN (SELECT trace_id FROM spans
                WHERE {where} AND start_ns >= {{before:UInt64}} AND start_ns < {{shown:UInt64}}
                AND (start_ns > {{before:UInt64}} OR trace_id <= {{last:String}}))"""  # noqa: S608
            shown = min(before.start_ns + _LASTS, 2**64 - 1)
            parameters |= {"before": before.start_ns, "last": before.trace_id, "shown": shown}
        # In the table's own order, the engine reads no more than it needs to find this many.
        rows = self._telemetry.ask(
            f"""SELECT trace_id, start_ns FROM spans WHERE {where} {behind}
            ORDER BY at DESC, start_ns DESC, trace_id LIMIT 1 BY trace_id
            LIMIT {{limit:UInt32}}""",  # noqa: S608 - as above
            {**parameters, "limit": limit},
        )
        places = {trace_id: TracePlace(start, trace_id) for trace_id, start in rows}
        found = self._summaries(places, within)
        return [found[trace_id] for trace_id in places if trace_id in found]

    def routes(self, within: TimeSpan, *, service: str = "", limit: int) -> list[RouteFigures]:
        """Return up to *limit* routes with the figures of their requests, the slowest first.

        The figures are from spans of the kind SERVER; the slowest route has the highest 95th percentile.
        """
        self._telemetry.ensure_schema()
        of_service = (SearchTerm("service", Match.WHOLE, service),) if service else ()
        where, parameters = _conditions(of_service, within)
        rows = self._telemetry.ask(
            f"""SELECT service, method, {_ENDPOINT} AS endpoint, count(), countIf({_FAILED}),
            argMax(trace_id, duration_ns), argMaxIf(trace_id, start_ns, {_FAILED}),
            quantilesTDigest(0.5, 0.95, 0.99)(duration_ns) AS quantiles
            FROM spans WHERE kind = 'SERVER' AND {where}
            GROUP BY service, method, endpoint ORDER BY quantiles[2] DESC, service, method, endpoint
            LIMIT {{limit:UInt32}}""",  # noqa: S608 - as above
            {**parameters, "limit": limit},
        )
        return [
            RouteFigures(*figures, *(nanoseconds / _MILLISECOND for nanoseconds in quantiles))
            for *figures, quantiles in rows
        ]

    def services(self, within: TimeSpan, *, limit: int) -> list[str]:
        """Return up to *limit* services that have spans, in order of name."""
        self._telemetry.ensure_schema()
        where, parameters = _conditions((), within)
        rows = self._telemetry.ask(
            f"""SELECT DISTINCT service FROM spans WHERE {where} AND service != '' ORDER BY service
            LIMIT {{limit:UInt32}}""",  # noqa: S608 - as above
            {**parameters, "limit": limit},
        )
        return [service for (service,) in rows]

    def _summaries(self, places: Mapping[str, TracePlace], within: TimeSpan) -> dict[str, TraceSummary]:
        """Return the summaries of the traces, by their ids."""
        where, parameters = _conditions((), TimeSpan(within.start - _BESIDE, within.end + _BESIDE))
        first = f"argMin((service, method, {_ENDPOINT}, route), (parent_id != '', start_ns))"
        rows = self._telemetry.ask(
            f"""SELECT trace_id, min(start_ns) AS start, max(start_ns + duration_ns) - start,
            uniqExact(span_id), uniqExactIf(span_id, {_FAILED}), uniqExact(service), {first} FROM spans
            WHERE trace_id IN {{traces:Array(String)}} AND {where} GROUP BY trace_id""",  # noqa: S608 - as above
            {**parameters, "traces": list(places)},
        )
        return {row[0]: _summary(row, places[row[0]]) for row in rows}


def _summary(row: Sequence[Any], place: TracePlace) -> TraceSummary:
    trace_id, start, duration, spans, failed, services, (service, method, endpoint, route) = row
    title = f"{method} {endpoint}".strip() if route else endpoint
    return TraceSummary(trace_id, start, duration, spans, failed, services, service, title, place)


def _conditions(terms: Sequence[SpanTerm], within: TimeSpan) -> tuple[str, dict[str, Any]]:
    """Return the WHERE clause for *terms*, and its parameters."""
    return conditions(terms, within.parameters, _condition)


def _condition(term: SpanTerm, name: str) -> tuple[str, object]:
    match term.field:
        case "duration_ms":
            return f"duration_ns {term.match} {{{name}:Float64}}", float(term.value) * _MILLISECOND
        case "status":
            if term.value in _OUTCOMES:
                return _OUTCOMES[term.value], ""
            family = f"intDiv(code, {_HUNDRED})" if term.value.endswith("xx") else "code"
            return f"{family} = {{{name}:UInt16}}", int(term.value.removesuffix("xx"))
        case "endpoint":
            return test_of(term.match, name)(_ENDPOINT), term.value
        case column:
            return test_of(term.match, name)(column), term.value
