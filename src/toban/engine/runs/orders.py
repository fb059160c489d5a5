"""What operators may order about a work: run, cancel, skip, repeat, approve or refuse. All audited."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from toban.engine.approvals import answering
from toban.engine.approvals.answering import AnswerOrder
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest
from toban.engine.approvals.port import ApprovalEffect
from toban.engine.approvals.requests import supersede
from toban.engine.approvals.rules import RequestState
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator
from toban.engine.runs.approval import request_of, subject_name
from toban.engine.runs.claiming import claim
from toban.engine.runs.claiming.bell import call_workers
from toban.engine.runs.leads import RUN_OWNERS
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.parameters import choices, filled, read, unknown_names, why_refused
from toban.engine.runs.rules import RunReason
from toban.message import NOTHING, Message, plain


def planned(key: str) -> PlannedWork:
    """Return the work that a running Toban knows by *key*, or raise `NotPossible`."""
    found = PlannedWork.objects.filter(key=key, in_force=True).first()
    if found is None:
        known = tuple(PlannedWork.objects.filter(in_force=True).values_list("key", flat=True))
        hint = Message("runs.known-batches", known=known) if known else Message("runs.bind-a-batch")
        raise NotPossible(Message("runs.no-such-batch", key=key), hint)
    return found


def _done_here(key: str) -> PlannedWork:
    """Return the work, or raise `NotPossible` if it is done elsewhere: Toban could only pretend to act."""
    work = _not_a_task(planned(key))
    if work.is_reported:
        raise NotPossible(Message("runs.done-elsewhere", key=key), Message("runs.order-it-there"))
    return work


def _not_a_task(work: PlannedWork) -> PlannedWork:
    """Return *work*, or raise `NotPossible` if people perform it: only who may sign it off ends it."""
    if work.is_task:
        raise _is_a_task(work.key)
    return work


def _is_a_task(key: str) -> NotPossible:
    return NotPossible(Message("runs.is-a-task", key=key), Message("runs.sign-it-off"))


def accepted(work: PlannedWork, parameters: Mapping[str, str]) -> Mapping[str, str]:
    """Return *parameters* with the defaults of *work*; raise `NotPossible` if it does not take them."""
    takes = read(work.parameters)
    if unknown := unknown_names(parameters, takes):
        said = Message("runs.batch-has-no-such-parameter", key=work.key, names=unknown)
        raise NotPossible(said, choices(takes))
    given = filled(parameters, takes)
    if why := why_refused(given, takes):
        raise NotPossible(why, choices(takes))
    return given


def orderable(
    key: str, parameters: Mapping[str, str], account: Operator | None = None
) -> tuple[PlannedWork, Mapping[str, str]]:
    """Return the work *key* and the parameters of its run; raise `NotPossible` if it takes no such order."""
    work = _done_here(key)
    _require_orderer(work, account)
    return work, accepted(work, parameters)


def order(
    key: str,
    parameters: Mapping[str, str],
    *,
    by: str,
    now: datetime,
    account: Operator | None = None,
    shell_user: str = "",
    token_maker: str = "",
) -> Run:
    """Have the work run now, outside its schedule, with *parameters* that it knows.

    *account* is who orders it, if an account does; a work that needs approval takes no order without.
    *shell_user* is the user of the operating system, for a command on the server: nor do they approve it.
    *token_maker* is the same, for an order by a token that a command on the server made.
    """
    with transaction.atomic():
        ledger.hold()
        work, given = orderable(key, parameters, account)
        run = Run.objects.create(
            work=key,
            due_at=now,
            clause_id=work.clause_id,
            document_digest="",
            ordered_by=by,
            orderers=_with(account, shell_user or token_maker, ()),
            parameters=given,
            reason=RunReason.ORDERED,
            wake_at=now,
        )
        _audit(run, "run", by, now, shell_user)
        call_workers()
    return run


def cancel(
    key: str,
    *,
    by: str,
    now: datetime,
    run_id: int | None = None,
    shell_user: str = "",
    is_owner: bool = False,
) -> Run:
    """Cancel the work's waiting or running run; a running step is stopped within seconds.

    If there are several, it is the one due first, or the one with *run_id*. What the run belongs to has its
    own rules for who stops it, so that only *is_owner* does it here; see `RUN_OWNERS`.
    """
    with transaction.atomic():
        ledger.hold()
        run = _open_run(key, run_id)
        if run is None:
            raise NotPossible(Message("runs.nothing-to-cancel", key=key), plain(f"toban runs --work {key}"))
        if run.reason == RunReason.AWAITING_SIGN_OFF:
            raise _is_a_task(key)
        if not is_owner:
            _require_own(run)
        run.note = Message("runs.cancelled-by", by=by)
        if run.state == Run.State.WAITING:
            supersede(subject_name(run.pk), now)
            claim.end(run, Run.State.CANCELLED, RunReason.CANCELLED, now, run.note)
        else:
            _done_here(key)
            run.is_cancelling = True
            run.save(update_fields=["is_cancelling", "note"])
        _audit(run, "cancel", by, now, shell_user)
    return run


def skip(key: str, why: str, *, by: str, now: datetime, shell_user: str = "") -> Run:
    """Skip the work's waiting run, or else its next due time."""
    with transaction.atomic():
        ledger.hold()
        work = _not_a_task(planned(key))
        run = _open_run(key)
        if run is not None and run.state == Run.State.RUNNING:
            raise NotPossible(Message("runs.is-running", key=key), plain(f"toban run {key} --cancel"))
        if run is None:
            if work.next_due is None:
                raise NotPossible(Message("runs.no-next-due", key=key), plain(f"toban why {key}"))
            run = Run(
                work=key, due_at=work.next_due, clause_id=work.clause_id, ordered_by="schedule",
                wake_at=work.next_due,
            )  # fmt: skip
        else:
            _require_own(run)
            supersede(subject_name(run.pk), now)
        note = Message("runs.skipped-by", by=by, why=why)
        claim.end(run, Run.State.SKIPPED, RunReason.SKIPPED, now, note)
        _audit(run, "skip", by, now, shell_user)
    return run


