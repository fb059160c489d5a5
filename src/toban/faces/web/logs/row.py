"""One row of a log: all its fields, the rows of the same request, and those around it in time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.search_parts import BadSearch, Match, SearchTerm, term
from toban.engine.telemetry.logs.language import read_search
from toban.engine.telemetry.logs.search import FoundRow, LogSearch, LogTerm, RowPosition, TimeSpan
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.spans.search import TRACE_ID
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.faces.logs.choice import LogChoice, choice, place_in, written
from toban.faces.logs.rows import shown
from toban.faces.web.frame import frame, in_force, look
from toban.faces.words.logs import as_record

_BESIDE = 10
"""Rows before and after the one that is shown."""

_OF_REQUEST = 200
_REQUEST_SPAN = timedelta(hours=6)
"""How far from a row others of its request are looked for."""
_NEAR = timedelta(minutes=10)
"""How far from a row others of its service are looked for."""

_UNLOOKED = frozenset(("timestamp", "message", "durationMs"))


@dataclass(frozen=True, slots=True)
class RowField:
    """A field of the row."""

    name: str
    value: str
    query: str
    """The query for rows with the same value; empty for a value that can't be searched for."""
    trace: str = ""
    """The trace that it names; empty if it names none."""

    @property
    def is_long(self) -> bool:
        """Whether it has several lines, as a stack trace has."""
        return "\n" in self.value


@require_safe
def log_row(request: HttpRequest, place: str) -> HttpResponse:
    """Show the row at *place*; the rest of the address leads back to the list it was found in."""
    edition, now = in_force(), system_clock()
    where = place_in(place)
    if where is None:
        raise Http404
    context: dict[str, object] = {"query": choice(request.GET.dict()).query}
    try:
        context |= _row(where, edition)
    except (StoreUnavailable, StoreRefused):
        context["trouble"] = True
    context |= frame(look(edition, now), "logs")
    return render(request, "logs/row.html", context)


def _row(where: RowPosition, edition: Edition) -> Mapping[str, object]:
    store, zone = LogSearch(telemetry()), edition.bindings.system.zone
    found = store.at(where)
    if found is None:
        raise Http404
    near = TimeSpan(found.at - _NEAR, found.at + _NEAR)
    of_service: tuple[LogTerm, ...] = (
        (SearchTerm("service", Match.WHOLE, found.service),) if found.service else ()
    )
    newer = store.oldest(of_service, near, limit=_BESIDE, after=where)[::-1]
    older = store.newest(of_service, near, limit=_BESIDE, before=where)
    return {
        "found": next(shown((found,), zone)),
        "fields": list(_fields(found, zone)),
        "of_request": list(shown(_of_request(store, found), zone)),
        "beside": list(shown((*newer, found, *older), zone)),
        "all_beside": _around(found, _NEAR, zone).query,
    }


def _of_request(store: LogSearch, found: FoundRow) -> Sequence[FoundRow]:
    """Return what other kinds and services wrote of the same request, the oldest first."""
    if not found.request_id:
        return ()
    span = TimeSpan(found.at - _REQUEST_SPAN, found.at + _REQUEST_SPAN)
    return store.oldest((SearchTerm("request_id", Match.WHOLE, found.request_id),), span, limit=_OF_REQUEST)


def _around(found: FoundRow, margin: timedelta, zone: ZoneInfo) -> LogChoice:
    return LogChoice(begin=written(found.at - margin, zone), end=written(found.at + margin, zone))


def _fields(found: FoundRow, zone: ZoneInfo) -> Iterator[RowField]:
    around = _around(found, _REQUEST_SPAN, zone)
    for name, value in _flat(as_record(replace(found, at=found.at.astimezone(zone)))):
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        part = "" if name in _UNLOOKED else term(name, text)
        leads = around.turned(q=part) if part and _can_be_read(part) else ""
        is_trace = name == "traceId" and TRACE_ID.fullmatch(text)
        yield RowField(name, text, leads, text.lower() if is_trace else "")


def _flat(record: Mapping[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    """Yield every field by the name that searches use: `cart.items`."""
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _can_be_read(part: str) -> bool:
    try:
        read_search(part)
    except BadSearch:
        return False
    return True
