"""The approval of a report: it binds to exactly what the report says. Each act is in the audit log."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from toban.chapters.incident.models import IncidentReport
from toban.chapters.incident.plan import IncidentPlan
from toban.chapters.incident.reports.content import ReportQuestion
from toban.chapters.incident.reports.draft import ReportDraft
from toban.chapters.incident.reports.orders import (
    APPROVAL,
    check,
    draft_of,
    locked_report,
    named,
    record,
    subject_of,
)
from toban.engine.approvals.answers import Giver, from_shell
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest
from toban.engine.approvals.requests import ApprovalSubject, live_request, request_for
from toban.engine.approvals.rules import ApprovalTerms, RequestState
from toban.engine.orders import NotPossible
from toban.message import Message, listing, plain

_Kind, _State = IncidentReport.Kind, IncidentReport.State


def ask(number: int, plan: IncidentPlan, *, by: Giver, now: datetime) -> ApprovalRequest:
    """Ask for the approval of the report *number*, as it is; raise `NotPossible` if something is missing.

    Whoever asks for it does not approve it, nor does anybody whose words are in it: its answers, the title,
    lines of the timeline, what steps were signed with, measures.
    """
    check(by)
    with transaction.atomic():
        found = locked_report(number)
        if found.state != _State.DRAFT:
            raise NotPossible(
                Message(f"incident-reports.already-{found.state}"), Message("incident-reports.draft-again")
            )
        draft = draft_of(found)
        _check_complete(draft)
        found.state, found.digest = _State.ASKED, draft.digest
        found.writers = sorted({*found.writers, *found.incident.writers, *by.orderers})
        found.save(update_fields=["state", "digest", "writers"])
        content = {"order": "ask-report", **named(found), "digest": found.digest}
        record(found, {**content, **from_shell(by.shell_user)}, by.name, now)
        return request_for(_subject(found, draft, plan, by.name), now)


def ask_again(plan: IncidentPlan, now: datetime) -> None:
    """Ask again for what waits: document or bindings have changed, or nobody answered in time."""
    for number in IncidentReport.objects.filter(state=_State.ASKED).values_list("pk", flat=True):
        with transaction.atomic():
            found = locked_report(number)
            if found.state == _State.ASKED:
                live = live_request(subject_of(found))
                by = live.ordered_by if live is not None else found.drafted_by
                request_for(_subject(found, draft_of(found), plan, by), now)


class ReportApproved:
    """What follows from an answer about a report: see `ApprovalEffect`."""

    kind = APPROVAL
    needs_shell_for_emergencies = False
    is_answered_by_api = True

    def settle(self, request: ApprovalRequest, by: Giver, note: str, now: datetime) -> None:
        """Note the approval, or give the report back to those who wrote it."""
        found = locked_report(int(request.subject.partition("/")[2]))
        match RequestState(request.state):
            case RequestState.GRANTED:
                self._approve(found, request, by, now)
            case RequestState.REFUSED:
                found.state, found.digest = _State.DRAFT, ""
                found.save(update_fields=["state", "digest"])
                record(found, {"order": "refuse-report", **named(found), "said": note}, by.name, now)
            case RequestState.BROKEN_GLASS:
                raise NotPossible(Message("incident-reports.no-emergency"))
            case _:
                pass

    def _approve(self, found: IncidentReport, request: ApprovalRequest, by: Giver, now: datetime) -> None:
        if found.state != _State.ASKED or draft_of(found).digest != found.digest:
            raise NotPossible(Message("incident-reports.has-changed"))
        given = request.answers.filter(answer=ApprovalAnswer.Answer.GRANTED).order_by("pk")
        names = (each.person or each.username for each in given)
        found.state, found.approved_at = _State.APPROVED, now
        found.approved_by = ", ".join(names)[:300]
        found.save(update_fields=["state", "approved_at", "approved_by"])
        content = {"order": "approve-report", **named(found), "digest": found.digest}
        record(found, content, by.name, now)


EFFECT = ReportApproved()


def _check_complete(draft: ReportDraft) -> None:
    """Raise `NotPossible` if a final report leaves something open; a preliminary one may."""
    if not draft.is_final:
        return
    missing = [each.word for each in draft.unanswered]
    if not draft.facts.measures:
        missing.append(Message("incident-reports.ask-measures"))
    if missing:
        raise NotPossible(
            Message("incident-reports.incomplete", what=listing(missing)),
            Message("incident-reports.answer-first"),
        )


def _subject(report: IncidentReport, draft: ReportDraft, plan: IncidentPlan, by: str) -> ApprovalSubject:
    title = Message(
        f"incident-reports.approve-{report.kind}", number=report.incident_id, version=report.version
    )
    return ApprovalSubject(
        subject=subject_of(report),
        title=title,
        facts=tuple(_shown(draft)),
        content={"digest": draft.digest},
        document_digest=plan.document_digest,
        acting_digest=plan.acting_digest,
        terms=ApprovalTerms(plan.manager),
        clause_id=report.incident.clause_id,
        ordered_by=by,
        orderers=tuple(report.writers),
    )


def _shown(draft: ReportDraft) -> Iterator[tuple[Message, Message]]:
    """Yield what those who approve are shown; the whole report is behind its number."""
    facts = draft.facts
    yield Message("incident-reports.part-subject"), facts.title
    for each in (*facts.times, *facts.impact):
        yield each.label, each.value or Message("incident-reports.not-measured")
    for question in ReportQuestion:
        if draft.answers.get(question):
            yield question.word, plain(draft.answers[question])
    for measure in facts.measures:
        said = Message(
            "incident-reports.measure-inside", due=measure.due_on, owner=measure.owner, state=measure.state
        )
        yield plain(measure.words), said
    yield Message("incident-reports.digest"), plain(draft.digest)
