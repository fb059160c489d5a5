"""Runs held by a worker: claimed by lease, kept by heartbeat, and closed to a worker that was replaced.

Every claim raises the run's fence. A worker can write about a run only while the run still has the worker's
fence: a worker that was frozen and wakes up finds that another has taken over, and can change nothing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from toban.engine.approvals.requests import request_for
from toban.engine.approvals.rules import RequestState
from toban.engine.evidence import ledger
from toban.engine.message_field import storable
from toban.engine.modes import service as modes
from toban.engine.modes.rules import Mode, ModeDecisions
from toban.engine.runs import approval, rules
from toban.engine.runs.claiming.bell import call_workers
from toban.engine.runs.claiming.ended import ended_evidence
from toban.engine.runs.claiming.reruns import again_next_day, is_only_shown, show
from toban.engine.runs.claiming.silence import SILENCE
from toban.engine.runs.models import Attempt, FinishedStep, Run, RunLog
from toban.engine.runs.modes.acts import has_begun, is_rerun, mode_of
from toban.engine.runs.rules import RunReason, Start
from toban.engine.runs.work import Step, Work
from toban.engine.state.question import NOW, Given, Question
from toban.message import NOTHING, Message, from_json

_TRIES = 3

LEASE = timedelta(seconds=SILENCE)
"""A claim is valid for this long; every heartbeat extends it."""


_LONGEST_PROGRESS = 200
_OF_OTHERS = (RunReason.AWAITING_APPROVAL, RunReason.AWAITING_REPORT, RunReason.AWAITING_SIGN_OFF)


class Fenced(Exception):
    """Another worker has taken over the run: this worker's result no longer counts."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A run held by this worker."""

    run_id: int
    fence: int
    work: str
    due_at: datetime
    parameters: Mapping[str, str]
    results: Mapping[str, object]
    """Step → what it returned, for the steps that earlier holders finished."""
    asks: bool = False
    """Whether somebody must be asked before it goes on, as its mode says."""
    is_rerun: bool = False


@dataclass(frozen=True, slots=True)
class LastStep:
    """The last step of a run, and what it returned (JSON)."""

    name: str
    result: object
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Success:
    """A run that has succeeded, with the step that is not recorded yet."""

    held: Claim
    last: LastStep | None = None


@dataclass(frozen=True, slots=True)
class StepProgress:
    """How far a step is."""

    percent: float | None
    text: Message | str

    def fields(self, now: datetime) -> dict[str, object]:
        """Return it as fields of the run's row."""
        percent = None if self.percent is None else min(max(self.percent, 0.0), 100.0)
        text = self.text[:_LONGEST_PROGRESS] if isinstance(self.text, str) else self.text
        return {"progress_percent": percent, "progress_text": text, "progress_at": now}


def claim_due(
    works: Mapping[str, Work], holder: str, now: datetime, *, room: int, looks_first: bool = True
) -> Sequence[Claim]:
    """Claim up to *room* runs that may start, in one transaction, those that have waited longest first.

    Without *looks_first* the transaction begins in any case, which makes it SQLite's only writer.
    """
    if room <= 0 or (looks_first and not _ANY_DUE.finds(now=now)):
        return ()
    for _ in range(_TRIES):
        try:
            with transaction.atomic():
                decisions = modes.decisions()
                found = _startable(works, decisions, now, room)
                return _start(found, works, decisions, holder=holder, now=now)
        except IntegrityError:
            # Meanwhile another worker has begun another run of one of these works.
            continue
    return ()


def waiting() -> QuerySet[Run]:
    """Return the runs that wait for a worker, not for people and other hosts."""
    return Run.objects.filter(state=Run.State.WAITING).exclude(reason__in=_OF_OTHERS)


def _due(now: datetime | Given) -> QuerySet[Run]:
    is_work_running = Run.objects.filter(work=OuterRef("work"), state=Run.State.RUNNING)
    return waiting().filter(wake_at__lte=now).exclude(Exists(is_work_running))


_ANY_DUE = Question(lambda: _due(NOW).values_list("pk")[:1])


def _startable(
    works: Mapping[str, Work], decisions: ModeDecisions, now: datetime, room: int
) -> Sequence[Run]:
    """Lock and return the first runs that nothing holds up; rows locked by other workers are skipped."""
    others = _Others()
    found: dict[str, Run] = {}
    for run in _locked_in_turn(_due(now), page=room):
        work = works.get(run.work)
        if work is None or run.work in found or mode_of(run, work, decisions) is Mode.SHADOW:
            continue
        if others.have_succeeded(work.depends_on, run.due_at):
            found[run.work] = run
            if len(found) == room:
                break
    return list(found.values())


