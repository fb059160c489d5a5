"""The verdict on a row that defines a level: the open incidents, or the last one, kept its times. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.chapters.incident.clocks.rules import Clock, ClockState, IncidentTimes
from toban.chapters.incident.rows.occasions import deciding
from toban.engine.amounts import length
from toban.engine.evidence.verdict import Verdict, worst
from toban.engine.rows.judgement import Judgement
from toban.message import Message


@dataclass(frozen=True, slots=True)
class LevelOccasion:
    """An incident of the level."""

    number: int
    times: IncidentTimes
    is_drill: bool = False


def judge_level(open_: Sequence[LevelOccasion], closed: Sequence[LevelOccasion], now: datetime) -> Judgement:
    """Return the verdict by the incidents that are not closed, and the *closed* ones, the newest first.

    A promise that is broken stays so until the next incident of the level is over.
    """
    if (found := worst(_of_open(each, now) for each in open_)) is not None:
        return found
    last = deciding(closed)
    if last is None:
        return Judgement(Verdict.NOT_DUE, Message("incident.row-no-occasion"))
    broken = next(_broken(last, now), None)
    if broken is not None:
        return Judgement(Verdict.DEVIATING, broken, _value(last, now), proof=_proof(last))
    code = "incident.row-kept-in-drill" if last.is_drill else "incident.row-kept"
    said = Message(code, number=last.number)
    return Judgement(Verdict.CONFORMING, said, _value(last, now), proof=_proof(last))


_NAMES = ("response", "recovery")


def _of_open(occasion: LevelOccasion, now: datetime) -> Judgement:
    value, proof = _value(occasion, now), _proof(occasion)
    broken = next(_broken(occasion, now), None)
    if broken is not None:
        return Judgement(Verdict.DEVIATING, broken, value, proof=proof)
    for name, clock in zip(_NAMES, _clocks(occasion, now), strict=True):
        if clock.state is ClockState.DUE_SOON and clock.due is not None:
            said = Message(
                f"incident.row-{name}-due-soon", number=occasion.number, left=length(clock.due - now)
            )
            return Judgement(Verdict.WARNING, said, value, proof=proof)
    code = "incident.row-in-time" if occasion.times.recovered_at is None else "incident.row-is-over"
    return Judgement(Verdict.CONFORMING, Message(code, number=occasion.number), value, proof=proof)


def _broken(occasion: LevelOccasion, now: datetime) -> Iterator[Message]:
    for name, clock in zip(_NAMES, _clocks(occasion, now), strict=True):
        if clock.state.is_broken and clock.due is not None:
            how = "late" if clock.is_over else "overdue"
            by = length(occasion.times.detected_at + clock.took - clock.due)
            yield Message(f"incident.row-{name}-{how}", number=occasion.number, by=by)


def _clocks(occasion: LevelOccasion, now: datetime) -> tuple[Clock, Clock]:
    return occasion.times.response(now), occasion.times.recovery(now)


def _value(occasion: LevelOccasion, now: datetime) -> Message:
    response, recovery = _clocks(occasion, now)
    return Message("incident.row-times", response=_took(response), recovery=_took(recovery))


def _took(clock: Clock) -> Message:
    return Message("incident.took" if clock.is_over else "incident.elapsed", length=length(clock.took))


def _proof(occasion: LevelOccasion) -> dict[str, object]:
    times = occasion.times
    named = {
        "detected_at": times.detected_at,
        "responded_at": times.responded_at,
        "recovered_at": times.recovered_at,
        "respond_by": times.limits.respond_by,
        "recover_by": times.limits.recover_by,
    }
    moments = {name: at.isoformat() for name, at in named.items() if at is not None}
    return {"incident": occasion.number, "is_drill": occasion.is_drill, **moments}
