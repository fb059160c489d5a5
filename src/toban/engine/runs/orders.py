"""What operators may order about a work: run, cancel, skip, repeat, approve or refuse. All audited."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.runs.claiming import claim
from toban.engine.runs.claiming.bell import call_workers
from toban.engine.runs.models import Approval, PlannedWork, Run
from toban.engine.runs.parameters import choices, read, unknown_names
from toban.engine.runs.rules import RunReason
from toban.engine.text import storable_text
from toban.message import NOTHING, Message, plain

_OPEN = (Run.State.WAITING, Run.State.RUNNING)


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
    work = planned(key)
    if work.is_reported:
        raise NotPossible(Message("runs.done-elsewhere", key=key), Message("runs.order-it-there"))
    return work


def order(key: str, parameters: Mapping[str, str], *, by: str, now: datetime) -> Run:
    """Have the work run now, outside its schedule, with *parameters* that it knows."""
    with transaction.atomic():
        ledger.hold()
        work = _done_here(key)
        takes = read(work.parameters)
        if unknown := unknown_names(parameters, takes):
            said = Message("runs.batch-has-no-such-parameter", key=key, names=unknown)
            raise NotPossible(said, choices(takes))
        run = Run.objects.create(
            work=key,
            due_at=now,
            clause_id=work.clause_id,
            document_digest="",
            ordered_by=by,
            parameters=dict(parameters),
            reason=RunReason.ORDERED,
            wake_at=now,
        )
        _audit(run, "run", by, now)
        call_workers()
    return run


def cancel(key: str, *, by: str, now: datetime, run_id: int | None = None) -> Run:
    """Cancel the work's waiting or running run; a running step is stopped within seconds.

    If there are several, it is the one due first, or the one with *run_id*.
    """
    with transaction.atomic():
        ledger.hold()
        run = _open_run(key, run_id)
        if run is None:
            raise NotPossible(Message("runs.nothing-to-cancel", key=key), plain(f"toban runs --work {key}"))
        run.note = Message("runs.cancelled-by", by=by)
        if run.state == Run.State.WAITING:
            run.approvals.filter(answer="").update(is_superseded=True)
            claim.end(run, Run.State.CANCELLED, RunReason.CANCELLED, now, run.note)
        else:
            _done_here(key)
            run.is_cancelling = True
            run.save(update_fields=["is_cancelling", "note"])
        _audit(run, "cancel", by, now)
    return run


def skip(key: str, why: str, *, by: str, now: datetime) -> Run:
    """Skip the work's waiting run, or else its next due time."""
    with transaction.atomic():
        ledger.hold()
        work = planned(key)
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
            run.approvals.filter(answer="").update(is_superseded=True)
        note = Message("runs.skipped-by", by=by, why=why)
        claim.end(run, Run.State.SKIPPED, RunReason.SKIPPED, now, note)
        _audit(run, "skip", by, now)
    return run


def again(key: str, run_id: int, from_step: str | None, *, by: str, now: datetime) -> Run:
    """Repeat an ended run: after its last finished step, or from the step named *from_step*."""
    with transaction.atomic():
        ledger.hold()
        _done_here(key)
        run = Run.objects.select_for_update().filter(pk=run_id, work=key).first()
        if run is None or run.state in _OPEN:
            said = Message("runs.no-such-ended-run", key=key, run=run_id)
            raise NotPossible(said, plain(f"toban runs --work {key}"))
        if from_step is not None:
            _forget_from(run, from_step)
        elif run.state == Run.State.DONE:
            raise NotPossible(Message("runs.has-succeeded", run=run_id), Message("runs.choose-a-step"))
        run.state, run.reason, run.wake_at = Run.State.WAITING, RunReason.ORDERED, now
        run.failures = run.losses = 0
        # The approval was for the old attempt; a step that is done asks no more.
        done = run.steps.values_list("name", flat=True)
        run.approvals.filter(is_superseded=False).exclude(step__in=done).update(is_superseded=True)
        run.ended_at, run.is_cancelling, run.note = None, False, NOTHING
        run.save()
        _audit(run, "again", by, now)
        call_workers()
    return run


def approve(run_id: int, note: str = "", *, by: str, now: datetime, key: str | None = None) -> Run:
    """Approve the step that the run (of the work *key*, if given) waits for; the run continues at once."""
    with transaction.atomic():
        run = _awaiting(run_id, key)
        _answer(run, Approval.Answer.GRANTED, note, by=by, now=now)
        run.reason, run.wake_at, run.note = RunReason.APPROVED, now, Message("runs.approved-by", by=by)
        run.save()
        _audit(run, "approve", by, now, said=note)
        call_workers()
    return run


def refuse(run_id: int, why: str, *, by: str, now: datetime, key: str | None = None) -> Run:
    """Refuse the step that the run (of the work *key*, if given) waits for, which ends the run."""
    with transaction.atomic():
        run = _awaiting(run_id, key)
        _answer(run, Approval.Answer.REFUSED, why, by=by, now=now)
        note = Message("runs.refused-by", by=by, why=why)
        claim.end(run, Run.State.CANCELLED, RunReason.REFUSED, now, note)
        _audit(run, "refuse", by, now, said=why)
    return run


def _awaiting(run_id: int, key: str | None) -> Run:
    """Return the run that waits for approval, locked; raise `NotPossible` if it does not wait for one."""
    ledger.hold()
    run = Run.objects.select_for_update().filter(pk=run_id).first()
    is_asked = run is not None and key in (None, run.work)
    if (
        run is None
        or not is_asked
        or run.state != Run.State.WAITING
        or run.reason != RunReason.AWAITING_APPROVAL
    ):
        said = (
            Message("runs.awaits-no-approval", run=run_id)
            if key is None
            else Message("runs.batch-awaits-no-approval", key=key, run=run_id)
        )
        raise NotPossible(said, Message("runs.list-shows-waiting"))
    return run


def _answer(run: Run, answer: Approval.Answer, note: str, *, by: str, now: datetime) -> None:
    run.approvals.filter(is_superseded=False, step=run.step, answer="").update(
        answer=answer, answered_at=now, answered_by=by, note=storable_text(note)
    )


def _forget_from(run: Run, step: str) -> None:
    first = run.steps.filter(name=step).first()
    if first is None:
        done = tuple(run.steps.order_by("pk").values_list("name", flat=True))
        said = Message("runs.no-such-finished-step", run=run.pk, step=step)
        raise NotPossible(said, Message("runs.finished-steps", done=done or "—"))
    run.steps.filter(pk__gte=first.pk).delete()


def _open_run(key: str, run_id: int | None = None) -> Run | None:
    found = Run.objects.select_for_update().filter(work=key, state__in=_OPEN)
    return (found if run_id is None else found.filter(pk=run_id)).order_by("due_at").first()


def _audit(run: Run, what: str, by: str, now: datetime, *, said: str = "") -> None:
    content = {
        "order": what,
        "work": run.work,
        "run": run.pk,
        "due": run.due_at.isoformat(),
        "note": run.note.as_json(),
        **({"step": run.step, "said": said} if what in ("approve", "refuse") else {}),
    }
    record = ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=by, clause_id=run.clause_id)
    ledger.append(record, now=now)
