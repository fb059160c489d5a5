"""The stages after routing: small pure decisions, each with a named reason.

A stage that comes later (grouping, silences, inhibition) is one more function in `STAGES`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from toban.engine.notify.maintenance import OpenWindow
from toban.engine.notify.notice import NoticeKind
from toban.engine.notify.reason import WORDS, Reason
from toban.engine.notify.routing import Route
from toban.engine.notify.signal import Condition

_GRAVITY = {Condition.OK: 0, Condition.NO_DATA: 1, Condition.WARNING: 1, Condition.CRITICAL: 2}


@dataclass(frozen=True, slots=True)
class Told:
    """The last notice about an alert that was put into the outbox for a destination."""

    kind: NoticeKind
    condition: Condition
    was_lost: bool
    """No notice about the alert arrived there, and none is on its way any more."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A notice that might go to one place."""

    kind: NoticeKind
    condition: Condition
    """What is to be told: the present condition, or the one that has ended."""
    route: Route
    told: Told | None


@dataclass(frozen=True, slots=True)
class Situation:
    """What stages may look at beside the candidate."""

    window: OpenWindow | None


@dataclass(frozen=True, slots=True)
class Ruling:
    """A stage's word on a candidate."""

    passes: bool
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """All rulings on a candidate, up to the one that stopped it or to the last."""

    trail: tuple[tuple[str, Reason], ...]
    last: Ruling

    @property
    def stage(self) -> str:
        """The stage that had the last word."""
        return self.trail[-1][0]


type Stage = Callable[[Candidate, Situation], Ruling]


def maintenance(candidate: Candidate, situation: Situation) -> Ruling:
    """Hold back trouble while a planned window is open; after its end the next look raises what remains."""
    window = situation.window
    if window is None:
        return _pass(Reason.NO_MAINTENANCE)
    if candidate.kind is NoticeKind.RECOVERED:
        return _pass(Reason.RECOVERY_PASSES)
    detail = f"{WORDS[Reason.IN_MAINTENANCE]} ({window.citation}、{window.until:%H:%M} まで)"
    return Ruling(passes=False, reason=Reason.IN_MAINTENANCE, detail=detail)


def dedup(candidate: Candidate, _situation: Situation) -> Ruling:
    """Let through only what the destination does not know yet."""
    reason = why_notify(candidate.kind, candidate.condition, candidate.told)
    if reason in (Reason.ALREADY_TOLD, Reason.NEVER_TOLD):
        return Ruling(passes=False, reason=reason, detail=WORDS[reason])
    return _pass(reason)


def why_notify(kind: NoticeKind, condition: Condition, told: Told | None) -> Reason:
    """Say why a place that was *told* so much should hear of *condition*, or that it should not."""
    if kind is NoticeKind.RECOVERED:
        if told is None or told.was_lost:
            return Reason.NEVER_TOLD
        return Reason.ALREADY_TOLD if told.kind is NoticeKind.RECOVERED else Reason.RECOVERED
    if told is None:
        return Reason.FIRST
    if told.condition is condition:
        return Reason.ALREADY_TOLD
    return Reason.WORSE if _GRAVITY[condition] > _GRAVITY[told.condition] else Reason.BETTER


STAGES: Mapping[str, Stage] = {"maintenance": maintenance, "dedup": dedup}
"""In the order in which they are asked."""


def judge(candidate: Candidate, situation: Situation) -> Judgement:
    """Ask the stages one after the other until one stops *candidate*."""
    trail = [("route", candidate.route.reason)]
    ruling = _pass(candidate.route.reason)
    for name, stage in STAGES.items():
        ruling = stage(candidate, situation)
        trail.append((name, ruling.reason))
        if not ruling.passes:
            break
    return Judgement(tuple(trail), ruling)


def _pass(reason: Reason) -> Ruling:
    return Ruling(passes=True, reason=reason, detail=WORDS[reason])
