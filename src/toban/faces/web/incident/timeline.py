"""The timeline of an incident page by page, one line with its edits, and exports."""

import json
from collections.abc import Mapping

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from toban.catalogue import active_language
from toban.chapters.incident.models import Incident, TimelineEntry
from toban.chapters.incident.timeline import amending, reading
from toban.chapters.incident.timeline import export as exported
from toban.chapters.incident.timeline.kinds import EntryKind
from toban.chapters.incident.timeline.reading import TimelinePlace, line_of, place_of
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.faces.values.incident import edits_of
from toban.faces.web import parts
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.incident.acting import time_typed
from toban.faces.words import verdicts as words

_CONFLICT = 409
_PER_PAGE = 50


@require_safe
def timeline(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the newest lines, or those before the place `?before=`, of one `?kind=` if it is given."""
    found, edition, now = _incident(pk), in_force(), system_clock()
    context = {
        "now": now,
        "zone": edition.bindings.system.zone,
        **newest(found, request.GET.get("before", ""), request.GET.get("kind", "")),
    }

    def around() -> Mapping[str, object]:
        return frame(look(edition, now), "incidents")

    return parts.answer(
        request, "incident/timeline/timeline.html", "incident/timeline/_lines.html", context, around
    )


def newest(incident: Incident, before: str = "", kind: str = "") -> Mapping[str, object]:
    """Return what the list of lines shows."""
    place = TimelinePlace.read(before) if before else None
    kinds = [each for each in EntryKind if each == kind]
    lines = reading.newest(incident, place, _PER_PAGE + 1, kinds=kinds)
    shown = lines[:_PER_PAGE]
    return {
        "incident": incident,
        "lines": shown,
        "older": str(place_of(shown[-1])) if len(lines) > _PER_PAGE else "",
        "before": str(place) if place is not None else "",
        "kind": str(kinds[0]) if kinds else "",
        "kinds": list(EntryKind),
    }


@require_safe
def export(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """Return the whole timeline as a file: `md` or `json`, in the reader's language."""
    del request
    found, language = _incident(pk), active_language()
    lines = reading.all_entries(found)
    match form:
        case "md":
            zone = in_force().bindings.system.zone
            text, kind = exported.markdown(found.title, lines, zone, language), "text/markdown"
        case "json":
            values = exported.as_json(lines, language)
            text, kind = json.dumps(values, ensure_ascii=False, indent=2), "application/json"
        case _:
            raise Http404
    answer = HttpResponse(text, f"{kind}; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="incident-{pk}-timeline.{form}"'
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def entry(request: HttpRequest, pk: int, entry: int) -> HttpResponse:
    """Show a line and what it said before; POST amends it (`act` is `amend`), hides it, or shows it again."""
    of_incident = TimelineEntry.objects.select_related("incident").filter(incident=_incident(pk))
    found = of_incident.filter(pk=entry).first()
    if found is None:
        raise Http404
    if request.method != "POST":
        return _entry_page(request, found)
    if not may_order(request.user):
        raise PermissionDenied
    by, now = request.user.get_username(), system_clock()
    try:
        match request.POST.get("act"):
            case "amend":
                text, at = request.POST.get("text", ""), time_typed(request.POST.get("when", ""))
                amending.amend(entry, text=text, at=at, by=by, now=now)
            case "hide":
                amending.hide(entry, by=by, now=now)
            case "show":
                amending.show(entry, by=by, now=now)
            case _:
                return HttpResponse(status=400)
    except NotPossible as exc:
        return _entry_page(request, found, refused=exc)
    messages.success(request, _("タイムラインを直しました。前の記述は残っています。"))
    return redirect(f"{reverse('incident', args=[pk])}#timeline")


def _entry_page(
    request: HttpRequest, found: TimelineEntry, *, refused: NotPossible | None = None
) -> HttpResponse:
    edition, now = in_force(), system_clock()
    context = {
        **frame(look(edition, now), "incidents"),
        "incident": found.incident,
        "line": line_of(found),
        "edits": edits_of(found),
        "may": may_order(request.user) and found.incident.merged_into_id is None,
        "refused": words.refused(refused) if refused else None,
        "typed": request.POST,
        "longest": amending.LONGEST_TEXT,
        "timezone": edition.bindings.system.timezone,
    }
    return render(request, "incident/timeline/entry.html", context, status=_CONFLICT if refused else 200)


def _incident(pk: int) -> Incident:
    found = Incident.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
