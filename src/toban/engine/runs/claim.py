"""Runs in a worker's hand: claimed by lease, kept by heartbeat, and refused to whoever was replaced.

Every claim raises the run's fence. Whatever a worker writes about a run, it writes only while the run still
carries its fence: a worker that was frozen and wakes up finds that another goes on, and can change nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.runs import rules
from toban.engine.runs.models import Approval, Attempt, FinishedStep, Run, RunLog
from toban.engine.runs.rules import Reason, Start
from toban.engine.runs.work import Work

LEASE = timedelta(seconds=7)
"""A worker that is silent for so long is replaced; with the turns between, within 10 seconds."""


_LONGEST_PROGRESS = 200


class Fenced(Exception):
    """The run is another worker's by now: what this one found out no longer counts."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A run in hand."""

    run_id: int
    fence: int
    work: str
    due_at: datetime
    parameters: Mapping[str, str]
    results: Mapping[str, object]
    """What the steps finished by earlier holders returned."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a step is."""

    percent: float | None
    text: str

    def fields(self, now: datetime) -> dict[str, object]:
        """Return what the run's row says of it."""
        percent = None if self.percent is None else min(max(self.percent, 0.0), 100.0)
        text = ledger.storable_text(self.text)[:_LONGEST_PROGRESS]
        return {"progress_percent": percent, "progress_text": text, "progress_at": now}


def claim(
    works: Mapping[str, Work], holder: str, now: datetime, *, in_hand: Collection[int] = ()
) -> Claim | None:
    """Take the run that has waited longest, or a lost worker's; None when there is none.

    *in_hand* are this worker's own: after a jump of the clock they only look lost.
    """
    to_start = Q(state=Run.State.WAITING, wake_at__lte=now)
    lost = Q(state=Run.State.RUNNING) & (Q(leased_until__lte=now) | Q(leased_until=None))
    candidates = Run.objects.filter(to_start | lost, work__in=list(works)).exclude(pk__in=list(in_hand))
    for run in candidates.exclude(reason=Reason.AWAITING_APPROVAL).order_by("wake_at", "pk"):
        if run.state == Run.State.RUNNING:
            found = _take_over(run, holder, now)
        elif why_start(run, works[run.work].depends_on, now) is Start.NOW:
            found = _take(run, holder, now, Reason.CLAIMED)
        else:
            continue
        if found is not None:
            return found
    return None


def why_start(run: Run, depends_on: Iterable[str], now: datetime) -> Start:
    """Say whether a waiting run may start, by the tables."""
    others = [_last_before(key, run.due_at) for key in depends_on]
    return rules.start(
        wake_at=run.wake_at,
        now=now,
        is_approval_awaited=run.reason == Reason.AWAITING_APPROVAL,
        is_work_running=Run.objects.filter(work=run.work, state=Run.State.RUNNING).exists(),
        # A work that was never due before has nothing to wait for.
        others_succeeded=[other is None or other.state == Run.State.DONE for other in others],
    )


def renew(held: Claim, now: datetime, progress: Progress | None = None) -> Reason | None:
    """Keep the lease, and note *progress*; return why the worker must let go of the run, or None to go on."""
    mine = _mine(held)
    told = progress.fields(now) if progress is not None else {}
    # Only this one UPDATE matches, or that of whoever took over.
    if not mine.update(leased_until=now + LEASE, **told):
        return Reason.FENCED
    return Reason.CANCELLED if mine.filter(is_cancelling=True).exists() else None


def begin(held: Claim, step: str) -> None:
    """Note that *step* begins; raise `Fenced` if the run is no longer held."""
    began = _mine(held).update(step=step, progress_percent=None, progress_text="", progress_at=None)
    if not began:
        raise _fenced(held)


