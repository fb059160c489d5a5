"""What proves steps of the flow: alerts, deliveries, the recovery, the approved report, kept measures."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Min

from toban.chapters.incident.declaring.stages import ProvenStep, StageFacts, proven
from toban.chapters.incident.models import (
    Incident,
    IncidentAlert,
    IncidentReport,
    PreventionMeasure,
    StageDone,
)
from toban.chapters.incident.plan import IncidentPlan
from toban.design.clauses.incident import FlowStage
from toban.engine.notify.models import Delivery
from toban.message import Message


def proven_steps(incidents: Sequence[Incident], plan: IncidentPlan) -> Mapping[int, Sequence[ProvenStep]]:
    """Return the steps that evidence proves and that nobody noted yet, by the incident's number."""
    if plan.flow is None or not incidents:
        return {}
    numbers = [each.pk for each in incidents]
    done = _done(numbers)
    words, stages = [each[:300] for each in plan.flow.steps], plan.flow.stages
    notice = plan.step_about(FlowStage.NOTICE)[:300]
    facts = _Facts(incidents, [each for each in incidents if notice and notice not in done[each.pk]])
    return {
        each.pk: [
            step for step in proven(stages, facts.of(each)) if words[step.step - 1] not in done[each.pk]
        ]
        for each in incidents
    }


def _done(numbers: Sequence[int]) -> Mapping[int, set[str]]:
    found: dict[int, set[str]] = {number: set() for number in numbers}
    for number, words in StageDone.objects.filter(incident__in=numbers).values_list("incident_id", "words"):
        found[number].add(words)
    return found


class _Facts:
    """What is known of several incidents, in a few queries."""

    def __init__(self, incidents: Sequence[Incident], untold: Sequence[Incident]) -> None:
        numbers = [each.pk for each in incidents]
        self._first = _first_alerts(numbers)
        self._told = _told(untold)
        over = [each.pk for each in incidents if each.recovered_at is not None]
        self._reports = _approved(over)
        self._kept = _kept(over)

    def of(self, incident: Incident) -> StageFacts:
        """Return the facts of one."""
        first, report = self._first.get(incident.pk), self._reports.get(incident.pk)
        by = Message("incident.stage-declared", by=incident.confirmed_by or incident.responded_by)
        return StageFacts(
            detected_at=incident.detected_at,
            detected_by=Message("incident.stage-alert", alert=first) if first is not None else by,
            told_at=self._told.get(incident.pk),
            told_by=Message("incident.stage-told"),
            recovered_at=incident.recovered_at,
            report_approved_at=report.approved_at if report is not None else None,
            report_by=report.approved_by if report is not None else "",
            measures_kept_at=self._kept.get(incident.pk),
        )


def _first_alerts(numbers: Sequence[int]) -> Mapping[int, int]:
    links = IncidentAlert.objects.filter(incident__in=numbers)
    found = links.values("incident").annotate(first=Min("alert")).order_by()
    return {row["incident"]: row["first"] for row in found}


def _told(incidents: Sequence[Incident]) -> Mapping[int, datetime]:
    """Return when the first notification about each of *incidents* was delivered."""
    if not incidents:
        return {}
    delivered = Delivery.objects.filter(state=Delivery.State.DELIVERED)
    place = "announcement__alerts__incident_link__incident"
    numbers = [each.pk for each in incidents]
    found = delivered.filter(**{f"{place}__in": numbers}).values(place).annotate(at=Min("settled_at"))
    told = {row[place]: row["at"] for row in found.order_by()}
    for each in incidents:
        # One that people declared has no alert, but is told of all the same.
        if each.pk not in told and each.origin != Incident.Origin.ALERT:
            about = delivered.filter(announcement__alerts__key__startswith=f"incident/{each.pk}/")
            at = about.aggregate(at=Min("settled_at"))["at"]
            told.update({each.pk: at} if at is not None else {})
    return told


def _approved(numbers: Sequence[int]) -> Mapping[int, IncidentReport]:
    reports = IncidentReport.objects.filter(
        incident__in=numbers, kind=IncidentReport.Kind.FINAL, state=IncidentReport.State.APPROVED
    )
    return {each.incident_id: each for each in reports.order_by("version")}


def _kept(numbers: Sequence[int]) -> Mapping[int, datetime]:
    """Return when the last measure of an incident was found done, of those whose measures are all done."""
    found: dict[int, list[datetime | None]] = {}
    for each in PreventionMeasure.objects.filter(incident__in=numbers, withdrawn_at=None):
        found.setdefault(each.incident_id, []).append(each.kept_at)
    return {
        number: max(at for at in kept if at is not None) for number, kept in found.items() if None not in kept
    }
