"""Reports on a batch's runs: a status for the page, a signal for the notifications."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from toban.design.clauses.batch import Batch
from toban.design.values.retry import FailureAction
from toban.design.values.schedule import Cadence
from toban.engine.amounts import length
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.modes.rules import Mode, word
from toban.engine.notify.signal import Condition, Signal
from toban.engine.runs import rules
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.engine.runs.standing import ENDED, WorkStatus
from toban.engine.runs.work import Work
from toban.message import NOTHING, Message, sentences

_VERDICTS = {
    Run.State.DONE: Verdict.CONFORMING,
    Run.State.FAILED: Verdict.DEVIATING,
    Run.State.MISSED: Verdict.NOT_PERFORMED,
    Run.State.SKIPPED: Verdict.NOT_PERFORMED,
    Run.State.CANCELLED: Verdict.NOT_PERFORMED,
}


@dataclass(frozen=True, slots=True)
class BatchReport:
    """A batch and the current state of its runs."""

    batch: Batch
    work: Work
    standing: WorkStatus
    went_ahead: Message = NOTHING
    """That a run went ahead without approval, and nobody else has reviewed it yet."""
    mode: Mode = Mode.ACT
    """What Toban does when it is due."""
    would_have_run: datetime | None = None
    """If its mode is shadow: when it would have run last."""

    @property
    def key(self) -> str:
        """The key that people use to order it."""
        return self.work.key

    @property
    def zone(self) -> ZoneInfo:
        """The document's time zone."""
        return self.work.system.zone


class RunTrouble(StrEnum):
    """What may be wrong with a run that has not ended."""

    NOT_STARTED = "not-started"
    NO_CONSENT = "no-consent"
    """It has been waiting for an approval for as long as a run may be late."""
    TOO_LONG = "too-long"
    UNUSUALLY_LONG = "unusually-long"


def trouble(row: BatchReport, now: datetime) -> RunTrouble | None:
    """Return what is wrong with the run that has not ended, or None."""
    run, standing = row.standing.current, row.standing
    if run is None or run.reason == RunReason.AWAITING_REPORT:
        return None
    if run.state == Run.State.WAITING:
        if not rules.is_overdue(run.wake_at, now, row.work.start_grace):
            return None
        return RunTrouble.NO_CONSENT if run.reason == RunReason.AWAITING_APPROVAL else RunTrouble.NOT_STARTED
    began_at = standing.began_at or run.due_at
    if rules.is_too_long(began_at, now, row.work.expected_within):
        return RunTrouble.TOO_LONG
    return RunTrouble.UNUSUALLY_LONG if rules.is_too_long(began_at, now, standing.longest_usual) else None


def status(row: BatchReport, now: datetime) -> StatusUpdate:
    """Return the batch's status for the page."""
    proof, last = None, row.standing.last
    if last is not None:
        proof = {"run": last.pk, "due": last.due_at.isoformat(), "reason": last.reason}
    return StatusUpdate(
        clause_id=row.batch.id,
        verdict=_verdict(row, now),
        value=word(row.mode) if row.mode is Mode.SHADOW else _value(row),
        reason=_reason(row, now),
        observed_at=now,
        next_due=row.standing.next_due,
        proof=proof,
    )


def signals(row: BatchReport, now: datetime) -> Iterator[Signal]:
    """Yield what may need announcing: how the last run ended, and whether the current one is fine.

    Each is an alert of its own: a run that hangs does not end the alert about the failure before it.
    """
    last, current = row.standing.last, row.standing.current
    if last is not None:
        condition = _end_condition(row, last)
        yield _signal(row, now, "", condition, limit=_end_limit(last), began_at=last.ended_at or last.wake_at)
    found = trouble(row, now)
    since = now if current is None else row.standing.began_at or current.wake_at
    condition = Condition.OK if found is None else Condition.WARNING
    limit = NOTHING if found is None else _said(row, found)
    yield _signal(row, now, "/under-way", condition, limit=limit, began_at=since)


def events(row: BatchReport, runs: Iterable[Run], now: datetime) -> Iterator[Signal]:
    """Yield the events of *runs* that the batch announces: starts and successful ends."""
    for run in runs:
        if row.work.announces_start and run.began_at is not None:
            started = Message("batch.started", due=run.due_at.astimezone(row.zone))
            yield _event(row, f"/start/{run.pk}", started, run.began_at, now)
        if row.work.announces_end and run.state == Run.State.DONE and run.ended_at is not None:
            yield _event(row, f"/end/{run.pk}", _end(row, run), run.ended_at, now)


def _event(row: BatchReport, part: str, value: Message, at: datetime, now: datetime) -> Signal:
    found = _signal(row, now, part, Condition.INFO, limit=NOTHING, began_at=at)
    return replace(found, value=value, advice=Message("batch.nothing-to-do", key=row.key))


