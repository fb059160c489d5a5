"""Open incidents follow their alerts: answered, graver, over, not over after all. All of it is audited."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, Q, QuerySet

from toban.chapters.incident.declaring import proofs
from toban.chapters.incident.declaring.records import TOBAN, give_level, record
from toban.chapters.incident.declaring.rules import SeenAlert
from toban.chapters.incident.declaring.stages import ProvenStep
from toban.chapters.incident.declaring.standing import (
    AlertsSay,
    JoinedAlert,
    RaisedLevel,
    raised,
    said_by,
)
from toban.chapters.incident.declaring.telling import tell_raised
from toban.chapters.incident.models import Incident, IncidentAlert, StageDone
from toban.chapters.incident.plan import IncidentPlan
from toban.design.clauses.incident import FlowStage
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.message_field import storable
from toban.engine.notify.signal import Condition
from toban.engine.state.question import Question


def newest_alerts() -> Mapping[int, datetime]:
    """Return when the newest alert of each open incident was opened."""
    links = IncidentAlert.objects.filter(incident__closed_at=None, incident__merged_into=None)
    found = links.values("incident").annotate(newest=Max("alert__opened_at")).order_by()
    return {row["incident"]: row["newest"] for row in found}


def follow(plan: IncidentPlan, edition: Edition, now: datetime) -> None:
    """Bring every open incident up to date with its alerts, and with what proves steps of the flow."""
    if not _ANY_OPEN.finds() or not any(each.has_news for each in _looked(plan)):
        return
    with transaction.atomic():
        ledger.hold()
        for each in _looked(plan, is_locking=True):
            if each.has_news:
                _apply(each, plan, edition, now)


_ANY_OPEN = Question(lambda: _open().values_list("pk")[:1])


class _Look:
    """An open incident, and what is news of it."""

    def __init__(
        self,
        incident: Incident,
        alerts: Sequence[JoinedAlert],
        steps: Sequence[ProvenStep],
        plan: IncidentPlan,
    ) -> None:
        self.incident, self.steps = incident, steps
        self.says: AlertsSay = said_by(alerts, incident.detected_at)
        self.raised: RaisedLevel | None = raised(alerts, incident.proposed, plan)

    @property
    def is_answered(self) -> bool:
        """Whether somebody has answered it, which nobody noted yet."""
        return self.incident.responded_at is None and self.says.responded_at is not None

    @property
    def has_turned(self) -> bool:
        """Whether it is over, or is not over after all, which nobody noted yet."""
        is_over = self.says.recovered_at is not None
        return self.says.is_measured and is_over != (self.incident.recovered_at is not None)

    @property
    def has_news(self) -> bool:
        """Whether anything is to be written."""
        return self.is_answered or self.has_turned or self.raised is not None or bool(self.steps)


def _looked(plan: IncidentPlan, *, is_locking: bool = False) -> list[_Look]:
    found = list(_open().select_for_update(of=("self",)) if is_locking else _open())
    alerts = _alerts()
    steps = proofs.proven_steps(found, plan)
    return [_Look(each, alerts.get(each.pk, ()), steps.get(each.pk, ()), plan) for each in found]


def _open() -> QuerySet[Incident]:
    return Incident.objects.filter(closed_at=None, merged_into=None).order_by("pk")


def is_measured(incident: Incident) -> bool:
    """Return whether monitors tell when *incident* is over."""
    rows = IncidentAlert.objects.filter(incident=incident).values_list(*_COLUMNS)
    return said_by([each for _, each in _joined(rows)], incident.detected_at).is_measured


def _alerts() -> Mapping[int, Sequence[JoinedAlert]]:
    """Return the alerts by incident; of an incident that is over, only those that are open again."""
    is_current = Q(incident__recovered_at=None) | Q(alert__resolved_at=None)
    links = IncidentAlert.objects.filter(is_current, incident__closed_at=None, incident__merged_into=None)
    found: dict[int, list[JoinedAlert]] = defaultdict(list)
    for number, each in _joined(links.order_by("pk").values_list(*_COLUMNS)):
        found[number].append(each)
    return found


_COLUMNS = (
    "incident_id", "alert_id", "alert__key", "alert__clause_id", "alert__subject", "alert__condition",
    "alert__began_at", "alert__opened_at", "alert__resolved_at", "alert__labels", "alert__value",
    "alert__acknowledged_at", "alert__acknowledged_by",
)  # fmt: skip


def _joined(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[int, JoinedAlert]]:
    for number, pk, key, clause, subject, condition, began, opened, resolved, labels, value, *ack in rows:
        seen = SeenAlert(pk, key, clause, subject, Condition(condition), began, opened, resolved, labels)
        yield number, JoinedAlert(seen, value, *ack)


def _apply(look: _Look, plan: IncidentPlan, edition: Edition, now: datetime) -> None:
    incident, says = look.incident, look.says
    if look.is_answered:
        incident.responded_at, incident.responded_by = says.responded_at, says.responded_by[:150]
        incident.save(update_fields=["responded_at", "responded_by"])
        record(incident, "incident-answered", says.responded_by, now)
    if look.raised is not None:
        _raise(look.raised, incident, plan, edition, now)
    if look.has_turned:
        # What is proven by that follows at the next look.
        _turn(incident, says.recovered_at, plan, now)
        return
    for step in look.steps:
        _finish(incident, step, plan, now)


def _raise(
    raised_: RaisedLevel, incident: Incident, plan: IncidentPlan, edition: Edition, now: datetime
) -> None:
    """Propose a graver level; unless a person has decided, the incident has it at once."""
    former, level = incident.level, raised_.level
    incident.proposed, incident.why = level.name[:100], storable(raised_.why)
    if raised_.is_whole and incident.origin == Incident.Origin.ALERT:
        # It was named after the first instance that fell.
        incident.title = storable(raised_.why)
    incident.save(update_fields=["proposed", "why", "title"])
    if incident.confirmed_at is not None:
        return
    give_level(incident, level, raised_.why, plan=plan, design=edition.design, now=now)
    record(incident, "incident-level", TOBAN, now, {"former": former}, raised_.why)
    tell_raised(incident, plan, edition, raised_.why, now, because=raised_.because)


def _turn(incident: Incident, recovered_at: datetime | None, plan: IncidentPlan, now: datetime) -> None:
    """Note that it is over, or that it is not over after all."""
    incident.recovered_at = recovered_at
    incident.save(update_fields=["recovered_at"])
    if recovered_at is not None:
        record(incident, "incident-recovered", TOBAN, now)
        return
    interim = plan.step_about(FlowStage.INTERIM)
    if interim:
        # What a person has signed stays signed.
        incident.stages.filter(words=interim[:300], by="").delete()
    record(incident, "incident-reopened", TOBAN, now)


def _finish(incident: Incident, step: ProvenStep, plan: IncidentPlan, now: datetime) -> None:
    if plan.flow is None:
        return
    words = plan.flow.steps[step.step - 1]
    StageDone.objects.create(
        incident=incident, step=step.step, words=words[:300], at=step.at, said=storable(step.said)
    )
    record(incident, "incident-stage", TOBAN, now, {"step": step.step, "words": words}, step.said)
