"""Looks whether measures are kept, reports what is overdue, and asks again for what recurred."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction

from toban.chapters.incident.measures.proofs import proof_of
from toban.chapters.incident.measures.rules import (
    IncidentDebt,
    MeasureProof,
    MeasureState,
    RecurrenceFacts,
    state_of,
)
from toban.chapters.incident.models import Incident, IncidentReport, PreventionMeasure
from toban.chapters.incident.plan import IncidentPlan
from toban.design.clauses.base import Clause
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.message_field import storable
from toban.engine.notify import alerts
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Condition, Signal
from toban.engine.registry.ports import Ports
from toban.message import NOTHING, Message, plain

EVERY = 30.0
"""Seconds between two looks."""
_KEY = "incident/measure/"
_AGAIN = "incident/recurred/"
_LASTING = (PreventionMeasure.Kind.CHANGE, PreventionMeasure.Kind.BATCH)
_SETTLED = timedelta(days=30)
"""A release that is taken back is taken back soon: what has been kept for so long is not looked at again."""
_REMEMBERED = timedelta(days=365)
"""How long a recurrence asks for measures."""


def watch(edition: Edition, plan: IncidentPlan, ports: Ports, now: datetime) -> None:
    """Look at every measure, and report those that are overdue."""
    standing = PreventionMeasure.objects.filter(withdrawn_at=None).select_related("incident")
    measures = list(standing.exclude(kind__in=_LASTING, kept_at__lt=now - _SETTLED))
    for measure in measures:
        settle(measure, proof_of(measure, edition, ports, now), now)
    signals = [
        *(_overdue(each, edition, plan, now) for each in measures),
        *_withdrawn(edition, plan, now),
        *_recurred(edition, plan, now),
    ]
    alerts.report([each for each in signals if each is not None], now, edition.design.digest)


def settle(measure: PreventionMeasure, proof: MeasureProof, now: datetime) -> None:
    """Note what *proof* says; a measure that is kept, or is no longer, becomes evidence."""
    is_other = (measure.kept_at is None) is not (proof.at is None)
    if not is_other and measure.proof == storable(proof.said):
        return
    with transaction.atomic():
        ledger.hold()
        # Another version of it may have been written since it was read: its reference may be another.
        same = PreventionMeasure.objects.filter(
            pk=measure.pk, reference=measure.reference, kind=measure.kind, withdrawn_at=None
        )
        if not same.update(kept_at=proof.at, proof=proof.said):
            return
        measure.kept_at, measure.proof = proof.at, proof.said
        if is_other:
            _record(measure, proof, now)


def recurrence_of(incident: Incident) -> RecurrenceFacts:
    """Return whether the failure of *incident* came again, and what was done since."""
    again = Incident.objects.filter(recurs=incident, merged_into=None, is_drill=False)
    recurred = list(again.values_list("pk", "detected_at"))
    numbers = [incident.pk, *(number for number, _ in recurred)]
    measured = PreventionMeasure.objects.filter(incident__in=numbers, withdrawn_at=None)
    return RecurrenceFacts(
        incident.recovered_at,
        [at for _, at in recurred],
        list(measured.values_list("recorded_at", flat=True)),
    )


def debts(now: datetime, edition: Edition) -> Iterator[IncidentDebt]:
    """Yield what each incident owes, for `prevention`; drills owe nothing."""
    today = now.astimezone(edition.bindings.system.zone).date()
    approved = IncidentReport.objects.filter(
        kind=IncidentReport.Kind.FINAL, state=IncidentReport.State.APPROVED
    )
    reported = set(approved.values_list("incident", flat=True))
    incidents = Incident.objects.filter(is_drill=False, merged_into=None).prefetch_related("measures")
    for each in incidents.order_by("pk"):
        states = [standing_of(measure, today) for measure in each.measures.all()]
        yield IncidentDebt(each.pk, each.closed_at is not None, each.pk in reported, states)


def standing_of(measure: PreventionMeasure, today: date) -> MeasureState:
    """Return how *measure* stands on the day *today*."""
    return state_of(
        kept_at=measure.kept_at, withdrawn_at=measure.withdrawn_at, due_on=measure.due_on, today=today
    )


def _overdue(
    measure: PreventionMeasure, edition: Edition, plan: IncidentPlan, now: datetime
) -> Signal | None:
    today = now.astimezone(edition.bindings.system.zone).date()
    is_overdue = standing_of(measure, today) is MeasureState.OVERDUE
    return _signal(
        f"{_KEY}{measure.pk}",
        measure.incident,
        edition,
        plan,
        condition=Condition.WARNING if is_overdue else Condition.OK,
        subject=Message("incident-reports.measure-of", number=measure.incident_id, words=measure.words),
        value=measure.proof,
        limit=Message("incident-reports.due-on", due=measure.due_on),
        people=(measure.owner, plan.manager),
        now=now,
    )


def _withdrawn(edition: Edition, plan: IncidentPlan, now: datetime) -> Iterator[Signal | None]:
    """Yield the end of alerts about measures that were withdrawn while they were overdue."""
    keys = Alert.objects.filter(key__startswith=_KEY, resolved_at=None).values_list("key", flat=True)
    numbers = [int(key.removeprefix(_KEY)) for key in keys if key.removeprefix(_KEY).isdecimal()]
    found = PreventionMeasure.objects.filter(pk__in=numbers).exclude(withdrawn_at=None)
    for measure in found.select_related("incident"):
        yield _signal(
            f"{_KEY}{measure.pk}",
            measure.incident,
            edition,
            plan,
            condition=Condition.OK,
            subject=Message("incident-reports.measure-of", number=measure.incident_id, words=measure.words),
            value=plain(measure.withdrawn_because),
            limit=NOTHING,
            people=(),
            now=now,
        )


def _recurred(edition: Edition, plan: IncidentPlan, now: datetime) -> Iterator[Signal | None]:
    """Yield a signal for each incident that came again: what was done against it did not help."""
    lately = Incident.objects.filter(detected_at__gt=now - _REMEMBERED, merged_into=None, is_drill=False)
    again = lately.exclude(recurs=None).values("recurs")
    for incident in Incident.objects.filter(pk__in=again, is_drill=False):
        facts = recurrence_of(incident)
        yield _signal(
            f"{_AGAIN}{incident.pk}",
            incident,
            edition,
            plan,
            condition=Condition.WARNING if facts.asks_again else Condition.OK,
            subject=Message("incident-reports.recurred", number=incident.pk, title=incident.title),
            value=Message("incident-reports.recurred-times", times=len(facts.recurred_at)),
            limit=Message("incident-reports.name-a-measure"),
            people=(plan.manager,),
            now=now,
        )


def _signal(
    key: str,
    incident: Incident,
    edition: Edition,
    plan: IncidentPlan,
    *,
    condition: Condition,
    subject: Message,
    value: Message,
    limit: Message,
    people: Sequence[str],
    now: datetime,
) -> Signal | None:
    clause = _clause(incident, edition, plan)
    if clause is None:
        return None
    return Signal(
        key=key,
        clause_id=clause.id,
        citation=str(clause.origin),
        clause_text=clause.text,
        condition=condition,
        subject=subject,
        value=value,
        limit=limit,
        began_at=now,
        detected_at=now,
        advice=Message(
            "incident-reports.see-incident",
            url=f"{settings.PUBLIC_URL.rstrip('/')}/incidents/{incident.pk}",
        ),
        labels={"item": "prevention"},
        people=tuple(dict.fromkeys(each for each in people if each)),
    )


def _clause(incident: Incident, edition: Edition, plan: IncidentPlan) -> Clause | None:
    """Return the row that orders measures: the flow, else that of the incident's level, else any level."""
    level = next((each for each in edition.design.clauses if each.id == incident.clause_id), None)
    return plan.flow or level or next(iter(plan.levels), None)


def _record(measure: PreventionMeasure, proof: MeasureProof, now: datetime) -> None:
    content = {
        "incident": measure.incident_id,
        "measure": measure.pk,
        "words": measure.words,
        "proof": storable(proof.said).as_json(),
    }
    is_kept = proof.at is not None
    named = {"event": "measure-kept", **content} if is_kept else {"event": "measure-not-kept", **content}
    record = ledger.Record(LedgerEntry.Kind.AUDIT, named, clause_id=measure.incident.clause_id)
    ledger.append(record, now=now)
