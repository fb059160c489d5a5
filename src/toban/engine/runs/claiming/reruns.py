"""What follows a failed run by itself, and what would have followed."""

from datetime import datetime, timedelta

from toban.engine.calendar.due import due_times
from toban.engine.modes import service as modes
from toban.engine.modes.rules import Mode, mode_now
from toban.engine.runs.models import Run
from toban.engine.runs.modes.acts import rerun_act
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import Work
from toban.message import Message

_INSTANT = timedelta(microseconds=1)


def is_only_shown(work: Work) -> bool:
    """Return whether a failed run of *work* is not repeated, but what would be done is recorded."""
    return mode_now(rerun_act(work), modes.decisions()) is Mode.SHADOW


def again_next_day(run: Run, work: Work, now: datetime) -> None:
    """Have the failed *run* repeated a day after its due time."""
    # On the wall clock, so that it coincides with the next day's own due time if there is one.
    due_at = run.due_at.astimezone(work.system.zone) + timedelta(days=1)
    mode = mode_now(rerun_act(work), modes.decisions())
    if mode is not Mode.ACT and any(due_times(work.schedule, work.system, due_at, due_at + _INSTANT)):
        # What the schedule orders then is no repeat: it is in the schedule's own mode.
        return
    if mode is Mode.SHADOW:
        show(run, work, due_at, now)
        return
    again = _repeat(run, due_at, RunReason.NEXT_DAY)
    Run.objects.bulk_create([again], ignore_conflicts=True)


def show(run: Run, work: Work, due_at: datetime, now: datetime) -> None:
    """Record that *run* would have been repeated at *due_at*."""
    shadow = _repeat(run, due_at, RunReason.SHADOW)
    shadow.state, shadow.ended_at, shadow.note = Run.State.SHADOW, now, would_have_run(work)
    Run.objects.bulk_create([shadow], ignore_conflicts=True)


def would_have_run(work: Work) -> Message:
    """Return what a run of *work* would have done."""
    return Message("runs.would-have-run", bound=work.bound or work.key)


def _repeat(run: Run, due_at: datetime, reason: RunReason) -> Run:
    return Run(
        work=run.work,
        due_at=due_at,
        clause_id=run.clause_id,
        document_digest=run.document_digest,
        ordered_by="schedule",
        # Otherwise those who ordered the failed run could approve its repeat, with their own parameters.
        orderers=run.orderers,
        parameters=run.parameters,
        reason=reason,
        wake_at=due_at,
        is_rerun=True,
    )
