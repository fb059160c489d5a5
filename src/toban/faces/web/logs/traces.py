"""Traces: how long each service's routes take, and which traces there are."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from toban.engine.clock import system_clock
from toban.engine.search_parts import BadSearch
from toban.engine.telemetry.logs.search import TimeSpan
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.spans.search import TRACE_ID, RouteFigures, SpanSearch, TracePlace, TraceSummary
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.faces.logs.choice import LENGTHS, span_of
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.logs.trace_choice import TraceChoice, span_terms, trace_choice
from toban.faces.words.traces import route_title
from toban.faces.words.verdicts import length

PER_PAGE = 50
MOST_ROUTES = 300
MOST_SERVICES = 200
_WRONG = 400
MILLISECOND = 1_000_000
_BAR = 1000

ORDERS: Mapping[str, tuple[Promise | str, Callable[[RouteFigures], float]]] = {
    "count": (gettext_lazy("件数"), lambda route: route.count),
    "failed": (gettext_lazy("エラー率"), lambda route: route.failed / route.count),
    "p50": (gettext_lazy("中央値"), lambda route: route.p50_ms),
    "p95": ("95%", lambda route: route.p95_ms),
    "p99": ("99%", lambda route: route.p99_ms),
}
"""What the routes can be sorted by, the greatest first."""

_USUAL = "p95"

_PLACE = re.compile(r"(?P<start>[0-9]{1,19})-(?P<trace>[0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class TracePeriodOption:
    """A stretch up to now that may be chosen."""

    word: str
    query: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ShownRoute:
    """A route in the list. Lengths are in nanoseconds, bars in SVG units."""

    route: RouteFigures
    title: str
    per_minute: str
    failed_share: str
    p50: float
    p95: float
    p99: float
    bar: int
    """Its 95th percentile, relative to the highest of the list."""
    query: str
    """The query for its traces."""
    failed_query: str


@dataclass(frozen=True, slots=True)
class ShownTrace:
    """A trace in the list."""

    trace: TraceSummary
    day: str
    clock: str
    bar: int
    """Its length, relative to the longest of the list, in SVG units."""


@require_safe
def routes(request: HttpRequest) -> HttpResponse:
    """Show the routes of `?service=`, or of all, within `?last=`, or from `?from=` to `?to=`, by `?sort=`."""
    order = request.GET.get("sort", _USUAL)
    order = order if order in ORDERS else _USUAL

    def found(chosen: TraceChoice, within: TimeSpan) -> Mapping[str, Any]:
        store = _store()
        rows = store.routes(within, service=chosen.service, limit=MOST_ROUTES)
        rows.sort(key=ORDERS[order][1], reverse=True)
        return {
            "services": store.services(within, limit=MOST_SERVICES),
            "rows": list(_shown_routes(rows, chosen, within)),
            "is_cut": len(rows) == MOST_ROUTES,
            "orders": [
                (word, chosen.turned(sort=name), name == order) for name, (word, _key) in ORDERS.items()
            ],
        }

    return _page(request, "logs/traces/routes.html", found)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show the traces that have a span as the address asks; `?trace=` leads to that one.

    `?before=` shows those older than a place of the list.
    """
    wanted = request.GET.get("trace", "").strip()
    if TRACE_ID.fullmatch(wanted):
        return redirect("trace", wanted.lower())
    before = _place_in(request.GET.get("before", ""))

    def found(chosen: TraceChoice, within: TimeSpan) -> Mapping[str, Any]:
        store, zone = _store(), in_force().bindings.system.zone
        traces = store.newest(span_terms(chosen), within, limit=PER_PAGE + 1, before=before)
        rows = traces[:PER_PAGE]
        older = chosen.turned(before=_place_text(rows[-1].place)) if len(traces) > PER_PAGE else ""
        return {
            "services": store.services(within, limit=MOST_SERVICES),
            "rows": list(_shown_traces(rows, zone)),
            "older": older,
            "is_first": before is None,
        }

    context = {"unknown_trace": wanted} if wanted else {}
    return _page(request, "logs/traces/search.html", found, **context)


def _page(
    request: HttpRequest,
    template: str,
    found: Callable[[TraceChoice, TimeSpan], Mapping[str, Any]],
    **context: object,
) -> HttpResponse:
    edition, now = in_force(), system_clock()
    chosen = trace_choice(request.GET.dict())
    context |= {"choice": chosen, "query": chosen.query, "lengths": list(lengths_of(chosen))}
    status = 200
    try:
        context |= found(chosen, span_of(chosen.time, edition.bindings.system.zone, now))
    except BadSearch as wrong:
        context["wrong"], status = str(wrong.said), _WRONG
    except (StoreUnavailable, StoreRefused):
        context["trouble"] = True
    return render(request, template, {**context, **frame(look(edition, now), "traces")}, status=status)


def _place_text(place: TracePlace) -> str:
    return f"{place.start_ns}-{place.trace_id}"


def _place_in(written: str) -> TracePlace | None:
    match = _PLACE.fullmatch(written)
    return TracePlace(int(match["start"]), match["trace"]) if match else None


def _store() -> SpanSearch:
    return SpanSearch(telemetry())


def lengths_of(chosen: TraceChoice) -> Iterator[TracePeriodOption]:
    """Yield the stretches up to now, each with the query that chooses it."""
    time = chosen.time
    is_typed = bool(time.begin or time.end)
    for name, each in LENGTHS.items():
        query = chosen.turned(**{"last": name, "from": "", "to": ""})
        yield TracePeriodOption(length(each), query, not is_typed and time.last == name)


def _shown_routes(
    rows: Sequence[RouteFigures], chosen: TraceChoice, within: TimeSpan
) -> Iterator[ShownRoute]:
    minutes = (within.end - within.start).total_seconds() / 60
    highest = max((row.p95_ms for row in rows), default=0.0)
    for row in rows:
        of_route = {"service": row.service, "method": row.method, "route": row.endpoint}
        yield ShownRoute(
            route=row,
            title=route_title(row),
            per_minute=f"{row.count / minutes:,.2f}",
            failed_share=f"{row.failed / row.count:.1%}",
            p50=row.p50_ms * MILLISECOND,
            p95=row.p95_ms * MILLISECOND,
            p99=row.p99_ms * MILLISECOND,
            bar=bar(row.p95_ms, highest),
            query=chosen.turned(**of_route),
            failed_query=chosen.turned(**of_route, status="error"),
        )


def _shown_traces(rows: Sequence[TraceSummary], zone: ZoneInfo) -> Iterator[ShownTrace]:
    longest = max((row.duration_ns for row in rows), default=0)
    for row in rows:
        local = row.at.astimezone(zone)
        yield ShownTrace(
            trace=row,
            day=f"{local.year}/{local.month}/{local.day}",
            clock=f"{local:%H:%M:%S}.{local.microsecond // 1000:03}",
            bar=bar(row.duration_ns, longest),
        )


def bar(value: float, highest: float) -> int:
    """Return how long the bar of *value* is, in SVG units."""
    return max(round(value / highest * _BAR), 2) if highest else 2
