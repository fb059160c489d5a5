"""Access logs by route: how many requests, how many errors, how long they took."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.engine.clock import system_clock
from toban.engine.search_parts import BadSearch, term
from toban.engine.telemetry.logs.language import FIELDS, read_search
from toban.engine.telemetry.logs.search import LogSearch, TimeSpan
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.requests import LoggedRoute, RouteOrder, logged_routes
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.faces.logs.choice import span_of
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.logs.trace_choice import TraceChoice, trace_choice
from toban.faces.web.logs.traces import (
    MILLISECOND,
    MOST_ROUTES,
    MOST_SERVICES,
    ORDERS,
    bar,
    lengths_of,
)
from toban.faces.words.traces import route_title

_WRONG = 400
_ACCESS = term("kind", "access")


@dataclass(frozen=True, slots=True)
class ShownLoggedRoute:
    """A route in the list. Lengths are in nanoseconds, None if no line has one; bars in SVG units."""

    route: LoggedRoute
    title: str
    per_minute: str
    failed_share: str
    p50: float | None
    p95: float | None
    p99: float | None
    bar: int
    """Its 95th percentile, relative to the highest of the list."""
    query: str
    """The query for its lines."""
    failed_query: str
    slow_query: str
    """The query for its lines from the 95th percentile on; empty if there is none."""


@require_safe
def routes(request: HttpRequest) -> HttpResponse:
    """Show the routes of `?service=`, or of all, within `?last=`, or from `?from=` to `?to=`, by `?sort=`."""
    edition, now = in_force(), system_clock()
    chosen = trace_choice(request.GET.dict())
    context: dict[str, Any] = {
        "choice": chosen,
        "query": chosen.time.turned(q=_ACCESS),
        "lengths": list(lengths_of(chosen)),
    }
    status = 200
    try:
        within = span_of(chosen.time, edition.bindings.system.zone, now)
        context |= _found(chosen, within, _order(request.GET.get("sort", "")))
    except BadSearch as wrong:
        context["wrong"], status = str(wrong.said), _WRONG
    except (StoreUnavailable, StoreRefused):
        context["trouble"] = True
    return render(
        request, "logs/routes.html", {**context, **frame(look(edition, now), "logs")}, status=status
    )


def _order(written: str) -> RouteOrder:
    return RouteOrder(written) if written in RouteOrder else RouteOrder.P95


def _found(chosen: TraceChoice, within: TimeSpan, order: RouteOrder) -> Mapping[str, Any]:
    store = telemetry()
    rows = logged_routes(store, within, service=chosen.service, order=order, limit=MOST_ROUTES)
    services = LogSearch(store).values(
        FIELDS["service"], read_search(_ACCESS).terms, within, limit=MOST_SERVICES
    )
    return {
        "services": sorted(name for name, _count in services),
        "rows": list(_shown(rows, chosen, within)),
        "is_cut": len(rows) == MOST_ROUTES,
        "orders": [(ORDERS[each][0], chosen.turned(sort=each), each is order) for each in RouteOrder],
    }


def _shown(rows: Sequence[LoggedRoute], chosen: TraceChoice, within: TimeSpan) -> Iterator[ShownLoggedRoute]:
    minutes = (within.end - within.start).total_seconds() / 60
    highest = max((row.p95_ms or 0.0 for row in rows), default=0.0)
    for row in rows:
        of_route = (
            *(_ACCESS, term("service", row.service), term("method", row.method)),
            *(term("route", row.endpoint), "status:>0"),
        )

        def narrowed(*parts: str, of_route: Sequence[str] = of_route) -> str:
            return chosen.time.turned(q=" ".join((*of_route, *parts)))

        yield ShownLoggedRoute(
            route=row,
            title=route_title(row),
            per_minute=f"{row.count / minutes:,.2f}",
            failed_share=f"{row.failed / row.count:.1%}",
            p50=_nanoseconds(row.p50_ms),
            p95=_nanoseconds(row.p95_ms),
            p99=_nanoseconds(row.p99_ms),
            bar=bar(row.p95_ms or 0.0, highest),
            query=narrowed(),
            failed_query=narrowed("status:>=500"),
            # Rounded down: the request at the percentile itself is one of them.
            slow_query="" if row.p95_ms is None else narrowed(f"durationMs:>={int(row.p95_ms)}"),
        )


def _nanoseconds(ms: float | None) -> float | None:
    return None if ms is None else ms * MILLISECOND
