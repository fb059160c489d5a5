"""One error: where it happens, its events to step through, and what is done about it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.chapters.errors import orders
from toban.chapters.errors.intake.intake import releases
from toban.chapters.errors.kept import by_hours, event_of
from toban.chapters.errors.models import ErrorGroup, StoredEvent
from toban.chapters.errors.report import keys
from toban.chapters.errors.searching.search import of_tag
from toban.design.calendar import days_from
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.models import Alert
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.people.models import Operator
from toban.engine.search_parts import term
from toban.faces.logs.choice import LogChoice, written
from toban.faces.web.changes.near import near
from toban.faces.web.charts import Chart
from toban.faces.web.document.today import midnight_of
from toban.faces.web.errors.trend import daily
from toban.faces.web.frame import frame, in_force, look
from toban.faces.words.errors import standing

_DAYS = 30
_HOUR = timedelta(hours=1)
_NEAR = timedelta(minutes=30)
"""How far from an event its log lines are looked for."""
_LONGEST_NUMBER = 18
_NEWEST_RELEASES = 50
_OPENED = 5
"""How many calls of libraries are opened if the application has none of its own."""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of source."""

    number: int
    text: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class ShownFrame:
    """A call of a stack, on the page."""

    place: str
    function: str
    is_own: bool
    is_open: bool
    lines: tuple[SourceLine, ...]
    variables: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ChainedException:
    """An exception of the chain, with its innermost call first."""

    kind: str
    value: str
    is_unhandled: bool
    calls: tuple[ShownFrame, ...]


@dataclass(frozen=True, slots=True)
class EventPosition:
    """The event's place among those that are kept; a neighbour is None if there is none."""

    place: int
    count: int
    newest: int | None
    newer: int | None
    older: int | None
    oldest: int | None