def has_consent(held: Claim, step: str, wanted_of: str, now: datetime) -> bool:
    """Whether *step* may act. If nobody has said so yet, ask, and let go of the run. May raise `Fenced`."""
    with transaction.atomic():
        ledger.hold()
        run = _locked(held)
        asked, _ = Approval.objects.get_or_create(
            run=run, step=step, is_superseded=False, defaults={"wanted_of": wanted_of, "asked_at": now}
        )
        if asked.answer == Approval.Answer.GRANTED:
            return True
        _end_attempt(run, Reason.AWAITING_APPROVAL, "", now)
        run.step = step
        _let_go(run, Reason.AWAITING_APPROVAL, now, f"「{step}」の前に{wanted_of}の承認を待っています")
        return False


def _locked(held: Claim) -> Run:
    """The run, locked until the transaction ends, or `Fenced`."""
    run = _mine(held).select_for_update().first()
    if run is None:
        raise _fenced(held)
    return run


def _fenced(held: Claim) -> Fenced:
    return Fenced(f"run {held.run_id} is no longer held with fence {held.fence}")


def keep(held: Claim, step: str, result: object, *, began_at: datetime, now: datetime) -> None:
    """Record that *step* is finished and what it returned (JSON); raise `Fenced` if that no longer counts."""
    with transaction.atomic():
        _locked(held)
        FinishedStep.objects.create(
            run_id=held.run_id,
            name=step,
            fence=held.fence,
            began_at=began_at,
            ended_at=now,
            result=result,
        )


def write_log(held: Claim, step: str, lines: Sequence[str], now: datetime) -> None:
    """Add *lines* to the run's log, or raise `Fenced`."""
    with transaction.atomic():
        _locked(held)
        RunLog.objects.bulk_create(
            RunLog(run_id=held.run_id, fence=held.fence, step=step, at=now, text=ledger.storable_text(line))
            for line in lines
        )


def succeed(held: Claim, now: datetime) -> None:
    """End the run well, or raise `Fenced`."""
    with transaction.atomic():
        ledger.hold()
        run = _locked(held)
        _end_attempt(run, Reason.SUCCEEDED, "", now)
        end(run, Run.State.DONE, Reason.SUCCEEDED, now, "")


def fail(held: Claim, work: Work, reason: Reason, error: str, now: datetime) -> None:
    """End the attempt: the run waits for the next by the work's rule, or has failed. May raise `Fenced`."""
    with transaction.atomic():
        ledger.hold()
        run = _locked(held)
        run.failures += 1
        _end_attempt(run, reason, error, now)
        verdict = rules.after_failure(reason, run.failures, work.retry_delays, now)
        if verdict.again_at is not None:
            _let_go(run, verdict.reason, verdict.again_at, error)
            return
        end(run, Run.State.FAILED, verdict.reason, now, error)
        if work.reruns_next_day:
            _again_next_day(run, work)


def release(held: Claim, reason: Reason, now: datetime) -> None:
    """Let go of the run: STOPPED leaves it to another worker, CANCELLED ends it. May raise `Fenced`."""
    with transaction.atomic():
        ledger.hold()
        run = _locked(held)
        _end_attempt(run, reason, "", now)
        if reason is Reason.CANCELLED:
            end(run, Run.State.CANCELLED, reason, now, run.note)
        else:
            _let_go(run, reason, now, run.note)


def _take(run: Run, holder: str, now: datetime, reason: Reason) -> Claim | None:
    try:
        with transaction.atomic():
            # Two workers may have read the same row; the fence lets one UPDATE match.
            taken = Run.objects.filter(pk=run.pk, fence=run.fence, state=run.state).update(
                state=Run.State.RUNNING,
                reason=reason,
                holder=holder,
                fence=F("fence") + 1,
                leased_until=now + LEASE,
                began_at=run.began_at or now,
                losses=run.losses,
            )
            if not taken:
                return None
            fence = run.fence + 1
            Attempt.objects.create(run=run, fence=fence, holder=holder, began_at=now)
    except IntegrityError:
        # Another run of the same work has been started meanwhile.
        return None
    results = dict(FinishedStep.objects.filter(run=run).values_list("name", "result"))
    return Claim(run.pk, fence, run.work, run.due_at, run.parameters, results)