def _locked_in_turn(runs: QuerySet[Run], *, page: int) -> Iterator[Run]:
    can_pass_by = connection.features.has_select_for_update_skip_locked
    in_turn = runs.select_for_update(skip_locked=can_pass_by, of=("self",) if can_pass_by else ())
    after: tuple[datetime, int] | None = None
    while True:
        rest = in_turn
        if after is not None:
            rest = in_turn.filter(Q(wake_at__gt=after[0]) | Q(wake_at=after[0], pk__gt=after[1]))
        some = list(rest.order_by("wake_at", "pk")[:page])
        yield from some
        if len(some) < page:
            return
        after = some[-1].wake_at, some[-1].pk


def _start(
    runs: Sequence[Run], works: Mapping[str, Work], decisions: ModeDecisions, *, holder: str, now: datetime
) -> Sequence[Claim]:
    if not runs:
        return ()
    results = _results([run.pk for run in runs if run.fence])
    alike: dict[tuple[str, str], list[int]] = defaultdict(list)
    for run in runs:
        work = works[run.work]
        alike[first_open(work, results[run.pk]), work.document_digest].append(run.pk)
    for (step, digest), pks in alike.items():
        Run.objects.filter(pk__in=pks).update(
            state=Run.State.RUNNING,
            reason=RunReason.CLAIMED,
            holder=holder,
            fence=F("fence") + 1,
            leased_until=now + LEASE,
            began_at=Coalesce("began_at", now),
            document_digest=digest,
            **_beginning(step),
        )
    Attempt.objects.bulk_create(
        Attempt(run=run, fence=run.fence + 1, holder=holder, began_at=now) for run in runs
    )
    return [_claimed(run, works[run.work], results[run.pk], decisions) for run in runs]


def _claimed(run: Run, work: Work, results: Mapping[str, object], decisions: ModeDecisions) -> Claim:
    """Return *run* as claimed; *run* itself still is as it was before."""
    again, asks = is_rerun(run), mode_of(run, work, decisions) is Mode.ASK
    # What has begun goes on, unless it is begun again.
    asks = asks and (again or not has_begun(work, results))
    return Claim(
        run.pk, run.fence + 1, run.work, run.due_at, run.parameters, results, asks=asks, is_rerun=again
    )


def _results(run_ids: Collection[int]) -> Mapping[int, dict[str, object]]:
    found: dict[int, dict[str, object]] = defaultdict(dict)
    if run_ids:
        done = FinishedStep.objects.filter(run__in=run_ids)
        for run_id, name, result in done.values_list("run_id", "name", "result"):
            found[run_id][name] = result
    return found


def first_open(work: Work, results: Mapping[str, object]) -> str:
    """Return the name of the first step that is not in *results*; empty if all are done."""
    return next((step.name for step in work.steps if step.name not in results), "")


def _beginning(step: str) -> dict[str, object]:
    """Return the fields of a run's row at the beginning of *step*."""
    return {"step": step, "progress_percent": None, "progress_text": NOTHING, "progress_at": None}


def take_over(run: Run, works: Mapping[str, Work], holder: str, now: datetime) -> Claim | None:
    """Take over a lost worker's *run*; None if another was faster, or if it ends after too many losses."""
    work = works.get(run.work)
    if work is None:
        return None
    run.losses += 1
    if rules.after_loss(run.losses) is RunReason.TAKEN_OVER and not run.is_cancelling:
        return _taken_over(run, work, holder, now)
    held = Claim(run.pk, run.fence, run.work, run.due_at, {}, {})
    with transaction.atomic():
        ledger.hold()
        found = _mine(held).select_for_update().filter(leased_until=run.leased_until).first()
        if found is not None:
            _end_attempt(found, RunReason.LOST, NOTHING, now)
            found.losses = run.losses
            is_cancelled = found.is_cancelling
            state = Run.State.CANCELLED if is_cancelled else Run.State.FAILED
            reason = RunReason.CANCELLED if is_cancelled else RunReason.LOST
            note = found.note if is_cancelled else Message("runs.workers-lost", count=run.losses)
            end(found, state, reason, now, note)
            if work.reruns_next_day and not is_cancelled:
                again_next_day(found, work, now)
    return None


