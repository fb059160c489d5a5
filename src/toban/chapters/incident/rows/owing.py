"""What is owed after an incident, as tasks: its report, and measures against a recurrence.

Evidence ends them: the approved report, the first measure that is named. So nobody signs what is not there.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet

from toban.chapters.incident.measures import duty
from toban.chapters.incident.models import Incident, IncidentReport
from toban.chapters.incident.plan import IncidentPlan
from toban.chapters.incident.rows.flow import Owed
from toban.design.clauses.incident import FlowStage, IncidentFlow
from toban.design.values.duration import Duration, TimeUnit
from toban.engine.calendar.due import lasts
from toban.engine.editions.edition import Edition
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import Work
from toban.engine.tasks.events import TaskGround, WantedTask, open_task, prove, waiting, withdraw
from toban.engine.tasks.facts import TaskFact, TaskOccasion
from toban.engine.tasks.rules import TaskTerms
from toban.engine.tasks.works import hours_of
from toban.message import Message

INCIDENT = "incident"
"""The parameter of a task that says for which incident it is owed."""
REPORT, MEASURES = "incident/report", "incident/measures"
"""The works in which people write the report, and name measures."""
_STAGES = {REPORT: FlowStage.REPORT, MEASURES: FlowStage.PREVENTION}


def works(plan: IncidentPlan, edition: Edition) -> Mapping[str, Work]:
    """Return the tasks of *plan*, by key: those that the document's flow has as a step."""
    if plan.flow is None:
        return {}
    ground = TaskGround(plan.document_digest, plan.acting_digest, plan.system)
    roles = (plan.manager,)
    named = {key: plan.step_about(stage) for key, stage in _STAGES.items()}
    return {
        key: ground.work(
            key, plan.flow, TaskTerms(name, roles, hours_of(roles, edition.design), is_owed=True)
        )
        for key, name in named.items()
        if name
    }


def owed_for(incident: Incident, plan: IncidentPlan, edition: Edition) -> Sequence[Owed]:
    """Return what is owed for *incident*; nothing before its recovery, nor for a game day."""
    if incident.recovered_at is None or incident.is_drill:
        return ()
    done = {REPORT: _approved_at(incident), MEASURES: _named_at(incident)}
    return [
        Owed(name, due(incident.recovered_at, key, plan, edition), done[key])
        for key, stage in _STAGES.items()
        if (name := plan.step_about(stage))
    ]


def due(recovered_at: datetime, key: str, plan: IncidentPlan, edition: Edition) -> datetime:
    """Return until when it is owed: so many business days after the recovery, in the manager's hours."""
    days = plan.config.report_within if key == REPORT else plan.config.measures_within
    within = Duration(Decimal(days), TimeUnit.BUSINESS_DAY)
    hours = hours_of((plan.manager,), edition.design)
    return recovered_at + lasts(within, recovered_at, plan.system, hours)


def settle(plan: IncidentPlan, edition: Edition, now: datetime) -> None:
    """Open what is owed, and end what is given, or not owed any more."""
    current = Incident.objects.filter(closed_at=None, merged_into=None, is_drill=False)
    over = list(current.exclude(recovered_at=None).prefetch_related("reports", "measures"))
    by_number = {str(each.pk): each for each in over}
    for key, work in plan.tasks.items():
        for run in waiting([key]):
            _end(run, by_number.get(run.parameters.get(INCIDENT, "")), key, now)
        for number, incident in by_number.items():
            if _given_at(incident, key) is None and incident.recovered_at is not None:
                until = due(incident.recovered_at, key, plan, edition)
                wanted = WantedTask(until, {INCIDENT: number}, f"incident/{number}")
                open_task(work, wanted, _tasks(key, number), now)


def facts(occasion: TaskOccasion, now: datetime) -> Sequence[TaskFact]:
    """Return what is shown to those who write the report, or name measures."""
    number = occasion.parameters.get(INCIDENT, "")
    if not isinstance(occasion.clause, IncidentFlow) or not number.isdecimal():
        return ()
    incident = Incident.objects.filter(pk=int(number)).first()
    return tuple(_facts(incident, occasion, now)) if incident is not None else ()


def _facts(incident: Incident, occasion: TaskOccasion, now: datetime) -> Iterator[TaskFact]:
    zone = occasion.edition.bindings.system.zone
    title = Message("incident.subject", number=incident.pk, level=incident.level, title=incident.title)
    yield TaskFact(Message("incident.fact-incident"), title)
    detected = Message("incident.at", at=incident.detected_at.astimezone(zone))
    yield TaskFact(Message("incident.fact-detected"), detected)
    if incident.recovered_at is not None:
        recovered = Message("incident.at", at=incident.recovered_at.astimezone(zone))
        yield TaskFact(Message("incident.fact-recovered"), recovered)
    yield from duty.facts(incident, occasion.edition.bindings.system, now)


def _end(run: Run, incident: Incident | None, key: str, now: datetime) -> None:
    this = waiting([key]).filter(pk=run.pk)
    if incident is None:
        withdraw(this, Message("incident.not-owed"), now)
    elif _given_at(incident, key) is not None:
        code = "incident.report-approved" if key == REPORT else "incident.measures-named"
        prove(this, Message(code), now)


def _tasks(key: str, number: str) -> QuerySet[Run]:
    """Return the tasks for one incident: one that was withdrawn is asked for again once it is over again."""
    return Run.objects.filter(work=key, parameters__incident=number).exclude(reason=RunReason.WITHDRAWN)


def _given_at(incident: Incident, key: str) -> datetime | None:
    return _approved_at(incident) if key == REPORT else _named_at(incident)


def _approved_at(incident: Incident) -> datetime | None:
    kind, state = IncidentReport.Kind.FINAL, IncidentReport.State.APPROVED
    found = [each.approved_at for each in incident.reports.all() if (each.kind, each.state) == (kind, state)]
    return min((at for at in found if at is not None), default=None)


def _named_at(incident: Incident) -> datetime | None:
    return min(
        (each.recorded_at for each in incident.measures.all() if each.withdrawn_at is None), default=None
    )
