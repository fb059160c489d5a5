"""The automatic acts of works: what a schedule orders, and what repeats a failed run."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from toban.engine.modes.rules import AutomaticAct, Mode, ModeDecisions, mode_now, more_careful
from toban.engine.runs.models import Run
from toban.engine.runs.rules import BY_ITSELF, RunReason
from toban.engine.runs.work import Step, Work
from toban.message import Message

_SCHEDULE, _RERUN = "schedule/", "rerun/"


def acts_of(works: Iterable[Work]) -> Iterator[AutomaticAct]:
    """Yield the automatic acts of *works*; what runs elsewhere, or is done by people, is not Toban's."""
    for work in works:
        if work.is_run_here:
            if work.is_automatic:
                yield schedule_act(work)
            if work.retry_delays or work.reruns_next_day:
                yield rerun_act(work)


def schedule_act(work: Work) -> AutomaticAct:
    """Return the act of running *work* when it is due, or when its trigger has come."""
    if work.trigger:
        title = Message("runs.act-trigger", work=work.key, trigger=work.trigger)
    else:
        title = Message("runs.act-schedule", work=work.key, timing=work.timing)
    # A work that asks for approval anyway can't be moved on from asking.
    asks = any(step.approval is not None for step in work.steps)
    act = _act(work, _SCHEDULE + work.key, title, work.mode)
    return replace(act, boldest=Mode.ASK, declared=more_careful(act.declared, Mode.ASK)) if asks else act


def rerun_act(work: Work) -> AutomaticAct:
    """Return the act of repeating a failed run of *work*."""
    return _act(work, _RERUN + work.key, Message("runs.act-rerun", work=work.key), work.rerun)


def mode_of(run: Run, work: Work, decisions: ModeDecisions) -> Mode:
    """Return the mode in which *run* is done; what a person ordered is no automatic act."""
    # A repeat knows who ordered the failed run, and is Toban's own act all the same.
    has_orderer = bool(run.orderers) and not run.is_rerun
    is_ordered = run.ordered_by not in BY_ITSELF or has_orderer or run.reason == RunReason.ORDERED
    mode = Mode.ACT if is_ordered else mode_now(schedule_act(work), decisions)
    return more_careful(mode, mode_now(rerun_act(work), decisions)) if is_rerun(run) else mode


def may_be_in_shadow(works: Mapping[str, Work], decisions: ModeDecisions) -> list[str]:
    """Return the keys of those of *works* of which an act is declared or decided to be in shadow.

    Usually none: then the runs that wait need not be read. What counts of the two is for `mode_of` to say.
    """
    decided = {subject for subject, decision in decisions.items() if decision.mode is Mode.SHADOW}
    return [
        key
        for key, work in works.items()
        if work.is_run_here
        and (
            Mode.SHADOW in (work.mode, work.rerun) or not decided.isdisjoint((_SCHEDULE + key, _RERUN + key))
        )
    ]


def is_rerun(run: Run) -> bool:
    """Return whether *run* repeats what has failed."""
    return run.is_rerun or run.failures > 0


def has_begun(work: Work, results: Collection[str]) -> bool:
    """Return whether a run with *results* has changed anything, as far as is known."""
    looks = {step.name for step in work.steps if step.only_looks}
    return not looks.issuperset(results)


def asking(work: Work, steps: Sequence[Step], *, each_time: bool) -> Sequence[Step]:
    """Return *steps*: somebody is asked before the first that changes anything; *each_time* for a repeat."""
    at = next((place for place, step in enumerate(steps) if not step.only_looks), len(steps))
    return [
        *steps[:at],
        *(_asking(work, step, each_time=each_time) for step in steps[at : at + 1]),
        *steps[at + 1 :],
    ]


def _asking(work: Work, step: Step, *, each_time: bool) -> Step:
    return replace(
        step,
        approval=step.approval or work.asks,
        bound=step.bound or work.bound,
        asks_each_time=each_time,
    )


def _act(work: Work, subject: str, title: Message, declared: Mode) -> AutomaticAct:
    return AutomaticAct(
        subject=subject,
        title=title,
        bound=work.bound,
        declared=declared,
        role=work.asks.role,
        is_irreversible=work.asks.is_irreversible,
        clause_id=work.clause_id,
    )