def _taken_over(run: Run, work: Work, holder: str, now: datetime) -> Claim | None:
    with transaction.atomic():
        # A heartbeat, or another worker's take-over, may have been faster: only one UPDATE matches.
        taken = Run.objects.filter(
            pk=run.pk, fence=run.fence, state=run.state, leased_until=run.leased_until
        ).update(
            reason=RunReason.TAKEN_OVER,
            holder=holder,
            fence=F("fence") + 1,
            leased_until=now + LEASE,
            losses=run.losses,
        )
        if not taken:
            return None
        Attempt.objects.filter(run=run, ended_at=None).update(ended_at=now, outcome=RunReason.LOST)
        fence = run.fence + 1
        Attempt.objects.create(run=run, fence=fence, holder=holder, began_at=now)
        results = _results([run.pk])[run.pk]
        Run.objects.filter(pk=run.pk).update(**_beginning(first_open(work, results)))
    return _claimed(run, work, results, modes.decisions())


@dataclass
class _Others:
    """The results of runs that others depend on, each queried once."""

    _known: dict[tuple[str, datetime], bool] = field(default_factory=dict)

    def have_succeeded(self, keys: Iterable[str], due_at: datetime) -> bool:
        return all(self._has_succeeded(key, due_at) for key in keys)

    def _has_succeeded(self, key: str, due_at: datetime) -> bool:
        asked = (key, due_at)
        if asked not in self._known:
            real = Run.objects.filter(work=key, due_at__lte=due_at).exclude(state=Run.State.SHADOW)
            last = real.order_by("-due_at").first()
            # A work that was never due before has nothing to wait for.
            self._known[asked] = last is None or last.state == Run.State.DONE
        return self._known[asked]


def why_start(run: Run, depends_on: Iterable[str], now: datetime) -> Start:
    """Return whether a waiting run may start, according to the tables."""
    others = _Others()
    return rules.start(
        wake_at=run.wake_at,
        now=now,
        is_approval_awaited=run.reason == RunReason.AWAITING_APPROVAL,
        is_work_running=Run.objects.filter(work=run.work, state=Run.State.RUNNING).exists(),
        others_succeeded=[others.have_succeeded([key], run.due_at) for key in depends_on],
    )


def require(held: Claim) -> None:
    """Raise `Fenced` if the run is no longer held."""
    if not _mine(held).exists():
        raise _fenced(held)


def has_consent(held: Claim, work: Work, step: Step, now: datetime) -> bool:
    """Return whether *step* of *work* is approved. If not yet, ask, and release the run. May raise `Fenced`.

    A run that is being cancelled asks nobody: it ends.
    """
    with transaction.atomic():
        ledger.hold()
        run = locked(held)
        if run.is_cancelling:
            _end_attempt(run, RunReason.CANCELLED, NOTHING, now)
            end(run, Run.State.CANCELLED, RunReason.CANCELLED, now, run.note)
            return False
        asked = request_for(approval.subject_of(run, work, step), now)
        if RequestState(asked.state).lets_act:
            return True
        _end_attempt(run, RunReason.AWAITING_APPROVAL, NOTHING, now)
        run.step = step.name
        if not (run.failures or run.losses or run.steps.exists()):
            # It has only asked: what takes five minutes did not take the night until somebody approved it.
            run.began_at = None
        note = Message("runs.approval-awaited", step=step.name, wanted_of=asked.role)
        _let_go(run, RunReason.AWAITING_APPROVAL, now, note)
        return False


def locked(held: Claim) -> Run:
    """Return the run, locked until the transaction ends, or raise `Fenced`."""
    run = _mine(held).select_for_update().first()
    if run is None:
        raise _fenced(held)
    return run


def _fenced(held: Claim) -> Fenced:
    return Fenced(f"run {held.run_id} is no longer held with fence {held.fence}")


def keep(
    held: Claim, step: str, result: object, *, began_at: datetime, now: datetime, then: str = ""
) -> None:
    """Record that *step* has returned *result* (JSON) and that *then* begins, or raise `Fenced`."""
    with transaction.atomic():
        # The UPDATE locks the row until the commit: a take-over happens before it, or after.
        if not _mine(held).update(**_beginning(then)):
            raise _fenced(held)
        FinishedStep.objects.create(
            run_id=held.run_id,
            name=step,
            fence=held.fence,
            began_at=began_at,
            ended_at=now,
            result=result,
        )


def write_log(held: Claim, step: str, lines: Sequence[Message | str], now: datetime) -> None:
    """Add *lines* to the run's log, or raise `Fenced`."""
    with transaction.atomic():
        locked(held)
        RunLog.objects.bulk_create(
            RunLog(run_id=held.run_id, fence=held.fence, step=step, at=now, text=line) for line in lines
        )


