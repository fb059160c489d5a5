"""Whether a remedy may be done now, has to wait, or is left to people. Pure.

A remedy that is repeated hides a cause, and one that does not help makes an outage longer: then the next one
of the row is due, or people are called.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from toban.message import NOTHING, Message

LATELY = timedelta(hours=1)
"""The time in which a remedy is done a limited number of times for one target."""
OPEN_FOR = timedelta(days=1)
"""How long a remedy that did not help is left alone, unless a person has it done meanwhile."""


class PastEffect(StrEnum):
    """How an earlier use of a remedy stands."""

    PENDING = "pending"
    HELPED = "helped"
    IN_VAIN = "in-vain"
    """It had no effect, or made it worse."""
    NOT_DONE = "not-done"
    """It was refused, failed before it began, or was held back."""
    ONLY_SHOWN = "only-shown"
    """It was recorded in shadow."""

    @property
    def was_done(self) -> bool:
        """Whether something was changed, or is being changed."""
        return self in (PastEffect.PENDING, PastEffect.HELPED, PastEffect.IN_VAIN)


@dataclass(frozen=True, slots=True)
class PastUse:
    """An earlier use of a remedy for one target."""

    remedy: str
    instance: str
    effect: PastEffect
    wanted_at: datetime
    is_running: bool = False
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GuardTerms:
    """A remedy, for the alert about one instance of a target."""

    remedy: str
    instance: str
    each_instance: bool
    most: int


@dataclass(frozen=True, slots=True)
class TargetSeen:
    """What is known of a target."""

    at: datetime
    past: Sequence[PastUse] = ()
    """Of all its remedies."""
    done_by_people: datetime | None = None
    """When a person last had the remedy done successfully."""
    maintenance: Message = NOTHING
    """Which maintenance it is in; nothing if it is in none."""
    release: Message = NOTHING
    """Which release is under way there."""
    is_unmeasured: bool = False
    """Whether the value that the alert is about is not measured now."""
    cause: Message = NOTHING
    """Another alert that is its cause: what it runs on is down, or was until a moment ago."""


class Stand(StrEnum):
    """What is done about a wanted remedy."""

    GO = "go"
    WAIT = "wait"
    """Not now; it is looked at again."""
    HOLD = "hold"
    """Not at all for this alert."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """A decision, and why."""

    stand: Stand
    why: Message = NOTHING


def guard(terms: GuardTerms, seen: TargetSeen) -> Guarded:
    """Return whether the remedy may be done now."""
    if (why := _why_wait(terms, seen)) is not None:
        return Guarded(Stand.WAIT, why)
    own = [use for use in seen.past if use.remedy == terms.remedy and use.effect.was_done]
    if _has_failed(own, seen):
        return Guarded(Stand.HOLD, Message("incident-remedies.did-not-help"))
    lately = [use for use in own if use.wanted_at > seen.at - LATELY]
    if len(lately) >= terms.most:
        return Guarded(Stand.HOLD, Message("incident-remedies.done-too-often", count=len(lately)))
    return Guarded(Stand.GO)


def _why_wait(terms: GuardTerms, seen: TargetSeen) -> Message | None:
    if any(_is_in_the_way(use, terms) for use in seen.past):
        return Message("incident-remedies.another-is-under-way")
    if seen.maintenance:
        return Message("incident-remedies.in-maintenance", window=seen.maintenance)
    if seen.release:
        return Message("incident-remedies.release-under-way", release=seen.release)
    if seen.cause:
        return Message("incident-remedies.has-a-cause", cause=seen.cause)
    if seen.is_unmeasured:
        return Message("incident-remedies.not-measured-now")
    return None


def _is_in_the_way(use: PastUse, terms: GuardTerms) -> bool:
    """Return whether another remedy of the target is at work, or what it does is still being measured."""
    if use.is_running:
        return True
    is_elsewhere = terms.each_instance and use.instance != terms.instance
    return use.effect is PastEffect.PENDING and not is_elsewhere


def _has_failed(own: Sequence[PastUse], seen: TargetSeen) -> bool:
    """Return whether the remedy is left alone, because it did not help last time."""
    settled = [use for use in own if use.settled_at is not None]
    last = max(settled, key=lambda use: use.wanted_at, default=None)
    if last is None or last.effect is not PastEffect.IN_VAIN or last.settled_at is None:
        return False
    is_done_since = seen.done_by_people is not None and seen.done_by_people > last.settled_at
    return not is_done_since and seen.at < last.settled_at + OPEN_FOR


def next_of(names: Iterable[str], tried: Sequence[PastUse]) -> str | None:
    """Return which of a row's remedies is due for an alert, after those that were *tried* for it.

    None if one is at work or has only been shown, or if there is no other.
    """
    waits = (PastEffect.PENDING, PastEffect.HELPED, PastEffect.ONLY_SHOWN)
    if any(use.effect in waits for use in tried):
        return None
    used = {use.remedy for use in tried}
    return next((name for name in names if name not in used), None)


def is_left_to_people(names: Sequence[str], tried: Sequence[PastUse]) -> bool:
    """Return whether all of a row's remedies have been tried for an alert, and none has helped."""
    vain = {use.remedy for use in tried if use.effect in (PastEffect.IN_VAIN, PastEffect.NOT_DONE)}
    return bool(names) and vain.issuperset(names)


def repeated(remedy: str, past: Sequence[PastUse], now: datetime) -> int:
    """Return how often *remedy* was done for a target lately; from two on it hides a cause."""
    return sum(use.remedy == remedy and use.effect.was_done and use.wanted_at > now - LATELY for use in past)
