"""The signatures of a kept report: a task to make it, then two approvals; nobody signs twice.

What is wanted is read from the tables at each step, so that nothing is lost with a worker.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from toban.catalogue import DOCUMENTS_LANGUAGE
from toban.design.values.duration import Duration, TimeUnit
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.identity import numbers_behind
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest
from toban.engine.approvals.requests import ApprovalSubject, request_for, supersede
from toban.engine.approvals.rules import ApprovalTerms, RequestState
from toban.engine.calendar.due import lasts
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.people.access import who_set_password
from toban.engine.reports.bindings import REPORTS
from toban.engine.reports.edition import SigningStep
from toban.engine.reports.kept.remarking import remarks_digest, remarks_fact, work_of
from toban.engine.reports.models import KeptReport, ReportSignature
from toban.engine.runs.models import Run
from toban.engine.runs.rules import BY_SCHEDULE, RunReason
from toban.engine.tasks.events import waiting, withdraw
from toban.engine.tasks.models import ExtraTask, SignOff
from toban.engine.tasks.works import hours_of
from toban.message import Message, plain

APPROVAL = "monthly-report"
"""How the subjects of its requests for approval begin."""
_LATELY = timedelta(days=93)
"""Editions that were kept before, without anybody to sign them, are not asked for any more."""


def advance(edition: Edition, now: datetime) -> None:
    """Open the task and ask for the approvals that are wanted now, and withdraw those that are not."""
    if not REPORTS.of(edition.bindings).made_by:
        return
    seen: set[object] = set()
    lately = KeptReport.objects.filter(made_at__gte=now - _LATELY).order_by("-month", "-edition")
    for number in list(lately.values_list("pk", flat=True)):
        with transaction.atomic():
            now = ledger.turn(now)
            kept = KeptReport.objects.defer("content").get(pk=number)
            if kept.month in seen:
                _supersede(kept, now)
            else:
                _advance(kept, edition, now)
            seen.add(kept.month)


class ReportSigned:
    """What follows from an answer about a report: see `ApprovalEffect`."""

    kind = APPROVAL
    needs_shell_for_emergencies = False
    is_answered_by_api = True

    def settle(self, request: ApprovalRequest, by: Giver, note: str, now: datetime) -> None:
        """Sign the report, or return it to whoever makes it; raise `NotPossible` if it has changed."""
        _kind, number, name = request.subject.split("/")
        kept, step = KeptReport.objects.defer("content").get(pk=int(number)), SigningStep(name)
        match RequestState(request.state):
            case RequestState.GRANTED:
                if _next(kept) is not step or _is_superseded(kept):
                    raise NotPossible(Message("reports.has-changed"), Message("reports.look-again"))
                given = list(request.answers.filter(answer=ApprovalAnswer.Answer.GRANTED).order_by("pk"))
                names = ", ".join(each.person or each.username for each in given)
                _sign(kept, step, names, _signers_of(given), now, now)
            case RequestState.REFUSED:
                kept.signatures.filter(ended_at=None).update(ended_at=now)
                content = {"order": "return-monthly-report", "step": step.value, "said": note}
                _record(kept, content, by.name, now)
            case RequestState.BROKEN_GLASS:
                raise NotPossible(Message("reports.no-emergency"))
            case _:
                pass


EFFECT = ReportSigned()


def subjects_of(kept: KeptReport) -> Sequence[str]:
    """Return the subjects of the requests for approval about *kept*."""
    return [_name(kept, step) for step in (SigningStep.CHECKED, SigningStep.APPROVED)]


def _name(kept: KeptReport, step: SigningStep) -> str:
    return f"{APPROVAL}/{kept.pk}/{step.value}"


def _advance(kept: KeptReport, edition: Edition, now: datetime) -> None:
    step = _next(kept)
    if step is SigningStep.MADE:
        _settle_task(kept, edition, now)
        step = _next(kept)
    if step is not None and step is not SigningStep.MADE:
        request_for(_subject(kept, step, edition), now)


def _next(kept: KeptReport) -> SigningStep | None:
    """Return the signature that is wanted next; None if all are there."""
    signed = set(kept.signatures.filter(ended_at=None).values_list("step", flat=True))
    return next((step for step in SigningStep if step.value not in signed), None)


def _is_superseded(kept: KeptReport) -> bool:
    return KeptReport.objects.filter(month=kept.month, edition__gt=kept.edition).exists()


def _supersede(kept: KeptReport, now: datetime) -> None:
    """Ask nobody any more for an edition of which there is a newer one; what is signed stays so."""
    withdraw(waiting([work_of(kept)]), Message("reports.is-superseded"), now)
    for subject in subjects_of(kept):
        supersede(subject, now)


def _settle_task(kept: KeptReport, edition: Edition, now: datetime) -> None:
    """Open the task to make it; once that is signed off, so is the report."""
    last = Run.objects.filter(work=work_of(kept)).order_by("-pk").first()
    returned = kept.signatures.filter(step=SigningStep.MADE).order_by("-ended_at").first()
    if last is None or (returned is not None and returned.at >= last.due_at):
        _open_task(kept, returned is not None, edition, now)
        return
    signed = SignOff.objects.filter(run=last, is_performed=True).select_related("account").first()
    if signed is not None:
        _sign(kept, SigningStep.MADE, signed.by, _signers(signed), signed.at, now)


def _open_task(kept: KeptReport, is_returned: bool, edition: Edition, now: datetime) -> None:
    bound, system = REPORTS.of(edition.bindings), edition.bindings.system
    hours = hours_of((bound.made_by,), edition.design)
    within = Duration(Decimal(bound.within), TimeUnit.BUSINESS_DAY)
    run = Run.objects.create(
        work=work_of(kept),
        due_at=now,
        clause_id="",
        document_digest=edition.design.digest,
        ordered_by=BY_SCHEDULE,
        state=Run.State.WAITING,
        reason=RunReason.AWAITING_SIGN_OFF,
        wake_at=now,
        due_until=now + lasts(within, now, system, hours),
    )
    named = {"month": kept.name, "number": kept.edition}
    said = [Message("reports.task-digest", digest=kept.digest)]
    if kept.differences:
        said.append(Message("reports.task-differences", count=len(kept.differences)))
    if is_returned:
        said.append(Message("reports.task-returned", why=_why_returned(kept)))
    ExtraTask.objects.create(
        run=run,
        name=_text(Message("reports.task", **named)),
        owner=bound.made_by,
        content=_text(Message("reports.task-content", **named)),
        facts=list(filter(None, (*map(_text, said), remarks_fact(kept)))),
        ordered_at=now,
    )


def _text(said: Message) -> str:
    # A task that no row orders has a name in words, as if a person had ordered it.
    return said.in_language(DOCUMENTS_LANGUAGE)


def _why_returned(kept: KeptReport) -> str:
    refused = ApprovalRequest.objects.filter(
        subject__in=subjects_of(kept), state=RequestState.REFUSED.value
    ).order_by("-pk")
    answer = ApprovalAnswer.objects.filter(
        request=refused.first(), answer=ApprovalAnswer.Answer.REFUSED
    ).first()
    return " ".join(answer.note.split())[:200] if answer is not None else ""


def _sign(
    kept: KeptReport, step: SigningStep, by: str, signers: Sequence[int], at: datetime, now: datetime
) -> None:
    ReportSignature.objects.create(report=kept, step=step.value, by=by[:300], signers=list(signers), at=at)
    content = {"order": "sign-monthly-report", "step": step.value, "remarks": remarks_digest(kept)}
    _record(kept, content, by, now)


def _signers(signed: SignOff) -> Sequence[int]:
    """Return the accounts of everybody who may have signed the task: none of them checks or approves."""
    account = signed.account
    if account is None:
        return ()
    orders = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.AUDIT, at=signed.at, actor=account.username)
    shells = [
        each.content.get("shell_user", "") for each in orders if each.content.get("run") == signed.run_id
    ]
    behind = [number for shell in shells for number in numbers_behind(account, shell)]
    return tuple(dict.fromkeys((account.pk, *behind, *who_set_password(account, signed.at))))


def _signers_of(given: Sequence[ApprovalAnswer]) -> Sequence[int]:
    found: list[int] = []
    for each in given:
        if each.account is not None:
            found += (each.account.pk, *each.setters, *numbers_behind(each.account, each.shell_user))
    return tuple(dict.fromkeys(found))


def _subject(kept: KeptReport, step: SigningStep, edition: Edition) -> ApprovalSubject:
    bound, standing = REPORTS.of(edition.bindings), list(kept.signatures.filter(ended_at=None).order_by("pk"))
    remarks = kept.remarks.filter(withdrawn_at=None).order_by("pk")
    return ApprovalSubject(
        subject=_name(kept, step),
        title=Message(f"reports.{step.value}-title", month=kept.name, number=kept.edition),
        facts=(
            (Message("reports.digest"), plain(kept.digest)),
            (Message("reports.fact-differences"), plain(f"{len(kept.differences)}")),
            *((SigningStep(each.step).word, plain(each.by)) for each in standing),
            *((Message(f"reports.part-{each.part}"), plain(f"{each.text} — {each.by}")) for each in remarks),
        ),
        content={"digest": kept.digest, "remarks": remarks_digest(kept)},
        document_digest=edition.design.digest,
        acting_digest=edition.bindings.acting_digest,
        terms=ApprovalTerms(bound.role(step), within=bound.approval_within),
        ordered_by=next((each.by for each in standing), BY_SCHEDULE)[:150],
        orderers=tuple(number for each in standing for number in each.signers),
    )


def _record(kept: KeptReport, content: Mapping[str, object], by: str, now: datetime) -> None:
    said = {**content, "month": kept.name, "edition": kept.edition, "digest": kept.digest}
    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, said, actor=by[:150]), now=now)
