"""What access logs say of a service's requests."""

from dataclasses import dataclass
from datetime import timedelta

from toban.engine.telemetry.logs.search import Span
from toban.engine.telemetry.store import Telemetry

_FAILED = 500
_A_DAY = timedelta(days=1)
"""A day of the logs is the document's, a day of the engine that of UTC: they are at most one apart."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """The requests of a service in a stretch of time."""

    count: int
    failed: int
    """Those answered by 500 or more."""
    mean_ms: float | None
    """Mean time of an answer; None where no line says how long it took."""


def traffic(telemetry: Telemetry, service: str, span: Span, *, route: str = "") -> Traffic:
    """Return the requests of *service* within *span*, those of routes beginning with *route*.

    Raises `StoreUnavailable`.
    """
    telemetry.ensure_schema()
    rows = telemetry.ask(
        """SELECT count(), countIf(status >= {failed:UInt16}), avgOrNullIf(duration_ms, duration_ms > 0)
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