def again(
    key: str,
    run_id: int,
    from_step: str | None,
    *,
    by: str,
    now: datetime,
    account: Operator | None = None,
    shell_user: str = "",
    token_maker: str = "",
) -> Run:
    """Repeat an ended run: after its last finished step, or from the step named *from_step*.

    That is an order, too: whoever gives it does not approve the run.
    """
    with transaction.atomic():
        ledger.hold()
        _require_orderer(_done_here(key), account)
        run = Run.objects.select_for_update().filter(pk=run_id, work=key).first()
        if run is None or run.state in Run.OPEN:
            said = Message("runs.no-such-ended-run", key=key, run=run_id)
            raise NotPossible(said, plain(f"toban runs --work {key}"))
        if from_step is not None:
            _forget_from(run, from_step)
        elif run.state == Run.State.DONE:
            raise NotPossible(Message("runs.has-succeeded", run=run_id), Message("runs.choose-a-step"))
        run.state, run.reason, run.wake_at = Run.State.WAITING, RunReason.ORDERED, now
        run.failures, run.losses, run.is_rerun = 0, 0, False
        run.orderers = _with(account, shell_user or token_maker, run.orderers)
        # The approval was for the old attempt; a step that is done asks no more.
        supersede(subject_name(run.pk), now, keep=tuple(run.steps.values_list("name", flat=True)))
        run.ended_at, run.is_cancelling, run.note = None, False, NOTHING
        run.save()
        _audit(run, "again", by, now, shell_user)
        call_workers()
    return run


@dataclass(frozen=True, slots=True)
class ApprovalOrder:
    """An answer to what a run asks approval for."""

    run_id: int
    shown: str
    """The digest of what was shown; see `ApprovalRequest.digest`."""
    by: Giver
    edition: Edition
    note: str = ""
    key: str | None = None
    """The run's work, if the order names it."""


def approve(order: ApprovalOrder, now: datetime) -> Run:
    """Approve the step that the run waits for; it continues at once if that is enough."""
    return _answered(answering.approve, order, now)


def break_glass(order: ApprovalOrder, now: datetime) -> Run:
    """Let the step begin without approval, in an emergency; the note is the reason."""
    return _answered(answering.break_glass, order, now)


def refuse(order: ApprovalOrder, now: datetime) -> Run:
    """Refuse the step that the run waits for, which ends the run; the note is the reason."""
    return _answered(answering.refuse, order, now)


class RunApproved:
    """What follows from an answer about a run: its step begins, or it ends."""

    kind = "run"
    needs_shell_for_emergencies = False
    is_answered_by_api = True

    def settle(self, request: ApprovalRequest, by: Giver, note: str, now: datetime) -> None:
        """Go on, end, or say how many have approved; raise `NotPossible` if the run no longer waits."""
        run = _waiting_for(request)
        match RequestState(request.state):
            case RequestState.GRANTED:
                _go_on(run, Message("runs.approved-by", by=by.name), now)
            case RequestState.BROKEN_GLASS:
                _go_on(run, Message("runs.glass-broken-by", by=by.name, why=note), now)
            case RequestState.REFUSED:
                said = Message("runs.refused-by", by=by.name, why=note)
                claim.end(run, Run.State.CANCELLED, RunReason.REFUSED, now, said)
            case _:
                given = request.answers.standing().count()
                run.note = Message(
                    "runs.approved-in-part",
                    by=by.name,
                    given=given,
                    people=request.people,
                    role=request.role,
                )
                run.save(update_fields=["note"])


