"""Measures against a recurrence by the API: listed with what proves them, recorded, changed, withdrawn."""

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Query, Schema
from pydantic import BeforeValidator

from toban.chapters.incident.measures import orders
from toban.chapters.incident.measures.orders import WantedMeasure, wanted_of
from toban.chapters.incident.measures.rules import MeasureState
from toban.chapters.incident.models import Incident, PreventionMeasure
from toban.engine.clock import system_clock
from toban.faces.api import cursors
from toban.faces.api.acting import giver_of, ordered
from toban.faces.api.edition import edition_in_force
from toban.faces.api.incident.schemas import Account, Words
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import Asked, IdempotencyKey, Number, Part, Said, Text, Turn, Why
from toban.faces.values.incident import measure_values, today_of


def _written(day: object) -> object:
    if isinstance(day, int | float):
        raise ValueError("a day is written as 2026-12-20")  # noqa: TRY004 - pydantic's own
    return day


# No `type`: two schemas of the API would have one name.
_Day = Annotated[date, BeforeValidator(_written)]
"""A day in ISO form; a number would be read as seconds."""

router = ScopedRouter()
_READ, _ACT = "read:incidents", "act:incidents"
_MEASURES = "/incidents/{incident_id}/measures"


class ShownPreventionMeasure(Schema):
    """A measure against a recurrence."""

    measure: int
    incident: int
    words: str
    """What is done."""
    kind: PreventionMeasure.Kind
    """What proves that it is done."""
    reference: str
    owner: str
    due_on: str
    state: MeasureState
    proof: Said
    """What shows that it is done, or what is still missing."""
    kept_at: str | None
    recorded_at: str
    recorded_by: str
    withdrawn_at: str | None
    withdrawn_by: str
    withdrawn_because: str


class WantedPreventionMeasure(Asked):
    """A measure that is recorded."""

    words: Words
    kind: PreventionMeasure.Kind
    reference: Text
    """The commit, version or address; the row's id; the work's key; the exception's number."""
    owner: Account
    """A name in `[people]`, or a role of the document."""
    due_on: _Day


class WantedMeasureChange(Asked):
    """What of a measure changes; null leaves it as it is."""

    words: Words | None = None
    kind: PreventionMeasure.Kind | None = None
    reference: Text | None = None
    owner: Account | None = None
    due_on: _Day | None = None


@router.read(_MEASURES, _READ, Part[ShownPreventionMeasure])
def listed(request: HttpRequest, incident_id: Number, turn: Query[Turn]) -> Any:
    """List the measures of an incident, the newest first."""
    if not Incident.objects.filter(pk=incident_id).exists():
        raise Http404
    today = today_of(edition_in_force(), system_clock())
    found = PreventionMeasure.objects.filter(incident=incident_id)
    return cursors.newest(request, turn, found, lambda each: measure_values(each, today))


@router.act(_MEASURES, _ACT, ShownPreventionMeasure, status=201)
def record(
    request: HttpRequest, incident_id: Number, wanted: WantedPreventionMeasure, key: IdempotencyKey
) -> Any:
    """Record a measure against a recurrence."""
    maker = giver_of(request).token_maker
    edition, measure = edition_in_force(), WantedMeasure(**wanted.dict())
    return ordered(
        request,
        key,
        lambda by, now: measure_values(
            orders.record(incident_id, measure, by=by, edition=edition, now=now, token_maker=maker),
            today_of(edition, now),
        ),
    )


@router.act(_MEASURES + "/{measure_id}/change", _ACT, ShownPreventionMeasure)
def change(
    request: HttpRequest,
    incident_id: Number,
    measure_id: Number,
    wanted: WantedMeasureChange,
    key: IdempotencyKey,
) -> Any:
    """Change a measure. Another kind or reference is proven anew."""
    maker = giver_of(request).token_maker
    edition = edition_in_force()

    def changed(by: str, now: datetime) -> dict[str, object]:
        # Read while the ledger is held: two who change different parts at once both count.
        former = _measure(incident_id, measure_id)
        measure = replace(wanted_of(former), **wanted.dict(exclude_none=True))
        made = orders.change(former.pk, measure, by=by, edition=edition, now=now, token_maker=maker)
        return measure_values(made, today_of(edition, now))

    return ordered(request, key, changed)


@router.act(_MEASURES + "/{measure_id}/withdraw", _ACT, ShownPreventionMeasure)
def withdraw(
    request: HttpRequest, incident_id: Number, measure_id: Number, wanted: Why, key: IdempotencyKey
) -> Any:
    """Withdraw a measure: it stays with the reason, and counts no more."""
    maker = giver_of(request).token_maker
    edition, measure = edition_in_force(), _measure(incident_id, measure_id).pk
    return ordered(
        request,
        key,
        lambda by, now: measure_values(
            orders.withdraw(measure, wanted.reason, by=by, now=now, token_maker=maker), today_of(edition, now)
        ),
    )


def _measure(incident: int, number: int) -> PreventionMeasure:
    found = PreventionMeasure.objects.filter(pk=number, incident=incident).first()
    if found is None:
        raise Http404
    return found
