"""Alerts become incidents, and incidents follow their alerts.

Level-triggered: what is to be done follows from the tables alone. Each look is one transaction, so that a
worker that dies leaves nothing half-done, and a look that is repeated changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from toban.chapters.incident.declaring import following
from toban.chapters.incident.declaring.records import TOBAN, give_level, new_incident, record
from toban.chapters.incident.declaring.rules import (
    OpenIncident,
    Placed,
    Placer,
    PlacingTerms,
    Proposal,
    SeenAlert,
    candidates,
    proposal_of,
)
from toban.chapters.incident.models import Incident, IncidentAlert
from toban.chapters.incident.plan import IncidentPlan
from toban.design.clauses.incident import IncidentLevel
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.exceptions.standing import in_force
from toban.engine.notify.models import Alert, Silence
from toban.engine.notify.planned import planned
from toban.engine.notify.routing.muting import Causes, OpenAlert
from toban.engine.notify.signal import Condition
from toban.engine.spans import Span
from toban.engine.state.question import Question
from toban.message import Message

_AT_ONCE = 500
"""SQLite takes a limited number of parameters."""
_LONGEST_HOLD = timedelta(days=31)
"""Neither a silence nor a maintenance lasts longer."""
_COLUMNS = (
    "pk", "key", "clause_id", "subject", "condition", "began_at", "opened_at", "changed_at", "resolved_at",
    "labels",
)  # fmt: skip


def look(plan: IncidentPlan, edition: Edition, now: datetime) -> None:
    """Have alerts become incidents or join them, and bring the open incidents up to date."""
    # Most looks change nothing: then no lock is taken.
    if _placed(plan, edition, now):
        with transaction.atomic():
            ledger.hold()
            # Looked at again: another worker, or a person, may have been faster.
            _write(_placed(plan, edition, now), plan, edition, now)
    following.follow(plan, edition, now)


def seen(alert: Alert) -> SeenAlert:
    """Return *alert* as the rules see it."""
    return SeenAlert(
        number=alert.pk,
        key=alert.key,
        clause_id=alert.clause_id,
        subject=alert.subject,
        condition=Condition(alert.condition),
        began_at=alert.began_at,
        # What was a warning for hours, and is critical now, is an incident from now.
        decided_at=alert.changed_at if alert.resolved_at is None else alert.opened_at,
        resolved_at=alert.resolved_at,
        labels=alert.labels,
    )


def _placed(plan: IncidentPlan, edition: Edition, now: datetime) -> list[Placed]:
    """Return the alerts that are to become a part of an incident."""
    if not _ANY_FREE.finds():
        return []
    incidents = list(_open_incidents())
    terms = PlacingTerms(plan.config.declare_from, plan.config.join_within, edition.bindings.runs_on)
    alerts = candidates((seen(each) for each in _free()), incidents, terms)
    if not alerts:
        return []
    holds = _Holds(edition, alerts, now)
    placer = Placer(incidents, Causes(_troubles()), holds.of, terms, now)
    found = (placer.place(each)[1] for each in alerts)
    return [each for each in found if each is not None]


def _free() -> Iterator[Alert]:
    """Yield the alerts of no incident that are open, or ended a moment ago.

    Those about this chapter's own rows are about no target, and drop out by that.
    """
    return _of_no_incident().only(*_COLUMNS).iterator(_AT_ONCE)


def _of_no_incident() -> QuerySet[Alert]:
    return Alert.objects.filter(settled=False, incident_link=None)


_ANY_FREE = Question(lambda: _of_no_incident().values_list("pk")[:1])


def _open_incidents() -> Iterator[OpenIncident]:
    newest = following.newest_alerts()
    found = Incident.objects.filter(closed_at=None, merged_into=None).order_by("-detected_at", "-pk")
    for each in found.only("pk", "targets", "detected_at", "recovered_at"):
        yield OpenIncident(
            each.pk,
            frozenset(each.targets),
            each.detected_at,
            max(each.detected_at, newest.get(each.pk, each.detected_at)),
            each.recovered_at,
        )


def _troubles() -> Iterator[OpenAlert]:
    held = Alert.objects.filter(resolved_at=None).values_list("key", "subject", "condition", "labels")
    for key, subject, condition, labels in held.iterator(_AT_ONCE):
        yield OpenAlert(key, subject, Condition(condition), labels)


class _Holds:
    """When nobody is told of an alert: planned maintenance, silences, exceptions."""

    def __init__(self, edition: Edition, alerts: Sequence[SeenAlert], now: datetime) -> None:
        self._edition, self._now = edition, now
        oldest = min((each.decided_at for each in alerts), default=now)
        self._since = max(oldest, now - _LONGEST_HOLD)
        lately = Silence.objects.filter(starts_at__lte=now, ends_at__gte=self._since)
        self._silences = [each.quiet for each in lately]
        self._exceptions = [each for each in in_force(now) if each.holds_notices]
        self._planned: dict[str, Sequence[Span]] = {}

    def of(self, alert: SeenAlert) -> Iterator[Span]:
        """Yield the periods that hold *alert*."""
        yield from self._maintenance(alert.about)
        for silence in self._silences:
            if silence.covers(alert.clause_id, alert.labels):
                yield silence.starts_at, silence.ends_at
        for exception in self._exceptions:
            if exception.covers(alert.clause_id, alert.labels):
                yield self._since, exception.ends_at

    def _maintenance(self, target: str) -> Sequence[Span]:
        if target not in self._planned:
            # Until just after now: what ends there is not over yet.
            span = (self._since, self._now + timedelta(seconds=1))
            design, system = self._edition.design, self._edition.bindings.system
            self._planned[target] = planned(target, design, system, span)
        return self._planned[target]


def _write(placed: Sequence[Placed], plan: IncidentPlan, edition: Edition, now: datetime) -> None:
    made: dict[int, Incident] = {}
    for number, some in _by_incident(placed).items():
        incident = _declared(some, plan, edition, now) if number < 0 else _joined(number)
        made[number] = incident
        _join(incident, some, now)


def _by_incident(placed: Iterable[Placed]) -> Mapping[int, list[Placed]]:
    found: dict[int, list[Placed]] = {}
    for each in placed:
        found.setdefault(each.incident, []).append(each)
    return found


def _joined(number: int) -> Incident:
    return Incident.objects.select_for_update().get(pk=number)


def _declared(placed: Sequence[Placed], plan: IncidentPlan, edition: Edition, now: datetime) -> Incident:
    """Declare the incident of *placed*."""
    first = placed[0]
    at = min(each.at for each in placed)
    found = proposal_of(each.alert for each in placed)
    level = _level_of(found, plan)
    incident = new_incident(
        plan,
        found.why if found is not None and found.is_whole else first.alert.subject,
        Incident.Origin.ALERT,
        detected_at=at,
        began_at=min(each.alert.began_at for each in placed),
        targets=[each.alert.about for each in placed],
        now=now,
    )
    why = found.why if found is not None else Message("incident.no-reason")
    incident.proposed = level.name[:100] if level is not None else ""
    incident.why, incident.recurs = why, former_of(first.alert, at, plan, incident)
    incident.save()
    give_level(incident, level, why, plan=plan, design=edition.design, now=now)
    record(incident, "incident-declared", TOBAN, now, {"alert": first.alert.number}, why)
    return incident


def _level_of(found: Proposal | None, plan: IncidentPlan) -> IncidentLevel | None:
    return plan.level_of(found.scope) if found is not None else None


def _join(incident: Incident, placed: Sequence[Placed], now: datetime) -> None:
    links = [
        IncidentAlert(incident=incident, alert_id=each.alert.number, joined_at=now, reason=each.reason)
        for each in placed
    ]
    IncidentAlert.objects.bulk_create(links, batch_size=100)
    incident.targets = list(dict.fromkeys((*incident.targets, *(each.alert.about for each in placed))))
    incident.began_at = min(incident.began_at, *(each.alert.began_at for each in placed))
    incident.save(update_fields=["targets", "began_at"])


def former_of(alert: SeenAlert, at: datetime, plan: IncidentPlan, new: Incident) -> Incident | None:
    """Return the incident whose failure *alert* is again: the same row was deviating, and not long ago.

    One from outside stands below a row of the notification matrix, which it shares with others.
    """
    if "sender" in alert.labels:
        links = IncidentAlert.objects.filter(alert__key=alert.key)
    else:
        links = IncidentAlert.objects.filter(alert__clause_id=alert.clause_id)
    of_others = links.exclude(incident=new).filter(incident__merged_into=None, incident__is_drill=False)
    last = of_others.select_related("incident").order_by("-incident__detected_at", "-pk").first()
    if last is None:
        return None
    former: Incident = last.incident
    ended = former.closed_at or former.recovered_at
    return former if ended is not None and at - ended <= plan.config.recurs_within else None