EFFECT = RunApproved()

type _Answer = Callable[[AnswerOrder, Iterable[ApprovalEffect], datetime], ApprovalRequest]


def _answered(answer: _Answer, order: ApprovalOrder, now: datetime) -> Run:
    with transaction.atomic():
        run, request = _awaiting(order.run_id, order.key)
        answer(AnswerOrder(request.pk, order.shown, order.by, order.edition, order.note), (EFFECT,), now)
        run.refresh_from_db()
    return run


def _waiting_for(request: ApprovalRequest) -> Run:
    """Return the run that waits for the answer to *request*, locked, or raise `NotPossible`."""
    run_id = int(request.subject.partition("/")[2])
    waiting = Run.objects.filter(state=Run.State.WAITING, reason=RunReason.AWAITING_APPROVAL)
    run = waiting.select_for_update().filter(pk=run_id, step=request.part).first()
    if run is None:
        said = Message("runs.awaits-no-approval", run=run_id)
        raise NotPossible(said, Message("runs.list-shows-waiting"))
    return run


def _go_on(run: Run, note: Message, now: datetime) -> None:
    run.reason, run.wake_at, run.note = RunReason.APPROVED, now, note
    run.save()
    call_workers()


def _awaiting(run_id: int, key: str | None) -> tuple[Run, ApprovalRequest]:
    """Return the run that waits for approval, locked; raise `NotPossible` if it does not wait for one."""
    ledger.hold()
    run = Run.objects.select_for_update().filter(pk=run_id).first()
    is_asked = run is not None and key in (None, run.work)
    is_waiting = is_asked and run is not None and run.state == Run.State.WAITING
    request = request_of(run) if run is not None and is_waiting else None
    if run is None or request is None or run.reason != RunReason.AWAITING_APPROVAL:
        said = (
            Message("runs.awaits-no-approval", run=run_id)
            if key is None
            else Message("runs.batch-awaits-no-approval", key=key, run=run_id)
        )
        raise NotPossible(said, Message("runs.list-shows-waiting"))
    return run, request


def _require_orderer(work: PlannedWork, account: Operator | None) -> None:
    """Raise `NotPossible` if it would not be known who may not approve the run: who ordered it."""
    if work.needs_approval and account is None:
        raise NotPossible(Message("runs.orderer-unknown", key=work.key), Message("runs.order-as-account"))


def _with(account: Operator | None, shell_user: str, others: Iterable[int]) -> list[int]:
    return list(dict.fromkeys((*others, *Giver(account, shell_user=shell_user).orderers)))


def _forget_from(run: Run, step: str) -> None:
    first = run.steps.filter(name=step).first()
    if first is None:
        done = tuple(run.steps.order_by("pk").values_list("name", flat=True))
        said = Message("runs.no-such-finished-step", run=run.pk, step=step)
        raise NotPossible(said, Message("runs.finished-steps", done=done or "—"))
    run.steps.filter(pk__gte=first.pk).delete()
    run.hosts.all().delete()


def _open_run(key: str, run_id: int | None = None) -> Run | None:
    found = Run.objects.select_for_update().filter(work=key, state__in=Run.OPEN)
    return (found if run_id is None else found.filter(pk=run_id)).order_by("due_at").first()


def _require_own(run: Run) -> None:
    """Raise `NotPossible` if *run* belongs to something that people stop by an order of its own."""
    for owner in settings.PARTS.ports.all(RUN_OWNERS):
        if command := owner(run.pk):
            raise NotPossible(Message("runs.belongs-to-another", run=run.pk), plain(command))


def _audit(run: Run, what: str, by: str, now: datetime, shell_user: str) -> None:
    content = {
        "order": what,
        "work": run.work,
        "run": run.pk,
        "due": run.due_at.isoformat(),
        "note": run.note.as_json(),
        **({"via": ApprovalAnswer.Via.SHELL, "shell_user": shell_user} if shell_user else {}),
    }
    record = ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=by, clause_id=run.clause_id)
    ledger.append(record, now=now)
