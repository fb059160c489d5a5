"""What is shown to those who sign off a task about reports and measures. See `TASK_FACTS`."""

from collections.abc import Sequence
from datetime import date, datetime

from toban.chapters.incident.measures.checking import recurrence_of, standing_of
from toban.chapters.incident.measures.rules import MeasureState
from toban.chapters.incident.models import Incident, IncidentReport
from toban.engine.bindings.model import System
from toban.engine.tasks.facts import TaskFact
from toban.message import Message


def facts(incident: Incident, system: System, now: datetime) -> Sequence[TaskFact]:
    """Return how the report and the measures of *incident* stand."""
    today = now.astimezone(system.zone).date()
    return (_report(incident), *_measures(incident, today), _recurrence(incident, now))


def _report(incident: Incident) -> TaskFact:
    final = incident.reports.filter(kind=IncidentReport.Kind.FINAL).order_by("-version").first()
    state = final.state if final is not None else "missing"
    is_missing = final is None or final.state != IncidentReport.State.APPROVED
    value = Message(f"incident-reports.report-{state}")
    return TaskFact(Message("incident-reports.title-final"), value, is_exception=is_missing)


def _measures(incident: Incident, today: date) -> Sequence[TaskFact]:
    standing = list(incident.measures.filter(withdrawn_at=None).order_by("due_on", "pk"))
    if not standing:
        label, value = Message("incident-reports.part-prevention"), Message("incident-reports.no-measures")
        return (TaskFact(label, value, is_exception=True),)
    return [
        TaskFact(
            Message("incident-reports.measure-of", number=incident.pk, words=each.words),
            Message("incident-reports.measure-inside", due=each.due_on, owner=each.owner, state=each.proof),
            is_exception=standing_of(each, today) is MeasureState.OVERDUE,
        )
        for each in standing
    ]


def _recurrence(incident: Incident, now: datetime) -> TaskFact:
    found = recurrence_of(incident)
    return TaskFact(Message("incident-reports.recurrence"), found.said(now), is_exception=found.asks_again)
