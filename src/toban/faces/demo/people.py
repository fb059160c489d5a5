"""What people do in the demo's month: take what is wrong, sign what is theirs, see incidents through.

They order it as they would on the pages: an order that the document does not leave to them is refused.
"""

from datetime import datetime, time, timedelta

from django.db.models import F

from toban.chapters.incident import orders as incident_orders
from toban.chapters.incident.declaring.closing import why_not_closed
from toban.chapters.incident.measures import orders as measure_orders
from toban.chapters.incident.measures.orders import WantedMeasure
from toban.chapters.incident.models import Incident, IncidentReport, PreventionMeasure
from toban.chapters.incident.operation import OPERATION as INCIDENTS
from toban.chapters.incident.orders import IncidentOrder
from toban.chapters.incident.reports import approval
from toban.chapters.incident.reports import orders as report_orders
from toban.chapters.incident.reports.content import ReportQuestion
from toban.chapters.incident.reports.orders import ReportDesk
from toban.design.clauses.monitoring import Monitor
from toban.design.values.schedule.occurrence import existing
from toban.engine.approvals import answering
from toban.engine.approvals.answering import AnswerOrder
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.port import APPROVAL_EFFECTS
from toban.engine.approvals.rules import RequestState
from toban.engine.editions.edition import Edition
from toban.engine.exceptions import service as exceptions
from toban.engine.exceptions.models import RowException
from toban.engine.exceptions.service import WantedException
from toban.engine.notify import orders as alert_orders
from toban.engine.notify.models import Alert
from toban.engine.people.first import NAME as MANAGER
from toban.engine.people.models import Operator
from toban.engine.tasks.lists import OpenTask, listed
from toban.engine.tasks.models import Handover
from toban.engine.tasks.orders import TaskOrder, hand_on, sign_off
from toban.engine.telemetry.store import Telemetry
from toban.faces.demo.acting import PlayedParts
from toban.message import Message

DEVELOPER = "kai"
SIGNED = timedelta(minutes=20)
"""After this time somebody has signed a task."""
_ANSWERED = timedelta(minutes=3)
_LATER = time(11)
"""On the business days after an incident people find time for its report from then on."""
_REMEDY = "B004"
"""The batch that proves the measures: its next run has to succeed."""
_DUE_WITHIN = timedelta(days=14)
_EXCEPTED = timedelta(days=7)

_Kind, _State = IncidentReport.Kind, IncidentReport.State


class People:
    """The people of the demo's document: a developer, and the manager who approves."""

    def __init__(self, edition: Edition, parts: PlayedParts, telemetry: Telemetry) -> None:
        self._edition, self._parts, self._story = edition, parts, parts.story
        self._plan = edition.plan(INCIDENTS)
        self._desk = ReportDesk(edition, self._plan, parts.ports, telemetry)

    def answer(self, now: datetime) -> None:
        """Take what has been open for a while."""
        since = now - _ANSWERED
        for incident in Incident.objects.filter(responded_at=None, detected_at__lte=since):
            incident_orders.take(incident.pk, self._order(DEVELOPER), now)
        unanswered = Alert.objects.filter(resolved_at=None, acknowledged_at=None, opened_at__lte=since)
        for alert in unanswered.filter(key__startswith="monitoring/"):
            alert_orders.acknowledge(alert.pk, by=DEVELOPER, now=now)

    def act(self, now: datetime) -> None:
        """Do what is left to do on a day on which there is time for it."""
        system = self._edition.bindings.system
        local = now.astimezone(system.zone)
        if local.date() in self._story.unsigned:
            return
        for task in listed(self._edition, self._parts, now):
            if task.run.due_at <= now - SIGNED:
                self._sign(task, now)
        if local.time() >= _LATER and system.business.is_business_day(local.date()):
            self._approve(now)
            if local.date() == self._story.excepted:
                self._ask_for_exception(now)
            midnight = existing(local.date(), time(0), system.zone)
            over = Incident.objects.filter(closed_at=None, recovered_at__lt=midnight)
            for incident in over.order_by("pk"):
                self._see_through(incident, now)

    def _sign(self, task: OpenTask, now: datetime) -> None:
        today = now.astimezone(self._edition.bindings.system.zone).date()
        order = self._task_of(task)
        if order is None:
            return
        if today == self._story.handed_on and not Handover.objects.filter(run=task.run).exists():
            hand_on(order, self._person(MANAGER), self._words("task-handed-on"), now=now)
            return
        is_performed = today != self._story.declined
        words = self._words("task-done" if is_performed else "task-declined")
        sign_off(order, words, shown=task.shown, is_performed=is_performed, now=now)

    def _task_of(self, task: OpenTask) -> TaskOrder | None:
        """Return the task as it is ordered by whoever may sign it off; None if nobody may."""
        for account in Operator.objects.order_by("-pk"):
            if task.why_not(account) is None:
                return TaskOrder(task.run.pk, Giver(account), self._edition, self._parts)
        return None

    def _see_through(self, incident: Incident, now: datetime) -> None:
        """Take the next step about an incident that is over: its report, the approval, its end."""
        report = incident.reports.filter(kind=_Kind.FINAL).order_by(F("version").desc()).first()
        if report is None:
            return
        if report.state == _State.DRAFT:
            self._write(incident, now)
        elif report.state == _State.APPROVED and why_not_closed(incident) is None:
            incident_orders.close(incident.pk, self._order(MANAGER), now)

    def _approve(self, now: datetime) -> None:
        """Approve what has waited since an earlier look."""
        effects = self._parts.ports.all(APPROVAL_EFFECTS)
        for request in ApprovalRequest.objects.filter(state=RequestState.OPEN, asked_at__lt=now):
            order = AnswerOrder(request.pk, request.digest, self._giver(MANAGER), self._edition)
            answering.approve(order, effects, now)

    def _ask_for_exception(self, now: datetime) -> None:
        row = self._edition.design.of(Monitor)[0].id
        if not RowException.objects.filter(clause_id=row).exists():
            wanted = WantedException(row, self._words("exception"), now + _EXCEPTED)
            by = Operator.objects.get(username=DEVELOPER)
            exceptions.request(wanted, by=by, edition=self._edition, now=now)

    def _write(self, incident: Incident, now: datetime) -> None:
        today = now.astimezone(self._edition.bindings.system.zone).date()
        words, owner = self._words("measure"), self._person(DEVELOPER)
        wanted = WantedMeasure(words, PreventionMeasure.Kind.BATCH, _REMEDY, owner, today + _DUE_WITHIN)
        measure_orders.record(incident.pk, wanted, by=DEVELOPER, edition=self._edition, now=now)
        by = self._giver(DEVELOPER)
        report = report_orders.draft(incident.pk, _Kind.FINAL, self._desk, by=by, now=now)
        answers = {each.value: self._words(each.value) for each in ReportQuestion}
        report_orders.answer(report.pk, answers, by=by, now=now)
        approval.ask(report.pk, self._plan, by=by, now=now)

    def _words(self, code: str) -> str:
        return Message(f"demo.{code}").in_language(self._edition.design.language)

    def _person(self, account: str) -> str:
        """Return the name in `[people]` of whoever signs in as *account*."""
        people = self._edition.bindings.people
        return next(name for name, person in people.items() if person.account == account)

    def _giver(self, name: str) -> Giver:
        return Giver(Operator.objects.get(username=name))

    def _order(self, name: str) -> IncidentOrder:
        return IncidentOrder(self._giver(name), self._edition, self._plan)
