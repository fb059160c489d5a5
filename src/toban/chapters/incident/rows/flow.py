"""The verdict on the row of the flow: were its steps gone through, in time. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.chapters.incident.rows.occasions import deciding
from toban.engine.amounts import length
from toban.engine.evidence.verdict import Verdict, worst
from toban.engine.rows.judgement import Judgement
from toban.message import Message


@dataclass(frozen=True, slots=True)
class Owed:
    """Something that is owed for an incident: its report, or measures against a recurrence."""

    name: str
    """In the document's words."""
    due: datetime
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FlowOccasion:
    """An incident that goes through the flow."""

    number: int
    count: int
    """How many steps the flow has."""
    left: Sequence[str]
    """Those that are not over, in the document's words."""
    owed: Sequence[Owed] = ()
    """Nothing is, before the recovery, and for a game day."""
    update_due: datetime | None = None
    """When people are to be told how it stands; None once it is over."""
    is_drill: bool = False


def judge_flow(open_: Sequence[FlowOccasion], closed: Sequence[FlowOccasion], now: datetime) -> Judgement:
    """Return the verdict by the incidents that are not closed, and the *closed* ones, the newest first."""
    if (found := worst(_of_open(each, now) for each in open_)) is not None:
        return found
    last = deciding(closed)
    if last is None:
        return Judgement(Verdict.NOT_DUE, Message("incident.row-no-occasion"))
    if (late := next(_late(last, now), None)) is not None:
        return _judged(late[0], late[1], last)
    if last.is_drill:
        said = Message("incident.flow-gone-through-in-drill", number=last.number)
        return _judged(Verdict.CONFORMING, said, last)
    if last.left:
        said = Message("incident.flow-closed-without", number=last.number, steps=list(last.left))
        return _judged(Verdict.DEVIATING, said, last)
    return _judged(Verdict.CONFORMING, Message("incident.flow-gone-through", number=last.number), last)


def _of_open(occasion: FlowOccasion, now: datetime) -> Judgement:
    if (late := next(_late(occasion, now), None)) is not None:
        return _judged(late[0], late[1], occasion)
    if occasion.update_due is not None and now > occasion.update_due:
        ago = length(now - occasion.update_due)
        said = Message("incident.flow-update-overdue", number=occasion.number, by=ago)
        return _judged(Verdict.WARNING, said, occasion)
    code = "incident.flow-all-done" if not occasion.left else "incident.flow-next"
    said = Message(code, number=occasion.number, step=next(iter(occasion.left), ""))
    return _judged(Verdict.CONFORMING, said, occasion)


def _late(occasion: FlowOccasion, now: datetime) -> Iterator[tuple[Verdict, Message]]:
    """Yield what was owed and not given in time; what is still missing comes first."""
    for each in occasion.owed:
        if each.done_at is None and now > each.due:
            said = Message(
                "incident.flow-overdue", number=occasion.number, name=each.name, by=length(now - each.due)
            )
            yield Verdict.NOT_PERFORMED, said
    for each in occasion.owed:
        if each.done_at is not None and each.done_at > each.due:
            said = Message(
                "incident.flow-late",
                number=occasion.number,
                name=each.name,
                by=length(each.done_at - each.due),
            )
            yield Verdict.DEVIATING, said


def _judged(verdict: Verdict, said: Message, occasion: FlowOccasion) -> Judgement:
    done = max(occasion.count - len(occasion.left), 0)
    value = Message("incident.flow-steps", done=done, all=occasion.count)
    proof = {"incident": occasion.number, "is_drill": occasion.is_drill, "left": list(occasion.left)}
    return Judgement(verdict, said, value, proof=proof)
