"""One trace: its spans as a waterfall, what each of them holds, and the log rows that belong to it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.chapters.errors.models import StoredEvent
from toban.chapters.logs.spans.waterfall import Waterfall, WaterfallLine, waterfall
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.search_parts import Match, SearchTerm, term
from toban.engine.telemetry import row_binary
from toban.engine.telemetry.logs.search import FoundRow, LogSearch, TimeSpan
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.spans.search import TRACE_ID, FoundSpan, SpanDetails, SpanSearch
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.faces.logs.choice import LogChoice, written
from toban.faces.logs.rows import shown
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.parts import is_fragment
from toban.faces.words import traces as trace_words

MOST = 500
"""Spans that are drawn: with more, nobody could tell one from the next. The terminal shows all."""

_MOST_ROWS = 100
_MOST_REQUESTS = 5
_MOST_ERRORS = 20
_BESIDE = timedelta(minutes=10)
"""How far from a trace its log rows are looked for: queued work writes later."""

_MILLISECOND = 1_000_000
_BAR = 1000
_COLOURS = 8
_MISSING = 404
_LONG = 200
"""A value longer than this many characters gets a block of its own."""


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A span of the waterfall. Bars are in SVG units."""

    line: WaterfallLine
    steps: range
    """One for each step by which its name is indented."""
    colour: int
    begins: str
    """How long after the trace it began."""
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class SpanAttribute:
    """An attribute."""

    name: str
    value: str
    is_long: bool


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """Something that happened within a span."""

    name: str
    after: str
    """How long after the span's start."""
    fields: tuple[SpanAttribute, ...]


@require_safe
def trace(request: HttpRequest, trace_id: str) -> HttpResponse:
    """Show a trace; if nothing of it is stored, say so and link to its logs."""
    edition, now = in_force(), system_clock()
    context: dict[str, object] = {"trace_id": _known(trace_id), "errors": _errors(trace_id)}
    status = 200
    try:
        spans = SpanSearch(telemetry()).trace(trace_id, limit=MOST + 1)
        context["logs_query"] = LogChoice(q=term("traceId", trace_id), last="90d").query
        if spans:
            context |= _drawn(trace_id, spans, edition)
        else:
            status = _MISSING
    except (StoreUnavailable, StoreRefused):
        context["trouble"] = True
    context |= frame(look(edition, now), "traces")
    return render(request, "logs/traces/trace.html", context, status=status)


@require_safe
def span(request: HttpRequest, trace_id: str, span_id: str) -> HttpResponse:
    """Show all that one span holds: as a part of its trace's page, or as a page of its own."""
    edition, now = in_force(), system_clock()
    context: dict[str, object] = {"trace_id": _known(trace_id), "span_id": span_id}
    try:
        found = SpanSearch(telemetry()).details(trace_id, span_id)
        if found is None:
            raise Http404
        context |= _details(found, edition.bindings.system.zone)
    except (StoreUnavailable, StoreRefused):
        context["trouble"] = True
    if is_fragment(request):
        return render(request, "logs/traces/_span.html", context)
    return render(request, "logs/traces/span.html", {**frame(look(edition, now), "traces"), **context})


def _known(trace_id: str) -> str:
    if not TRACE_ID.fullmatch(trace_id) or trace_id != trace_id.lower():
        raise Http404
    return trace_id


def _drawn(trace_id: str, spans: Sequence[FoundSpan], edition: Edition) -> Mapping[str, object]:
    drawn, zone = waterfall(spans[:MOST]), edition.bindings.system.zone
    colours = {service: number % _COLOURS for number, service in enumerate(drawn.services)}
    around = TimeSpan(
        row_binary.moment(drawn.start_ns // _MILLISECOND) - _BESIDE,
        row_binary.moment((drawn.start_ns + drawn.duration_ns) // _MILLISECOND) + _BESIDE,
    )
    requests = list(dict.fromkeys(each.request_id for each in spans if each.request_id))[:_MOST_REQUESTS]
    stretch = LogChoice(begin=written(around.start, zone), end=written(around.end, zone))
    local = drawn.first.at.astimezone(zone)
    return {
        "drawn": drawn,
        "length": trace_words.length(drawn.duration_ns),
        "clock": f"{local.year}/{local.month}/{local.day} {local:%H:%M:%S}",
        "lines": list(_lines(drawn, colours)),
        "services": list(colours.items()),
        "is_cut": len(spans) > MOST,
        "most": MOST,
        "rows": list(shown(_rows(trace_id, requests, around), zone)),
        "logs_query": stretch.turned(q=term("traceId", trace_id)),
        "requests": [(each, stretch.turned(q=term("requestId", each))) for each in requests],
    }


def _errors(trace_id: str) -> QuerySet[StoredEvent]:
    """Return the errors that were reported for the trace, the oldest first."""
    reported = StoredEvent.objects.filter(trace_id=trace_id).select_related("group").defer("content")
    return reported.order_by("pk")[:_MOST_ERRORS]


def _lines(drawn: Waterfall, colours: Mapping[str, int]) -> Iterator[ShownLine]:
    for line in drawn.lines:
        x = min(round(line.offset * _BAR), _BAR - 2)
        yield ShownLine(
            line=line,
            steps=range(trace_words.step(line.depth)),
            colour=colours[line.span.service],
            begins=trace_words.length(line.span.start_ns - drawn.start_ns),
            x=x,
            width=max(min(round(line.share * _BAR), _BAR - x), 2),
        )


def _rows(trace_id: str, requests: Sequence[str], around: TimeSpan) -> Sequence[FoundRow]:
    """Return the rows of the trace and of its requests, the oldest first."""
    store = LogSearch(telemetry())
    wanted = [("trace_id", trace_id), *(("request_id", each) for each in requests)]
    terms = [SearchTerm(column, Match.WHOLE, value) for column, value in wanted]
    found = {row.place: row for each in terms for row in store.oldest((each,), around, limit=_MOST_ROWS)}
    return [found[place] for place in sorted(found)][:_MOST_ROWS]


def _details(found: SpanDetails, zone: ZoneInfo) -> Mapping[str, object]:
    local = found.span.at.astimezone(zone)
    near = LogChoice(begin=written(found.span.at - _BESIDE, zone), end=written(found.span.at + _BESIDE, zone))
    return {
        "span": found.span,
        "clock": f"{local.year}/{local.month}/{local.day} {local:%H:%M:%S}.{local.microsecond // 1000:03}",
        "length": trace_words.length(found.span.duration_ns),
        "attributes": list(_fields(found.attributes)),
        "resource": list(_fields(found.resource)),
        "events": [
            SpanEvent(
                str(each["name"]),
                trace_words.length(max(int(each["at"]) - found.span.start_ns, 0)),
                tuple(_fields(each["attributes"])),
            )
            for each in found.events
        ],
        "links": [
            (each["traceId"], each["spanId"], list(_fields(each["attributes"])))
            for each in found.links
            if each["traceId"]
        ],
        "logs_query": near.turned(q=term("spanId", found.span.span_id)),
    }


def _fields(attributes: Mapping[str, Any]) -> Iterator[SpanAttribute]:
    for name, value in attributes.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield SpanAttribute(name, text, len(text) > _LONG or "\n" in text)
