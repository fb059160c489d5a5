"""Figures about a service's requests, from access logs or from server spans."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from toban.engine.telemetry.logs.search import TimeSpan
from toban.engine.telemetry.store import Telemetry

_MOST_GROUPS = 100_000
"""Routes that are told apart: whoever asks for paths that do not exist makes as many as they please."""
_A_DAY = timedelta(days=1)
"""Days of logs are in the document's time zone, the engine's days in UTC: they differ by at most one day."""


@dataclass(frozen=True, slots=True)
class RequestTable:
    """A table with a row for each request, in the engine's SQL."""

    name: str
    requests: str
    """Which of its rows are requests."""
    failed: str
    ms: str
    """The response time; negative if a row has none."""

    @property
    def within(self) -> str:
        """The rows of all services' requests, by `_period`."""
        return f"""FROM {self.name} WHERE {self.requests} AND day BETWEEN {{first:Date}} AND {{last:Date}}
        AND at >= fromUnixTimestamp64Milli({{start:Int64}})
        AND at < fromUnixTimestamp64Milli({{end:Int64}})"""

    @property
    def rows(self) -> str:
        """The rows of a service's requests, by `_parameters`."""
        return f"{self.within} AND service = {{service:String}} AND startsWith(route, {{route:String}})"


LOGGED = RequestTable("logs", "kind = 'access' AND status > 0", "status >= 500", "duration_ms")
TRACED = RequestTable("spans", "kind = 'SERVER'", "(status = 'ERROR' OR code >= 500)", "duration_ns / 1e6")


def _period(span: TimeSpan) -> Mapping[str, Any]:
    return {
        **span.parameters,
        "first": (span.start - _A_DAY).date(),
        "last": (span.end + _A_DAY).date(),
    }


def _parameters(service: str, span: TimeSpan, route: str) -> Mapping[str, Any]:
    return {**_period(span), "service": service, "route": route}


@dataclass(frozen=True, slots=True)
class Traffic:
    """The requests of a service in a period."""

    count: int
    failed: int
    """Those answered with 500 or more."""
    mean_ms: float | None
    """Mean response time; None if no line contains one."""


def traffic(
    telemetry: Telemetry, service: str, span: TimeSpan, *, route: str = "", of: RequestTable = LOGGED
) -> Traffic:
    """Return the requests of *service* within *span* to routes that begin with *route*.

    Raises `StoreUnavailable`.
    """
    telemetry.ensure_schema()
    rows = telemetry.ask(
        f"SELECT count(), countIf({of.failed}), avgOrNullIf({of.ms}, {of.ms} >= 0) {of.rows}",
        _parameters(service, span, route),
    )
    return Traffic(*rows[0])


@dataclass(frozen=True, slots=True)
class ResponsePercentile:
    """A percentile of response times, and of how many requests."""

    count: int
    ms: float | None
    """None if no line contains a response time."""


def response_percentile(
    telemetry: Telemetry,
    service: str,
    span: TimeSpan,
    percentile: Decimal,
    *,
    route: str = "",
    of: RequestTable = LOGGED,
) -> ResponsePercentile:
    """Return *percentile* of the response times of *service* within *span*; *route* as for `traffic`.

    Raises `StoreUnavailable`.
    """
    telemetry.ensure_schema()
    ((count, ms),) = telemetry.ask(
        f"SELECT count(), quantileTDigest({{level:Float64}})({of.ms}) {of.rows} AND {of.ms} >= 0",
        {**_parameters(service, span, route), "level": float(percentile) / 100},
    )
    return ResponsePercentile(count, ms if count else None)


class RouteOrder(StrEnum):
    """What routes are listed by, the greatest first."""

    COUNT = "count"
    FAILED = "failed"
    """The share of errors."""
    P50 = "p50"
    P95 = "p95"
    P99 = "p99"


_ORDERS: Mapping[RouteOrder, str] = {
    RouteOrder.COUNT: "requests",
    RouteOrder.FAILED: "failures / requests",
    RouteOrder.P50: "quantiles[1]",
    RouteOrder.P95: "quantiles[2]",
    RouteOrder.P99: "quantiles[3]",
}


@dataclass(frozen=True, slots=True)
class LoggedRoute:
    """The requests that access logs have of one route of a service."""

    service: str
    method: str
    endpoint: str
    """The route; empty if the lines name neither a route nor a path."""
    count: int
    failed: int
    """Those answered with 500 or more."""
    p50_ms: float | None
    """None, like the other two, if no line contains a response time."""
    p95_ms: float | None
    p99_ms: float | None


def logged_routes(
    telemetry: Telemetry, span: TimeSpan, *, service: str = "", order: RouteOrder, limit: int
) -> list[LoggedRoute]:
    """Return the first *limit* routes of *service*, or of all, within *span*. Raises `StoreUnavailable`."""
    telemetry.ensure_schema()
    # A digest leaves out the NaN of an unknown duration; routes without any come last.
    rows = telemetry.ask(
        f"""SELECT service, method, route, count() AS requests, countIf({LOGGED.failed}) AS failures,
        quantilesTDigest(0.5, 0.95, 0.99)({LOGGED.ms}) AS quantiles
        {LOGGED.within} {"AND service = {service:String}" if service else ""}
        GROUP BY service, method, route
        ORDER BY {_ORDERS[order]} DESC NULLS LAST, requests DESC, service, method, route
        LIMIT {{limit:UInt32}}
        SETTINGS max_rows_to_group_by = {_MOST_GROUPS}, group_by_overflow_mode = 'any'""",
        {**_period(span), "service": service, "limit": limit},
    )
    return [
        LoggedRoute(*figures, *(None if ms is None or math.isnan(ms) else ms for ms in quantiles))
        for *figures, quantiles in rows
    ]
