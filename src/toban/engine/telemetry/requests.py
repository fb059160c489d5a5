"""Figures about a service's requests, from access logs."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from toban.engine.telemetry.logs.search import TimeSpan
from toban.engine.telemetry.store import Telemetry

_FAILED = 500
_A_DAY = timedelta(days=1)
"""Days of logs are in the document's time zone, the engine's days in UTC: they differ by at most one day."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """The requests of a service in a period."""

    count: int
    failed: int
    """Those answered with 500 or more."""
    mean_ms: float | None
    """Mean response time; None if no line contains one."""


def traffic(telemetry: Telemetry, service: str, span: TimeSpan, *, route: str = "") -> Traffic:
    """Return the requests of *service* within *span* to routes that begin with *route*.

    Raises `StoreUnavailable`.
    """
    telemetry.ensure_schema()
    rows = telemetry.ask(
        """SELECT count(), countIf(status >= {failed:UInt16}), avgOrNullIf(duration_ms, duration_ms >= 0)
        FROM logs WHERE kind = 'access' AND day BETWEEN {first:Date} AND {last:Date}
        AND service = {service:String} AND startsWith(route, {route:String}) AND status > 0
        AND at >= fromUnixTimestamp64Milli({start:Int64}) AND at < fromUnixTimestamp64Milli({end:Int64})""",
        {
            **span.parameters,
            "failed": _FAILED,
            "service": service,
            "route": route,
            "first": (span.start - _A_DAY).date(),
            "last": (span.end + _A_DAY).date(),
        },
    )
    return Traffic(*rows[0])


@dataclass(frozen=True, slots=True)
class ResponsePercentile:
    """A percentile of response times, and of how many requests."""

    count: int
    ms: float | None
    """None if no line contains a response time."""


def response_percentile(
    telemetry: Telemetry, service: str, span: TimeSpan, percentile: Decimal, *, route: str = ""
) -> ResponsePercentile:
    """Return *percentile* of the response times of *service* within *span*; *route* as for `traffic`.

    Raises `StoreUnavailable`.
    """
    telemetry.ensure_schema()
    ((count, ms),) = telemetry.ask(
        """SELECT count(), quantileTDigest({level:Float64})(duration_ms)
        FROM logs WHERE kind = 'access' AND day BETWEEN {first:Date} AND {last:Date}
        AND service = {service:String} AND startsWith(route, {route:String}) AND status > 0
        AND duration_ms >= 0
        AND at >= fromUnixTimestamp64Milli({start:Int64}) AND at < fromUnixTimestamp64Milli({end:Int64})""",
        {
            **span.parameters,
            "level": float(percentile) / 100,
            "service": service,
            "route": route,
            "first": (span.start - _A_DAY).date(),
            "last": (span.end + _A_DAY).date(),
        },
    )
    return ResponsePercentile(count, ms if count else None)