@require_http_methods(["GET", "HEAD", "POST"])
def error(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an error and one of its events, the newest or that of `?event=`. POST settles it."""
    group = ErrorGroup.objects.filter(pk=pk).first()
    if group is None:
        raise Http404
    if request.method == "POST":
        return _ordered(request, group)
    edition, now = in_force(), system_clock()
    zone = edition.bindings.system.zone
    stored = _stored(group, request.GET.get("event", ""))
    context = {
        **frame(look(edition, now), "errors"),
        "error": group,
        "standing": standing(group, now),
        "may": may_order(request.user),
        **_trend(group, edition, now),
        "stored": stored,
        "orders": _given(group),
        "alerts": Alert.objects.filter(key__in=keys(group)).order_by("-pk"),
        "releases": releases(group.project)[-_NEWEST_RELEASES:],
        "people": Operator.objects.filter(is_active=True)
        .order_by("username")
        .values_list("username", flat=True),
        "asks": request.GET.get("ask", ""),
    }
    if stored is not None:
        context |= _event(stored, zone) | {"steps": _steps(group, stored)}
    return render(request, "errors/error.html", context)


def _stored(group: ErrorGroup, asked: str) -> StoredEvent | None:
    events = group.events.order_by("-pk")
    if not asked:
        return events.first()
    is_number = asked.isascii() and asked.isdecimal() and len(asked) <= _LONGEST_NUMBER
    found = events.filter(pk=int(asked)).first() if is_number else None
    if found is None:
        raise Http404
    return found


def _steps(group: ErrorGroup, stored: StoredEvent) -> EventPosition:
    events = group.events.order_by("pk")
    newer, older = events.filter(pk__gt=stored.pk), events.filter(pk__lt=stored.pk)

    def number(found: StoredEvent | None) -> int | None:
        return found.pk if found is not None else None

    return EventPosition(
        newer.count() + 1,
        events.count(),
        number(newer.last()),
        number(newer.first()),
        number(older.last()),
        number(older.first()),
    )


def _event(stored: StoredEvent, zone: ZoneInfo) -> dict[str, object]:
    """Return what the page says about one event."""
    event: Mapping[str, Any] = event_of(stored)
    return {
        "event": event,
        "chain": [_chained(each) for each in reversed(event["raised"])] or list(_plain(event)),
        "crumbs": [_crumb(each) for each in event["crumbs"]],
        "tags": [(name, value, _searched(name, value)) for name, value in sorted(event["tags"].items())],
        "who": sorted(event["user"].items()),
        "asked": _pairs(event["request"]),
        "contexts": [
            (name, _pairs(each)) for name, each in event["contexts"].items() if isinstance(each, dict)
        ],
        "extra": _pairs(event["extra"]),
        "logs": list(_logs(event, stored.at, zone)),
    }


def _searched(name: str, value: str) -> str:
    """Return the query that finds every error with a tag; empty if there is none."""
    written = of_tag(name, value)
    return urlencode({"state": "all", "q": written}) if written else ""


def _plain(event: Mapping[str, Any]) -> Iterator[ChainedException]:
    """Yield the stack of a message, if it came with one."""
    if event["stack"]:
        yield _chained({"kind": _("スタック"), "value": "", "handled": None, "frames": event["stack"]})


def _chained(raised: Mapping[str, Any]) -> ChainedException:
    frames = list(reversed(raised["frames"]))
    has_own = any(frame["in_app"] for frame in frames)
    calls = tuple(
        _call(frame, is_open=frame["in_app"] or (not has_own and place < _OPENED))
        for place, frame in enumerate(frames)
    )
    return ChainedException(raised["kind"], raised["value"], raised["handled"] is False, calls)


def _call(frame: Mapping[str, Any], *, is_open: bool) -> ShownFrame:
    line, place = frame["line"], frame["file"] or frame["module"]
    before, after = frame["before"], frame["after"]
    texts = (*before, frame["source"], *after) if frame["source"] else before
    # If the line has no number, its neighbours have none either.
    first = line - len(before) if line else None
    lines = [
        SourceLine(first + at if first is not None else 0, text, is_current=at == len(before))
        for at, text in enumerate(texts)
    ]
    return ShownFrame(
        f"{place}:{line}" if line else place,
        frame["function"],
        frame["in_app"],
        is_open,
        tuple(lines),
        tuple(_pairs(frame["variables"])),
    )


def _crumb(crumb: Mapping[str, Any]) -> Mapping[str, object]:
    return {**crumb, "at": datetime.fromisoformat(crumb["at"]), "more": _pairs(crumb["more"])}


def _pairs(record: Mapping[str, object]) -> Sequence[tuple[str, str]]:
    """Return the members of *record* with their values as texts; what is empty is left out."""
    return [(name, _as_text(value)) for name, value in record.items() if value not in (None, "", {}, [])]


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def _logs(event: Mapping[str, Any], at: datetime, zone: ZoneInfo) -> Iterator[tuple[str, str, str]]:
    """Yield the searches for the log lines of the event's request and trace: field, value, and query."""
    around = LogChoice(begin=written(at - _NEAR, zone), end=written(at + _NEAR, zone))
    for name, field in (("request_id", "requestId"), ("trace_id", "traceId")):
        if event[name]:
            yield field, event[name], around.turned(q=term(field, event[name]))


def _days(group: ErrorGroup, now: datetime, zone: ZoneInfo) -> Chart:
    """Return how often it happened on each of the last days, in the document's zone."""
    today = now.astimezone(zone).date()
    days = list(days_from(today - timedelta(days=_DAYS - 1), _DAYS))
    start, end = midnight_of(days[0], zone), midnight_of(today + timedelta(days=1), zone)
    hours = by_hours([group.pk], start, end, _HOUR)[group.pk]
    counts = dict.fromkeys(days, 0)
    for place, count in enumerate(hours):
        counts[(start + place * _HOUR).astimezone(zone).date()] += count
    return daily(counts, zone)


def _trend(group: ErrorGroup, edition: Edition, now: datetime) -> dict[str, object]:
    """Return how often it happened, with what changed about its application."""
    drawn = _days(group, now, edition.bindings.system.zone)
    changes = near(edition, (group.project,), drawn.start, drawn.end)
    return {"chart": replace(drawn, marks=changes.marks), "near": changes}


def _given(group: ErrorGroup) -> QuerySet[LedgerEntry]:
    """Return the orders that people gave for it, the newest first."""
    audited = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.AUDIT, content__error=group.pk)
    return audited.order_by("-sequence")[:20]


def _ordered(request: HttpRequest, group: ErrorGroup) -> HttpResponse:
    """Give the order and go back to where it was given: the list, or the error's page."""
    if not may_order(request.user):
        raise PermissionDenied
    by, now = request.user.get_username(), system_clock()
    what = {"what": group.subject}
    try:
        match request.POST.get("act"):
            case "resolve":
                release = request.POST.get("release", "").strip()[:200]
                orders.resolve(group.pk, in_release=release, by=by, now=now)
                messages.success(request, _("「%(what)s」を解決済みにしました。") % what)
            case "ignore":
                orders.ignore(group.pk, by=by, now=now)
                said = _("「%(what)s」を無視します。件数は数えますが、通知しません。")
                messages.success(request, said % what)
            case "reopen":
                orders.reopen(group.pk, by=by, now=now)
                messages.success(request, _("「%(what)s」を未解決に戻しました。") % what)
            case "assign":
                to = orders.assign(group.pk, request.POST.get("to", ""), by=by, now=now).assignee
                messages.success(request, _("「%(what)s」の担当: %(to)s") % {**what, "to": to or "—"})
            case _:
                return HttpResponse(status=400)
    except NotPossible as wrong:
        messages.error(request, str(wrong.said))
    if "list" in request.POST:
        # Only a query, so that nobody is sent elsewhere; the row is selected again.
        return redirect(f"{reverse('errors')}?{request.POST['list']}#error-{group.pk}")
    return redirect("error", group.pk)
