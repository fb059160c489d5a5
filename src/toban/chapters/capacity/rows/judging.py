"""The verdict on each row of chapter 9. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.chapters.capacity.amounts import amount, percent
from toban.chapters.capacity.known import KnownResource
from toban.chapters.capacity.scaling.rules import Outcome
from toban.engine.evidence.verdict import Verdict
from toban.engine.modes.rules import Mode, word
from toban.engine.rows.judgement import Judgement
from toban.message import NOTHING, Message

SAME = 0.01
"""A limit that is smaller by less is the same, rounded."""
_LOOKED_LATELY = timedelta(minutes=5)
OUTDATED = timedelta(days=2)
"""A forecast that is older has not been made."""


def judge_use(found: KnownResource, now: datetime, *, is_being_extended: bool) -> Judgement:
    """Return the verdict on a row of the usage table.

    *is_being_extended* says whether people are asked to extend it, and have time left.
    """
    used, share, reading, unit = found.used, found.share, found.reading, found.resource.unit
    if reading is None or used is None or share is None or not found.is_fresh(now):
        trouble = reading.trouble if reading is not None else NOTHING
        return Judgement(Verdict.NOT_MEASURABLE, trouble or Message("capacity.not-read-yet"))
    value = Message(
        "capacity.used-of", used=amount(used, unit), limit=amount(found.limit, unit), share=percent(share)
    )
    read_at = reading.read_at.isoformat() if reading.read_at else ""
    proof = {"used": used, "limit": found.limit, "read_at": read_at}
    stated, at = found.resource.stated_limit or 0.0, found.resource.extend_share
    # More than the document promises is no breach; `toban capacity patch` proposes larger storage.
    if reading.limit is not None and reading.limit < (1 - SAME) * stated:
        said = Message("capacity.other-limit", stated=amount(stated, unit), real=amount(reading.limit, unit))
        return Judgement(Verdict.DEVIATING, said, value, proof=proof)
    if at is not None and share >= at:
        code = "being-extended" if is_being_extended else "to-be-extended"
        verdict = Verdict.WARNING if is_being_extended else Verdict.DEVIATING
        said = Message(f"capacity.{code}", share=percent(share), at=percent(at))
        return Judgement(verdict, said, value, proof=proof)
    return Judgement(Verdict.CONFORMING, found.words, value, proof=proof)


@dataclass(frozen=True, slots=True)
class LastScaling:
    """How the newest order to scale a group ended."""

    run: int
    has_succeeded: bool
    said: Message
    is_open: bool = False
    awaits_approval: bool = False
    is_unanswered: bool = False
    was_shadow: bool = False


@dataclass(frozen=True, slots=True)
class GroupState:
    """What is known of a group by one rule."""

    name: str
    limit: Message
    """The rule's limit, in the metric's unit."""
    mode: Mode
    is_ours: bool
    outcome: Outcome | None
    """None if it was never looked at."""
    looked_at: datetime | None
    said: Message
    mean: Message
    size: Message
    last: LastScaling | None = None


def judge_group(state: GroupState, now: datetime) -> Judgement:
    """Return the verdict on a rule about one group."""
    value = state.size
    if state.outcome is None or state.looked_at is None or now - state.looked_at > _LOOKED_LATELY:
        return Judgement(Verdict.NOT_MEASURABLE, Message("capacity.not-looked-yet", group=state.name))
    if state.outcome is Outcome.POLICY:
        return Judgement(Verdict.DEVIATING, state.said, value)
    if state.outcome in (Outcome.NO_DATA, Outcome.DOWN):
        said = state.said or Message("capacity.too-few-samples", group=state.name)
        return Judgement(Verdict.NOT_MEASURABLE, said, value)
    if not state.is_ours:
        return Judgement(Verdict.CONFORMING, Message("capacity.policy-agrees", group=state.name), value)
    if state.mode is Mode.SHADOW:
        would = state.last is not None and state.last.was_shadow
        said = Message("capacity.in-shadow", group=state.name)
        if would and state.last is not None:
            said = Message("capacity.would-have-scaled", group=state.name, run=state.last.run)
        return Judgement(Verdict.NOT_MEASURABLE, said, word(Mode.SHADOW))
    return _acted(state, value)


def _acted(state: GroupState, value: Message) -> Judgement:
    """Judge a group that Toban scales."""
    last = state.last
    proof = {"run": last.run} if last is not None else {}
    if state.outcome is Outcome.AT_LIMIT:
        said = Message("capacity.at-limit", group=state.name, mean=state.mean, limit=state.limit)
        return Judgement(Verdict.DEVIATING, said, value, proof=proof)
    if last is None or last.was_shadow:
        said = Message("capacity.no-occasion", group=state.name, mean=state.mean, limit=state.limit)
        return Judgement(Verdict.NOT_DUE, said, value)
    if last.awaits_approval:
        said = Message("capacity.awaits-approval", group=state.name, run=last.run)
        return Judgement(Verdict.WARNING, said, value, proof=proof)
    if last.is_open:
        return Judgement(
            Verdict.CONFORMING, Message("capacity.is-scaling", group=state.name), value, proof=proof
        )
    if last.has_succeeded:
        return Judgement(Verdict.CONFORMING, last.said, value, proof=proof)
    verdict = Verdict.NOT_PERFORMED if last.is_unanswered else Verdict.DEVIATING
    said = Message("capacity.not-scaled", group=state.name, run=last.run, why=last.said)
    return Judgement(verdict, said, value, proof=proof)


@dataclass(frozen=True, slots=True)
class OutlookState:
    """Whether a resource has a forecast."""

    resource: str
    made_at: datetime | None
    why_none: Message = NOTHING
    possible_on: datetime | None = None
    """When there will be one."""


def judge_forecasts(found: Sequence[OutlookState], words: Message, now: datetime) -> Judgement:
    """Return the verdict on a row that orders a forecast; *words* is what is forecast, in short."""
    untold = [each for each in found if each.made_at is None or now - each.made_at > OUTDATED]
    if untold:
        said = Message("capacity.not-forecast", resources=[each.resource for each in untold])
        never = all(each.made_at is None for each in untold)
        return Judgement(Verdict.NOT_MEASURABLE if never else Verdict.NOT_PERFORMED, said)
    without = [each for each in found if each.why_none]
    if len(without) < len(found) or not without:
        return Judgement(Verdict.CONFORMING, words)
    dates = [each.possible_on for each in without if each.possible_on is not None]
    said = Message("capacity.no-forecast-yet", resource=without[0].resource, why=without[0].why_none)
    if not dates:
        return Judgement(Verdict.NOT_MEASURABLE, said)
    return Judgement(Verdict.NOT_DUE, said, next_due=min(dates))