def _signal(
    row: BatchReport, now: datetime, part: str, condition: Condition, *, limit: Message, began_at: datetime
) -> Signal:
    is_well = condition is Condition.OK
    return Signal(
        key=row.batch.id + part,
        clause_id=row.batch.id,
        citation=str(row.batch.origin),
        clause_text=row.batch.text,
        condition=condition,
        subject=Message("batch.subject", key=row.key, name=row.batch.name),
        value=_value(row),
        limit=NOTHING if is_well else limit,
        began_at=began_at,
        detected_at=now,
        advice=NOTHING if is_well else _advice(row),
        labels={"batch": row.key},
    )


def _verdict(row: BatchReport, now: datetime) -> Verdict:
    current, last = row.standing.current, row.standing.last
    if row.went_ahead:
        return Verdict.DEVIATING
    if row.mode is Mode.SHADOW:
        # Something else may run it, or nothing: nobody told Toban.
        return Verdict.NOT_MEASURABLE
    if trouble(row, now) is not None or (current is not None and current.failures):
        return Verdict.WARNING
    return Verdict.NOT_DUE if last is None else _VERDICTS[Run.State(last.state)]


def _end_condition(row: BatchReport, last: Run) -> Condition:
    if last.state == Run.State.FAILED:
        # A row that does not say what to do on failure must not fail quietly.
        is_alarming = FailureAction.ALERT in row.batch.on_failure or not row.batch.on_failure
        return Condition.CRITICAL if is_alarming else Condition.WARNING
    return Condition.WARNING if last.state == Run.State.MISSED else Condition.OK


def _value(row: BatchReport) -> Message:
    return NOTHING if row.standing.last is None else _end(row, row.standing.last)


def _end(row: BatchReport, run: Run) -> Message:
    due, ended = run.due_at.astimezone(row.zone), ENDED[Run.State(run.state)]
    if run.began_at is not None and run.ended_at is not None and run.state == Run.State.DONE:
        took = Message("common.seconds", count=f"{(run.ended_at - run.began_at).total_seconds():.1f}")
        return Message("batch.ended-after", due=due, ended=ended, took=took)
    return Message("batch.ended", due=due, ended=ended)


def _reason(row: BatchReport, now: datetime) -> Message:
    if row.went_ahead:
        return row.went_ahead
    found = trouble(row, now)
    if found is not None:
        return _said(row, found)
    if row.mode is Mode.SHADOW:
        return _in_shadow(row)
    if row.standing.current is not None:
        return _present(row, row.standing.current)
    if row.standing.last is None:
        is_ordered = row.batch.schedule.cadence is Cadence.ON_DEMAND
        return Message("batch.not-ordered-yet", key=row.key) if is_ordered else Message("batch.not-due-yet")
    note: Message = row.standing.last.note
    return note


def _in_shadow(row: BatchReport) -> Message:
    if row.would_have_run is None:
        return Message("batch.in-shadow", key=row.key)
    return Message("batch.in-shadow-since", key=row.key, due=row.would_have_run.astimezone(row.zone))


def _present(row: BatchReport, run: Run) -> Message:
    """Describe the current run, if nothing is wrong with it."""
    due = _clock(row, run.due_at)
    note: Message = run.note
    if run.state == Run.State.RUNNING:
        if not run.step:
            return Message("batch.running", due=due)
        percent = f" ({run.progress_percent:.0f}%)" if run.progress_percent is not None else ""
        step = f"{run.step}{percent}"
        if not run.progress_text:
            return Message("batch.running-step", due=due, step=step)
        return Message("batch.running-step-so-far", due=due, step=step, progress=run.progress_text)
    if run.reason == RunReason.AWAITING_REPORT:
        return Message("batch.report-is-awaited", due=due)
    if run.failures:
        again = _clock(row, run.wake_at)
        return Message("batch.failed-and-retried", count=run.failures, again=again, note=note)
    return note


def _said(row: BatchReport, found: RunTrouble) -> Message:
    run = row.standing.current
    if run is None:
        raise AssertionError("without a run there is no trouble with it")
    due = _clock(row, run.due_at)
    match found:
        case RunTrouble.NOT_STARTED:
            return Message("batch.not-started", due=due, within=length(row.work.start_grace))
        case RunTrouble.NO_CONSENT:
            return Message("batch.not-approved", due=due, note=run.note, key=row.key, run=run.pk)
        case RunTrouble.TOO_LONG:
            within = length(row.work.expected_within or timedelta(0))
            return Message("batch.not-ended", due=due, within=within)
        case RunTrouble.UNUSUALLY_LONG:
            usual = length(row.standing.longest_usual or timedelta(0))
            return Message("batch.takes-unusually-long", due=due, usual=usual)


def _end_limit(last: Run) -> Message:
    note: Message = last.note
    return Message("batch.toban-was-not-running") if last.state == Run.State.MISSED and not note else note


def _advice(row: BatchReport) -> Message:
    ordered = (
        Message("batch.on-failure", text=row.batch.on_failure_text) if row.batch.on_failure_text else NOTHING
    )
    last = row.standing.last
    is_outside = last is not None and last.reason in (RunReason.REPORTED, RunReason.UNREPORTED)
    look = Message("batch.look-at-host" if is_outside else "batch.look-or-run-again", key=row.key)
    return sentences(ordered, look)


def _clock(row: BatchReport, moment: datetime) -> str:
    return f"{moment.astimezone(row.zone):%H:%M}"
