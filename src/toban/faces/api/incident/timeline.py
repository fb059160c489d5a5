"""The timelines of incidents by the API: read line by line, exported, written in and amended."""

import json
from typing import Any, Literal

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Query, Schema

from toban.catalogue import active_language
from toban.chapters.incident.models import Incident, TimelineEntry
from toban.chapters.incident.timeline import amending, export, reading
from toban.chapters.incident.timeline.amending import WantedLine
from toban.chapters.incident.timeline.kinds import EntryKind
from toban.chapters.incident.timeline.reading import TimelinePlace, place_of
from toban.faces.api import cursors
from toban.faces.api.acting import giver_of, ordered
from toban.faces.api.edition import edition_in_force
from toban.faces.api.incident.schemas import Words
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import Asked, IdempotencyKey, Moment, Number, Part, Said, Text, Turn
from toban.faces.values.incident import line_values, whole_line_values

router = ScopedRouter()
_READ, _ACT = "read:incidents", "act:incidents"
_TIMELINE = "/incidents/{incident_id}/timeline"


class ShownTimelineLine(Schema):
    """A line of a timeline."""

    line: int
    at: str
    kind: EntryKind
    said: Said
    by: str
    source: str
    """What it was gathered from, or the message that it came with."""
    url: str
    is_amended: bool
    is_hidden: bool
    """Whether exports and reports leave it out."""


class ShownTimelineEdit(Schema):
    """What a line said before somebody amended it."""

    at: str
    """When it was amended."""
    by: str
    said: Said
    happened_at: str
    was_hidden: bool


class ShownTimelineEntry(ShownTimelineLine):
    """A line with what it said before."""

    incident: int
    edits: list[ShownTimelineEdit]
    """The newest first."""


class WantedTimelineLine(Asked):
    """A line that is added."""

    text: Words
    at: Moment | None = None
    """When it was; null: now."""
    source: Text = ""
    """The id of a chat message: a line with the same one is added once."""
    url: Text = ""
    """Of that message."""


class WantedAmendment(Asked):
    """What a line says from now on; null: as before."""

    text: Words | None = None
    at: Moment | None = None


@router.read(_TIMELINE, _READ, Part[ShownTimelineLine])
def listed(
    request: HttpRequest, incident_id: Number, turn: Query[Turn], kind: EntryKind | None = None
) -> Any:
    """List the lines of a timeline, the newest first."""
    written = cursors.position(request, turn)
    before = TimelinePlace.read(written) if written is not None else None
    kinds = [kind] if kind is not None else []
    lines = reading.newest(_incident(incident_id), before, turn.limit + 1, kinds=kinds)
    return cursors.part(request, turn, lines, line_values, lambda line: str(place_of(line)))


@router.file(f"{_TIMELINE}/file", _READ, ("text/markdown", "application/json"))
def file(request: HttpRequest, incident_id: Number, form: Literal["md", "json"] = "md") -> Any:
    """Return the whole timeline as a file, in the order of the times. Hidden lines are left out."""
    del request
    incident, language = _incident(incident_id), active_language()
    lines = reading.all_entries(incident)
    if form == "json":
        values = export.as_json(lines, language)
        text, kind = json.dumps(values, ensure_ascii=False, indent=2), "application/json"
    else:
        zone = edition_in_force().bindings.system.zone
        text, kind = export.markdown(incident.title, lines, zone, language), "text/markdown; charset=utf-8"
    named = f'attachment; filename="incident-{incident_id}-timeline.{form}"'
    return HttpResponse(text, kind, headers={"Content-Disposition": named})


@router.read(_TIMELINE + "/{line_id}", _READ, ShownTimelineEntry)
def one(request: HttpRequest, incident_id: Number, line_id: Number) -> Any:
    """Return a line with what it said before."""
    del request
    return whole_line_values(_entry(incident_id, line_id))


@router.act(_TIMELINE, _ACT, ShownTimelineEntry, status=201)
def add(request: HttpRequest, incident_id: Number, wanted: WantedTimelineLine, key: IdempotencyKey) -> Any:
    """Add a line."""
    maker = giver_of(request).token_maker
    line = WantedLine(**wanted.dict())
    return ordered(
        request,
        key,
        lambda by, now: whole_line_values(amending.add(incident_id, line, by=by, now=now, token_maker=maker)),
    )


@router.act(_TIMELINE + "/{line_id}/amend", _ACT, ShownTimelineEntry)
def amend(
    request: HttpRequest, incident_id: Number, line_id: Number, wanted: WantedAmendment, key: IdempotencyKey
) -> Any:
    """Give a line another text or time. What stood there before stays with it."""
    maker = giver_of(request).token_maker
    line = _entry(incident_id, line_id).pk
    return ordered(
        request,
        key,
        lambda by, now: whole_line_values(
            amending.amend(line, **wanted.dict(), by=by, now=now, token_maker=maker)
        ),
    )


@router.act(_TIMELINE + "/{line_id}/hide", _ACT, ShownTimelineEntry)
def hide(request: HttpRequest, incident_id: Number, line_id: Number, key: IdempotencyKey) -> Any:
    """Leave a line out of exports and reports. It stays on the timeline."""
    maker = giver_of(request).token_maker
    line = _entry(incident_id, line_id).pk
    return ordered(
        request,
        key,
        lambda by, now: whole_line_values(amending.hide(line, by=by, now=now, token_maker=maker)),
    )


@router.act(_TIMELINE + "/{line_id}/show", _ACT, ShownTimelineEntry)
def show(request: HttpRequest, incident_id: Number, line_id: Number, key: IdempotencyKey) -> Any:
    """Show a hidden line again."""
    maker = giver_of(request).token_maker
    line = _entry(incident_id, line_id).pk
    return ordered(
        request,
        key,
        lambda by, now: whole_line_values(amending.show(line, by=by, now=now, token_maker=maker)),
    )


def _incident(number: int) -> Incident:
    found = Incident.objects.filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def _entry(incident: int, number: int) -> TimelineEntry:
    found = TimelineEntry.objects.filter(pk=number, incident=incident).first()
    if found is None:
        raise Http404
    return found