def _take_over(run: Run, holder: str, now: datetime) -> Claim | None:
    run.losses += 1
    if rules.after_loss(run.losses) is Reason.TAKEN_OVER and not run.is_cancelling:
        taken = _take(run, holder, now, Reason.TAKEN_OVER)
        if taken is not None:
            Attempt.objects.filter(run=run, ended_at=None).exclude(fence=taken.fence).update(
                ended_at=now, outcome=Reason.LOST
            )
        return taken
    held = Claim(run.pk, run.fence, run.work, run.due_at, {}, {})
    with transaction.atomic():
        ledger.hold()
        found = _mine(held).select_for_update().filter(leased_until=run.leased_until).first()
        if found is not None:
            _end_attempt(found, Reason.LOST, "", now)
            is_cancelled = found.is_cancelling
            state = Run.State.CANCELLED if is_cancelled else Run.State.FAILED
            reason = Reason.CANCELLED if is_cancelled else Reason.LOST
            note = found.note if is_cancelled else f"実行中のワーカーが {run.losses} 回失われました"
            end(found, state, reason, now, note)
    return None


def _mine(held: Claim) -> QuerySet[Run]:
    return Run.objects.filter(pk=held.run_id, fence=held.fence, state=Run.State.RUNNING)


def _last_before(work: str, due_at: datetime) -> Run | None:
    return Run.objects.filter(work=work, due_at__lte=due_at).order_by("-due_at").first()


def _let_go(run: Run, reason: Reason, wake_at: datetime, note: str) -> None:
    run.state, run.reason, run.wake_at, run.note = Run.State.WAITING, reason, wake_at, note
    run.holder, run.leased_until = "", None
    run.save()


def _end_attempt(run: Run, outcome: Reason, error: str, now: datetime) -> None:
    Attempt.objects.filter(run=run, ended_at=None).update(ended_at=now, outcome=outcome, error=error)


def end(run: Run, state: Run.State, reason: Reason, now: datetime, note: str) -> None:
    """End the run for good, with its evidence, in the caller's transaction, who holds the ledger."""
    run.state, run.reason, run.note, run.ended_at = state, reason, ledger.storable_text(note), now
    run.holder, run.leased_until = "", None
    run.save()
    ledger.append(ended_evidence(run), now=now)


_VERDICTS = {
    Run.State.DONE: Verdict.CONFORMING,
    Run.State.FAILED: Verdict.DEVIATING,
    Run.State.SKIPPED: Verdict.NOT_PERFORMED,
    Run.State.CANCELLED: Verdict.NOT_PERFORMED,
    Run.State.MISSED: Verdict.NOT_PERFORMED,
}


def ended_evidence(run: Run) -> ledger.Record:
    """Return what the ledger keeps of a run that has ended."""
    return ledger.Record(
        LedgerEntry.Kind.VERDICT,
        {
            "verdict": _VERDICTS[Run.State(run.state)].value,
            "work": run.work,
            "run": run.pk,
            "due": run.due_at.isoformat(),
            "reason": run.reason,
            "note": run.note,
            "ordered_by": run.ordered_by,
            "began": run.began_at.isoformat() if run.began_at else None,
            "ended": run.ended_at.isoformat() if run.ended_at else None,
        },
        clause_id=run.clause_id,
        document_digest=run.document_digest,
    )


def _again_next_day(run: Run, work: Work) -> None:
    # On the wall clock, so that it is one with the next day's own due time where there is one.
    due_at = run.due_at.astimezone(work.system.zone) + timedelta(days=1)
    again = Run(
        work=run.work,
        due_at=due_at,
        clause_id=run.clause_id,
        document_digest=run.document_digest,
        ordered_by="schedule",
        parameters=run.parameters,
        reason=Reason.NEXT_DAY,
        wake_at=due_at,
    )
    Run.objects.bulk_create([again], ignore_conflicts=True)
