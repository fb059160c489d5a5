"""The verdict on a measure that has fewer instances run when few are needed. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.chapters.cost.off_hours.level import LevelOutcome
from toban.engine.evidence.verdict import Verdict
from toban.engine.modes.rules import Mode, word
from toban.engine.rows.judgement import Judgement
from toban.message import NOTHING, Message

_LOOKED_LATELY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class LowerRun:
    """The newest run that took instances from a group, or was to, since nothing needs it."""

    run: int
    is_open: bool = False
    awaits_approval: bool = False
    is_unanswered: bool = False
    was_shadow: bool = False
    said: Message = NOTHING


@dataclass(frozen=True, slots=True)
class QuietState:
    """What is known of a group."""

    group: str
    least: int
    mode: Mode
    is_open: bool
    """Whether its hours have begun, so that it must be as large as before."""
    outcome: LevelOutcome | None = None
    """None if it was never looked at."""
    looked_at: datetime | None = None
    since: datetime | None = None
    wanted: int | None = None
    serving: int | None = None
    said: Message = NOTHING
    before: int | None = None
    lowered_at: datetime | None = None
    last: LowerRun | None = None


def judge_quiet(state: QuietState, now: datetime) -> Judgement:
    """Return the verdict on the measure by one group."""
    group = state.group
    if state.looked_at is None:
        # A minute after the first start it has been: nobody need be told.
        return Judgement(Verdict.NOT_DUE, Message("off-hours.not-looked-yet", group=group))
    if state.outcome is None or now - state.looked_at > _LOOKED_LATELY:
        return Judgement(Verdict.NOT_MEASURABLE, Message("off-hours.not-looked-yet", group=group))
    match state.outcome:
        case LevelOutcome.UNKNOWN:
            said = Message("off-hours.unknown", group=group, why=state.said)
            return Judgement(Verdict.NOT_MEASURABLE, said)
        case LevelOutcome.RAISE:
            return _raising(state)
        case LevelOutcome.HELD:
            return Judgement(Verdict.NOT_DUE, Message("off-hours.held", group=group, why=state.said))
        case LevelOutcome.LEAST:
            code = "off-hours.at-least" if state.before is not None else "off-hours.at-least-anyway"
            return Judgement(
                Verdict.CONFORMING, Message(code, group=group, size=state.wanted, before=state.before)
            )
        case LevelOutcome.LOWER:
            return _lowering(state)
        case LevelOutcome.BUSY:
            return _busy(state)


def _raising(state: QuietState) -> Judgement:
    code = "off-hours.not-ready" if state.is_open else "off-hours.given-back"
    said = Message(code, group=state.group, serving=state.serving, before=state.before, why=state.said)
    return Judgement(Verdict.DEVIATING if state.is_open else Verdict.CONFORMING, said)


def _busy(state: QuietState) -> Judgement:
    if state.mode is Mode.SHADOW:
        return _shadow(state)
    if state.lowered_at is None:
        return Judgement(Verdict.NOT_DUE, Message("off-hours.never-yet", group=state.group))
    said = Message("off-hours.busy", group=state.group, serving=state.serving, at=state.lowered_at)
    return Judgement(Verdict.CONFORMING, said)


def _shadow(state: QuietState) -> Judgement:
    said = Message("off-hours.in-shadow", group=state.group)
    if state.last is not None and state.last.was_shadow:
        said = Message("off-hours.would-have", group=state.group, to=state.least, run=state.last.run)
    return Judgement(Verdict.NOT_MEASURABLE, said, word(Mode.SHADOW))


def _lowering(state: QuietState) -> Judgement:
    last, group = state.last, state.group
    if state.mode is Mode.SHADOW:
        return _shadow(state)
    if last is None or last.was_shadow:
        return Judgement(Verdict.CONFORMING, Message("off-hours.begins", group=group, to=state.least))
    proof = {"run": last.run}
    if last.awaits_approval:
        said = Message("off-hours.awaits-approval", group=group, run=last.run, to=state.least)
        return Judgement(Verdict.WARNING, said, proof=proof)
    if last.is_open:
        said = Message("off-hours.begins", group=group, to=state.least)
        return Judgement(Verdict.CONFORMING, said, proof=proof)
    verdict = Verdict.NOT_PERFORMED if last.is_unanswered else Verdict.DEVIATING
    said = Message("off-hours.still-more", group=group, wanted=state.wanted, to=state.least, run=last.run)
    return Judgement(verdict, said, proof={**proof, "why": str(last.said)})