def succeed_all(successes: Sequence[Success], now: datetime) -> Collection[int]:
    """End runs as succeeded, all in one transaction; return the ids of those that are no longer held.

    Only one transaction at a time can write evidence: many ends in one transaction cost about as much as one.
    """
    by_run = {each.held.run_id: each for each in successes}
    with transaction.atomic():
        ledger.hold()
        running = Run.objects.select_for_update().filter(pk__in=by_run, state=Run.State.RUNNING)
        runs = [run for run in running.order_by("pk") if run.fence == by_run[run.pk].held.fence]
        pks = [run.pk for run in runs]
        FinishedStep.objects.bulk_create(
            FinishedStep(
                run=run, fence=run.fence, name=last.name, began_at=last.began_at, ended_at=now,
                result=last.result,
            )
            for run in runs
            if (last := by_run[run.pk].last) is not None
        )  # fmt: skip
        Attempt.objects.filter(run__in=pks, ended_at=None).update(ended_at=now, outcome=RunReason.SUCCEEDED)
        ended = {
            "state": Run.State.DONE,
            "reason": RunReason.SUCCEEDED,
            "note": NOTHING,
            "ended_at": now,
            "holder": "",
            "leased_until": None,
            **_beginning(""),
        }
        Run.objects.filter(pk__in=pks).update(**ended)
        for run in runs:
            vars(run).update(ended)
            note = _result(by_run[run.pk])
            if note:
                run.note = note
                run.save(update_fields=["note"])
        ledger.append(*map(ended_evidence, runs), now=now)
    return by_run.keys() - set(pks)


def _result(success: Success) -> Message:
    """Return the run's result in words, if its last step returned a message or text."""
    match success.last.result if success.last is not None else None:
        case str() | {"code": str(), "values": dict()} as result:
            return storable(from_json(result))
        case _:
            return NOTHING


def fail(held: Claim, work: Work, reason: RunReason, error: Message, now: datetime) -> None:
    """End the attempt: the run waits for a retry if the work allows one, or fails. May raise `Fenced`."""
    with transaction.atomic():
        ledger.hold()
        run = locked(held)
        run.failures += 1
        _end_attempt(run, reason, error, now)
        verdict = rules.after_failure(reason, run.failures, work.retry_delays, now)
        if run.is_cancelling:
            # The failure may be the effect of stopping it.
            end(run, Run.State.CANCELLED, RunReason.CANCELLED, now, run.note)
        elif verdict.again_at is not None and is_only_shown(work):
            end(run, Run.State.FAILED, reason, now, error)
            show(run, work, verdict.again_at, now)
        elif verdict.again_at is not None:
            _let_go(run, verdict.reason, verdict.again_at, error)
        else:
            end(run, Run.State.FAILED, verdict.reason, now, error)
            if work.reruns_next_day:
                again_next_day(run, work, now)


def release(
    held: Claim, reason: RunReason, now: datetime, *, until: datetime | None = None, why: Message = NOTHING
) -> None:
    """Release the run, until *until* for *why*: STOPPED leaves it to another worker, CANCELLED ends it.

    May raise `Fenced`.
    """
    with transaction.atomic():
        ledger.hold()
        run = locked(held)
        _end_attempt(run, reason, why, now)
        if reason is RunReason.CANCELLED or run.is_cancelling:
            end(run, Run.State.CANCELLED, RunReason.CANCELLED, now, run.note)
        else:
            _let_go(run, reason, until or now, why or run.note)


def _mine(held: Claim) -> QuerySet[Run]:
    return Run.objects.filter(pk=held.run_id, fence=held.fence, state=Run.State.RUNNING)


def _let_go(run: Run, reason: RunReason, wake_at: datetime, note: Message) -> None:
    run.state, run.reason, run.wake_at, run.note = Run.State.WAITING, reason, wake_at, note
    run.holder, run.leased_until = "", None
    run.save()
    if reason is RunReason.STOPPED:
        call_workers()


def _end_attempt(run: Run, outcome: RunReason, error: Message, now: datetime) -> None:
    Attempt.objects.filter(run=run, ended_at=None).update(ended_at=now, outcome=outcome, error=error)


def end(run: Run, state: Run.State, reason: RunReason, now: datetime, note: Message) -> None:
    """End the run for good, with its evidence, in the caller's transaction; the caller holds the ledger."""
    run.state, run.reason, run.note, run.ended_at = state, reason, storable(note), now
    run.holder, run.leased_until = "", None
    run.save()
    ledger.append(ended_evidence(run), now=now)
