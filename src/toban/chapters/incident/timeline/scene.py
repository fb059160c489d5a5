"""An incident, and what its timeline is gathered about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Model, QuerySet

from toban.chapters.incident.models import Incident
from toban.engine.changes.query import BEFORE, around
from toban.engine.editions.edition import Edition
from toban.engine.notify.models import Alert

AFTERWARDS = timedelta(hours=1)
"""How long after the recovery what happens to the targets still belongs to the incident."""
_MOMENT = timedelta(seconds=1)
"""What happens at this very moment counts."""
MOST = 1_000
"""Rows that one question returns at most; the newest, as the older ones have been gathered before."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What to gather for."""

    incident: Incident
    alerts: Sequence[Alert]
    """Those that have joined it."""
    names: frozenset[str]
    """Its targets, and what belongs to them; see `changes.query.around`."""
    rows: frozenset[str]
    """The ids of the document's rows, and of those whose alerts joined."""
    since: datetime
    """An hour before the detection."""
    until: datetime


def scene_of(incident: Incident, edition: Edition, now: datetime) -> Scene:
    """Return what to gather for *incident*."""
    alerts = newest(Alert.objects.filter(incident_link__incident=incident))
    own = {each.clause_id for each in alerts}
    recovered = incident.recovered_at
    return Scene(
        incident,
        alerts,
        around(edition, *incident.targets, *own),
        frozenset(own | {clause.id for clause in edition.design.clauses}),
        incident.detected_at - BEFORE,
        min(now, recovered + AFTERWARDS) + _MOMENT if recovered is not None else now + _MOMENT,
    )


def newest[M: Model](found: QuerySet[M], *order: str) -> list[M]:
    """Return the newest `MOST` of *found*, the oldest of them first: lines of one moment keep their order."""
    return list(found.order_by(*order or ("-pk",))[:MOST])[::-1]
