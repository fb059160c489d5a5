"""The document as a whole by the API: its status, its rows, its calendar."""

from datetime import date, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from django.conf import settings
from django.http import Http404, HttpRequest
from ninja import Query, Schema
from pydantic import Field

from toban.engine.calendar.agenda import agenda
from toban.engine.clock import system_clock
from toban.engine.evidence.verdict import Verdict
from toban.engine.tasks.lists import schedules_of_people
from toban.faces.api import cursors
from toban.faces.api.edition import edition_in_force
from toban.faces.api.problems import Problem
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import Part, Said, Text, Turn
from toban.faces.values.calendar import day_values
from toban.faces.values.glance import Glance, GlanceRow, glance_values, look, row_values
from toban.message import Message

router = ScopedRouter()

_LONGEST = timedelta(days=366)
_USUAL = timedelta(days=30)
type Day = Annotated[date, Field(json_schema_extra={"pattern": "^2[01]"}, examples=["2026-11-25"])]
_YEARS = range(2000, 2199)


class ShownStatus(Schema):
    """What the first screen shows."""

    document: str
    digest: str
    observed_at: str | None
    refusal: Said | None
    is_waiting: bool
    wrong_clocks: list[dict[str, Any]]
    nodes: list[dict[str, Any]]
    node_findings: list[dict[str, Any]]
    figures: list[dict[str, Any]]
    overview: dict[str, Any]
    chapters: list[dict[str, Any]]


class ShownRow(Schema):
    """A row of the document, and its status."""

    id: str
    line: int
    text: str
    verdict: Verdict
    value: Said
    reason: Said
    since: str | None
    observed_at: str | None
    next_due: str | None
    exceptions: list[dict[str, Any]]
    """What people allow for a time; it changes no verdict."""


class ShownAgendaDay(Schema):
    """A day of the calendar."""

    date: str
    business_day: bool
    holiday: Said | None
    entries: list[dict[str, Any]]


class ShownCalendar(Schema):
    """A stretch of the calendar."""

    days: list[ShownAgendaDay]
    constant: list[dict[str, Any]]
    """Rows that repeat within each day."""


@router.read("/status", "read:status", ShownStatus)
def status(request: HttpRequest) -> Any:
    """Return what the first screen shows: figures, firing rows, tasks of today, chapters."""
    del request
    return {name: value for name, value in glance_values(_seen()).items() if name != "rows"}


@router.read("/rows", "read:status", Part[ShownRow])
def rows(request: HttpRequest, turn: Query[Turn], verdict: Verdict | None = None, chapter: Text = "") -> Any:
    """List the rows in the document's order; of one verdict, or of chapters whose heading contains words."""
    after = cursors.position(request, turn)
    found = [
        row
        for row in sorted(_seen().only(chapter).rows, key=_place)
        if verdict in (None, Verdict(row.live.verdict)) and (after is None or _place(row) > after)
    ]
    return cursors.part(request, turn, found[: turn.limit + 1], row_values, _place)


@router.read("/rows/{path:clause_id}", "read:status", ShownRow)
def row(request: HttpRequest, clause_id: str) -> Any:
    """Return one row by its id."""
    del request
    found = next((each for each in _seen().rows if each.clause.id == clause_id), None)
    if found is None:
        raise Http404
    return row_values(found)


@router.read("/calendar", "read:calendar", ShownCalendar)
def calendar(request: HttpRequest, first: Day | None = None, last: Day | None = None) -> Any:
    """Return what the document puts on which day: from today for 30 days, unless told otherwise."""
    del request
    edition = edition_in_force()
    system = edition.bindings.system
    begin = first or system_clock().astimezone(system.zone).date()
    end = last or begin + _USUAL
    if begin.year not in _YEARS or not begin <= end <= begin + _LONGEST:
        raise Problem("invalid", HTTPStatus.UNPROCESSABLE_ENTITY, Message("api.calendar-out-of-range"))
    schedules = schedules_of_people(edition, settings.PARTS)
    found = agenda(edition.design, system, begin, end, schedules)
    constant = [{"clause": clause.id, "at": str(clause.origin)} for clause in found.constant]
    return {"days": [day_values(day) for day in found.days], "constant": constant}


def _seen() -> Glance:
    return look(edition_in_force(), settings.PARTS.operations, system_clock())


def _place(row: GlanceRow) -> list[Any]:
    return [row.clause.origin.line, row.clause.id]
