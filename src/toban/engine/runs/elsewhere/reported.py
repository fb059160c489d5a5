"""Runs that are done elsewhere: reports of them are recorded, and missing reports are announced.

The newest report about a run counts, as for a person who watches a job: a late success after a missed or
failed run is a success. Each of these ends is recorded in the evidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from toban.engine import amounts
from toban.engine.calendar.due import due_times
from toban.engine.evidence import ledger
from toban.engine.runs.claiming import claim
from toban.engine.runs.claiming.bell import call_workers
from toban.engine.runs.claiming.claim import StepProgress
from toban.engine.runs.elsewhere.belonging import Due, ReportWord, due_of
from toban.engine.runs.models import Attempt, PlannedWork, Run, RunLog
from toban.engine.runs.output.progress import progress_in
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import Work
from toban.message import NOTHING, Message

_HOLDER = "ping"
_STEP = "report"
_LOOKS_BACK = tuple(timedelta(days=days) for days in (1 / 24, 1, 8, 33, 370))
"""How far back to look for the last due time, in this order: usually it is recent."""

_FORESEEN = timedelta(days=370)
_MOST_LINES = 1000
_LONGEST_NOTE = 200


@dataclass(frozen=True, slots=True)
class Report:
    """A report about a work."""

    word: ReportWord
    at: datetime
    text: str = ""
    """The job's text; the receiver limits its length."""
    status: int | None = None
    """The exit status, if that is what was reported."""
    rid: str = ""
    """An id that tells this run from others of the same work, if the job sends one."""


def take(work: Work, report: Report) -> Run | None:
    """Record *report* and return its run; None for text that belongs to no run. Repeating it is harmless."""
    with transaction.atomic():
        ledger.hold()
        run = _run_of(work, report)
        if run is None:
            return None
        if report.word is ReportWord.START:
            _start(run, report)
        elif report.word is ReportWord.SUCCESS and run.state != Run.State.DONE:
            _end(run, Run.State.DONE, _lateness(work, run, report), report)
        elif report.word is ReportWord.FAIL and (run.state, run.reason) != (
            Run.State.FAILED,
            RunReason.REPORTED,
        ):
            run.failures += 1
            _end(run, Run.State.FAILED, _complaint(report), report)
        _log(run, report)
        # Another work may have waited for this one.
        call_workers()
    return run


def close_overdue(works: Mapping[str, Work], now: datetime) -> None:
    """End the runs whose start, or whose end after a start, was not reported in time."""
    reported = {key: work for key, work in works.items() if work.reported is not None}
    if not reported:
        return
    open_runs = Run.objects.filter(
        state__in=Run.OPEN,
        reason__in=(RunReason.AWAITING_REPORT, RunReason.REPORTED),
    )
    overdue = [
        run.pk for run in open_runs if run.work in reported and _deadline(run, reported[run.work]) <= now
    ]
    if not overdue:
        return
    with transaction.atomic():
        ledger.hold()
        for run in open_runs.select_for_update().filter(pk__in=overdue):
            # A report may have come before the lock.
            if _deadline(run, reported[run.work]) <= now:
                _give_up(run, reported[run.work], now)
        call_workers()


def _deadline(run: Run, work: Work) -> datetime:
    within = _within(work)
    if run.state == Run.State.RUNNING and run.began_at is not None:
        return run.began_at + (work.timeout or within)
    return run.due_at + within


def _within(work: Work) -> timedelta:
    if work.reported is None:
        raise AssertionError(f"{work.key} is done here")
    return work.reported.within


def _give_up(run: Run, work: Work, now: datetime) -> None:
    if run.state == Run.State.WAITING:
        note = Message("runs.unreported-for", within=amounts.length(_within(work)))
        claim.end(run, Run.State.MISSED, RunReason.UNREPORTED, now, note)
        return
    note = Message("runs.end-unreported-for", within=amounts.length(work.timeout or _within(work)))
    _end_attempt(run, RunReason.UNREPORTED, note, now)
    claim.end(run, Run.State.FAILED, RunReason.UNREPORTED, now, note)


def _run_of(work: Work, report: Report) -> Run | None:
    """Return the run that *report* is about, locked; it is created if there is none yet."""
    runs = Run.objects.select_for_update().filter(work=work.key)
    named = runs.filter(parameters__rid=report.rid).order_by("-due_at").first() if report.rid else None
    if named is not None:
        return named
    going_on = runs.filter(state=Run.State.RUNNING).first() if report.word is not ReportWord.START else None
    if going_on is not None and not (report.rid and going_on.parameters.get("rid")):
        return going_on
    due_at = _due_at(work, report)
    if due_at is None and report.word is ReportWord.LOG:
        return None
    run, _ = Run.objects.select_for_update().get_or_create(
        work=work.key,
        due_at=due_at or report.at,
        defaults={
            "clause_id": work.clause_id,
            "document_digest": work.document_digest,
            "ordered_by": "schedule" if due_at else _HOLDER,
            "reason": RunReason.AWAITING_REPORT,
            "wake_at": due_at or report.at,
        },
    )
    return run


