"""Figures about a service's requests, from access logs or from server spans."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from toban.engine.telemetry.logs.search import TimeSpan
from toban.engine.telemetry.store import Telemetry

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
    def rows(self) -> str:
        """The rows of a service's requests, by `_parameters`."""
        return f"""FROM {self.name} WHERE {self.requests} AND day BETWEEN {{first:Date}} AND {{last:Date}}
        AND service = {{service:String}} AND startsWith(route, {{route:String}})
        AND at >= fromUnixTimestamp64Milli({{start:Int64}})
        AND at < fromUnixTimestamp64Milli({{end:Int64}})"""


LOGGED = RequestTable("logs", "kind = 'access' AND status > 0", "status >= 500", "duration_ms")
TRACED = RequestTable("spans", "kind = 'SERVER'", "(status = 'ERROR' OR code >= 500)", "duration_ns / 1e6")


def _parameters(service: str, span: TimeSpan, route: str) -> Mapping[str, Any]:
    return {
        **span.parameters,
        "service": service,
        "route": route,
        "first": (span.start - _A_DAY).date(),
        "last": (span.end + _A_DAY).date(),
    }


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
