"""Incidents by the API: which there are, and what people order about them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest
from ninja import Query

from toban.chapters.incident import orders
from toban.chapters.incident.models import Incident
from toban.chapters.incident.operation import OPERATION
from toban.chapters.incident.orders import Declaration, IncidentOrder
from toban.engine.clock import system_clock
from toban.faces.api import cursors
from toban.faces.api.acting import giver_of, ordered
from toban.faces.api.edition import edition_in_force
from toban.faces.api.incident import game_days, measures, reports, timeline
from toban.faces.api.incident.schemas import (
    FigureTime,
    ShownFigures,
    ShownIncident,
    ShownWhole,
    WantedIncident,
    WantedLevel,
    WantedMerge,
    WantedNote,
    WantedPeople,
    WantedRecovery,
    WantedShowing,
    WantedSplit,
)
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import IdempotencyKey, Number, Part, Turn
from toban.faces.values.incident import (
    figures_of,
    figures_values,
    incident_values,
    incidents,
    whole_values,
)

router = ScopedRouter()
for each in (timeline, reports, measures, game_days):
    router.add_router("", each.router)
_READ, _ACT = "read:incidents", "act:incidents"

type _Order = Callable[[IncidentOrder, datetime], Incident]


@router.read("/incidents", _READ, Part[ShownIncident])
def listed(request: HttpRequest, turn: Query[Turn], is_open: bool | None = None) -> Any:
    """List the incidents, the newest first; `is_open`: only those that are not closed, or that are."""
    now = system_clock()
    return cursors.newest(request, turn, incidents(is_open=is_open), lambda each: incident_values(each, now))


# Before the incidents by their numbers: the first address that fits answers.
@router.read("/incidents/figures", _READ, ShownFigures)
def figures(request: HttpRequest, asked: Query[FigureTime]) -> Any:
    """Return the times to response (MTTA) and recovery (MTTR) by month, severity and known failure."""
    del request
    return figures_values(figures_of(edition_in_force().plan(OPERATION), system_clock(), asked.months))


@router.read("/incidents/{incident_id}", _READ, ShownWhole)
def one(request: HttpRequest, incident_id: Number) -> Any:
    """Return an incident with its alerts, levels and steps."""
    del request
    incident = Incident.objects.filter(pk=incident_id).first()
    if incident is None:
        raise Http404
    return whole_values(incident, edition_in_force().plan(OPERATION), system_clock())


@router.act("/incidents", _ACT, ShownIncident, status=201)
def declare(request: HttpRequest, wanted: WantedIncident, key: IdempotencyKey) -> Any:
    """Declare an incident: its clocks run at once, and those who are concerned are notified."""
    said = Declaration(**wanted.dict())
    return _ordered(request, key, lambda order, now: orders.declare(said, order, now))


@router.act("/incidents/{incident_id}/take", _ACT, ShownIncident)
def take(request: HttpRequest, incident_id: Number, key: IdempotencyKey) -> Any:
    """Take an incident on: the token's account leads, and its open alerts are acknowledged."""
    return _ordered(request, key, lambda order, now: orders.take(incident_id, order, now))


@router.act("/incidents/{incident_id}/level", _ACT, ShownIncident)
def level(request: HttpRequest, incident_id: Number, wanted: WantedLevel, key: IdempotencyKey) -> Any:
    """Confirm the level of an incident, or give it another."""
    return _ordered(
        request,
        key,
        lambda order, now: orders.confirm_level(incident_id, wanted.level, wanted.reason, order, now),
    )


@router.act("/incidents/{incident_id}/people", _ACT, ShownIncident)
def people(request: HttpRequest, incident_id: Number, wanted: WantedPeople, key: IdempotencyKey) -> Any:
    """Say who leads, and who writes."""
    return _ordered(
        request,
        key,
        lambda order, now: orders.set_people(
            incident_id, order, now, commander=wanted.commander, scribe=wanted.scribe
        ),
    )


@router.act("/incidents/{incident_id}/steps/{step}", _ACT, ShownIncident)
def sign(
    request: HttpRequest, incident_id: Number, step: Number, wanted: WantedNote, key: IdempotencyKey
) -> Any:
    """Sign a step of the document's flow."""
    return _ordered(
        request,
        key,
        lambda order, now: orders.finish_stage(incident_id, step, wanted.words, order, now).incident,
    )


@router.act("/incidents/{incident_id}/update", _ACT, ShownIncident)
def update(request: HttpRequest, incident_id: Number, wanted: WantedNote, key: IdempotencyKey) -> Any:
    """Notify those who are concerned how it stands."""
    return _ordered(
        request, key, lambda order, now: orders.tell_update(incident_id, wanted.words, order, now)
    )


@router.act("/incidents/{incident_id}/publish", _ACT, ShownIncident)
def publish(request: HttpRequest, incident_id: Number, wanted: WantedShowing, key: IdempotencyKey) -> Any:
    """Show an incident on the status page, or no longer."""
    return _ordered(
        request,
        key,
        lambda order, now: orders.publish(incident_id, wanted.words, order, now, is_shown=wanted.is_shown),
    )


@router.act("/incidents/{incident_id}/merge", _ACT, ShownIncident)
def merge(request: HttpRequest, incident_id: Number, wanted: WantedMerge, key: IdempotencyKey) -> Any:
    """Make an incident a part of another; return that."""
    return _ordered(request, key, lambda order, now: orders.merge(incident_id, wanted.into, order, now))


@router.act("/incidents/{incident_id}/split", _ACT, ShownIncident, status=201)
def split(request: HttpRequest, incident_id: Number, wanted: WantedSplit, key: IdempotencyKey) -> Any:
    """Make some alerts of an incident one of their own; return that."""
    return _ordered(
        request,
        key,
        lambda order, now: orders.split(incident_id, wanted.alerts, wanted.title, order, now),
    )


@router.act("/incidents/{incident_id}/recovered", _ACT, ShownIncident)
def recovered(request: HttpRequest, incident_id: Number, wanted: WantedRecovery, key: IdempotencyKey) -> Any:
    """Say that it is over, where nothing measures it."""
    return _ordered(
        request, key, lambda order, now: orders.say_recovered(incident_id, order, now, at=wanted.at)
    )


@router.act("/incidents/{incident_id}/close", _ACT, ShownIncident)
def close(request: HttpRequest, incident_id: Number, key: IdempotencyKey) -> Any:
    """Close an incident of which nothing is owed any more."""
    return _ordered(request, key, lambda order, now: orders.close(incident_id, order, now))


def _ordered(request: HttpRequest, key: str | None, act: _Order) -> Mapping[str, Any]:
    edition = edition_in_force()
    by = giver_of(request)
    order = IncidentOrder(by, edition, edition.plan(OPERATION))
    return ordered(request, key, lambda _name, now: incident_values(act(order, now), now))