def _due_at(work: Work, report: Report) -> datetime | None:
    moment = timedelta(microseconds=1)
    later = due_times(work.schedule, work.system, report.at + moment, report.at + _FORESEEN)
    return due_of(
        report.word,
        report.at,
        previous=_previous(work, report.at),
        upcoming=next(later, None),
        within=_within(work),
    )


def _previous(work: Work, at: datetime) -> Due | None:
    """Return the last due time up to *at*, unless it was before the work was known."""
    last = _last_due(work, at)
    if last is None:
        return None
    run = Run.objects.filter(work=work.key, due_at=last).first()
    if run is None:
        mark = PlannedWork.objects.filter(key=work.key).first()
        # Up to that mark, every due time of a known work has become a run.
        return None if mark is None or mark.planned_until >= last else Due(last)
    return Due(last, is_done=run.state == Run.State.DONE)


def _last_due(work: Work, at: datetime) -> datetime | None:
    moment = timedelta(microseconds=1)
    for back in _LOOKS_BACK:
        found = list(due_times(work.schedule, work.system, at - back, at + moment))
        if found:
            return found[-1]
    return None


def _start(run: Run, report: Report) -> None:
    has_begun = bool(report.rid) and run.parameters.get("rid") == report.rid
    if has_begun or run.state == Run.State.RUNNING:
        # Sent again: the answer to the first was lost on the way.
        return
    others = Run.objects.select_for_update().filter(work=run.work, state=Run.State.RUNNING)
    for other in others:
        note = Message("runs.next-began-before-end")
        _end_attempt(other, RunReason.UNREPORTED, note, report.at)
        claim.end(other, Run.State.FAILED, RunReason.UNREPORTED, report.at, note)
    run.state, run.reason, run.note = Run.State.RUNNING, RunReason.REPORTED, NOTHING
    run.began_at, run.ended_at, run.holder = report.at, None, _HOLDER
    run.progress_percent, run.progress_text, run.progress_at = None, NOTHING, None
    run.fence += 1
    if report.rid:
        run.parameters = {**run.parameters, "rid": report.rid}
    run.save()
    Attempt.objects.create(run=run, fence=run.fence, holder=_HOLDER, began_at=report.at)


def _end(run: Run, state: Run.State, note: Message, report: Report) -> None:
    if run.state != Run.State.RUNNING:
        # Its duration is unknown unless its start was reported.
        run.began_at = None
        run.fence += 1
        Attempt.objects.create(run=run, fence=run.fence, holder=_HOLDER, began_at=report.at)
    is_well = state == Run.State.DONE
    outcome, error = (RunReason.SUCCEEDED, NOTHING) if is_well else (RunReason.FAILED, note)
    _end_attempt(run, outcome, error, report.at)
    claim.end(run, state, RunReason.REPORTED, report.at, note)


def _end_attempt(run: Run, outcome: RunReason, error: Message, at: datetime) -> None:
    Attempt.objects.filter(run=run, ended_at=None).update(ended_at=at, outcome=outcome, error=error)


def _lateness(work: Work, run: Run, report: Report) -> Message:
    late = report.at - run.due_at
    is_late = run.state != Run.State.RUNNING and late > _within(work)
    return Message("runs.reported-late", late=amounts.length(late)) if is_late else NOTHING


def _complaint(report: Report) -> Message:
    said = next((line.strip() for line in reversed(report.text.splitlines()) if line.strip()), "")
    failure = (
        Message("runs.failure-reported")
        if report.status is None
        else Message("runs.status-reported", status=report.status)
    )
    return Message("runs.reported-with", failure=failure, said=said[:_LONGEST_NOTE]) if said else failure


def _log(run: Run, report: Report) -> None:
    """Keep the lines of the report; those that say how far a running job is are its progress instead."""
    written = report.text.splitlines()[:_MOST_LINES]
    lines = [line for line in written if progress_in(line) is None]
    told = [found for line in written if (found := progress_in(line)) is not None]
    if told and run.state == Run.State.RUNNING:
        progress = StepProgress(*told[-1]).fields(report.at)
        Run.objects.filter(pk=run.pk).update(step=_STEP, **progress)
    RunLog.objects.bulk_create(
        RunLog(run=run, fence=run.fence, step=_STEP, at=report.at, text=line) for line in lines
    )
