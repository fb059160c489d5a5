"""The effects of remedies, as they become known."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from toban.chapters.incident.models import IncidentAlert, RemedyUse
from toban.chapters.incident.plan import IncidentPlan
from toban.chapters.incident.remedies.effects import Outcome, UseSeen, settle
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Condition
from toban.engine.runs.models import FinishedStep, Run
from toban.engine.state.question import Question

_UNBOUND = timedelta(minutes=10)
"""The time of a remedy whose table is gone."""


_ANY_PENDING = Question(lambda: RemedyUse.objects.filter(settled_at=None).values_list("pk")[:1])


def settle_all(plan: IncidentPlan, now: datetime) -> None:
    """Record the effect of every remedy of which it is known now."""
    if not _ANY_PENDING.finds():
        return
    pending = RemedyUse.objects.filter(settled_at=None)
    within = {each.name: each.config.effect_within for each in plan.remedies}
    for use in pending.select_related("run", "alert"):
        _join(use)
        settled = settle(_seen(plan, use, within), now)
        if settled is not None:
            RemedyUse.objects.filter(pk=use.pk, settled_at=None).update(
                effect=RemedyUse.Effect(settled.effect), settled_at=now, took=settled.took
            )


def _join(use: RemedyUse) -> None:
    """Note the incident that its alert has joined since: one is declared a moment after its alert."""
    if use.incident_id is None:
        joined = IncidentAlert.objects.filter(alert=use.alert_id).first()
        if joined is not None:
            RemedyUse.objects.filter(pk=use.pk).update(incident=joined.incident_id)


def _seen(plan: IncidentPlan, use: RemedyUse, within: Mapping[str, timedelta]) -> UseSeen:
    run, alert = use.run, use.alert
    if run is None or run.state in Run.OPEN:
        return UseSeen(Outcome.OPEN, None, None, _UNBOUND, alert.resolved_at, None)
    steps = {step.name: step for step in FinishedStep.objects.filter(run=run)}
    outcome, look, apply = _outcome(run, steps), steps.get("look"), steps.get("apply")
    began = apply.began_at if apply is not None else look.ended_at if look is not None else run.began_at
    ended = apply.ended_at if apply is not None else run.ended_at
    return UseSeen(
        outcome,
        began,
        ended,
        within.get(use.remedy, _UNBOUND),
        alert.resolved_at,
        _grew_at(alert),
        tuple(_others(plan, use)) if outcome is not Outcome.NOT_APPLIED else (),
    )


def _outcome(run: Run, steps: Mapping[str, FinishedStep]) -> Outcome:
    apply = steps.get("apply")
    if apply is not None:
        is_done = isinstance(apply.result, dict) and apply.result.get("applied")
        return Outcome.APPLIED if is_done else Outcome.NOT_APPLIED
    # What broke off in the middle may have changed something.
    return Outcome.FAILED if run.state == Run.State.FAILED and "look" in steps else Outcome.NOT_APPLIED


def _grew_at(alert: Alert) -> datetime | None:
    has_grown = alert.resolved_at is None and alert.condition == Condition.CRITICAL
    return alert.changed_at if has_grown and alert.changed_at > alert.opened_at else None


def _others(plan: IncidentPlan, use: RemedyUse) -> list[datetime]:
    """Return when the other open critical alerts about the target were opened."""
    critical = Alert.objects.filter(resolved_at=None, condition=Condition.CRITICAL, labels__target=use.target)
    # What is told about remedies themselves is no symptom.
    others = critical.exclude(pk=use.alert_id).exclude(clause_id__in=[row.id for row in plan.patterns])
    return list(others.values_list("opened_at", flat=True))
