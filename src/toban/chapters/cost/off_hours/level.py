"""How many instances of a group should be on now. Pure.

It is a level and no event: whatever was missed, the next look says the same. A group is lowered only while
nothing needs it, and gets back what was taken from it as soon as anything may.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from toban.design.values.hours import Hours
from toban.engine.bindings.model import System
from toban.engine.calendar.opening import is_open
from toban.message import NOTHING, Message


class LevelOutcome(StrEnum):
    """What a look has decided about a group."""

    BUSY = "busy"
    """It is needed; nothing was taken from it, or it has it back."""
    RAISE = "raise"
    """It is needed, and gets back what was taken from it."""
    HELD = "held"
    """It is a time without need, but something needs it all the same."""
    LOWER = "lower"
    """Nothing needs it, and there are more than its least."""
    LEAST = "least"
    """There are no more than its least."""
    UNKNOWN = "unknown"
    """Whether it is needed can't be said: nothing is done."""


@dataclass(frozen=True, slots=True)
class QuietTerms:
    """When a group is needed, and how many are left while it is not."""

    busy: Hours
    least: int
    ready_before: timedelta

    def is_busy(self, system: System, now: datetime) -> bool:
        """Return whether it is needed by the calendar: so long before its hours that it is ready in time."""
        return any(is_open(self.busy, system, each) for each in (now, now + self.ready_before))


@dataclass(frozen=True, slots=True)
class QuietSeen:
    """What is known of a group at a moment."""

    is_busy: bool
    """By the calendar."""
    wanted: int
    before: int | None = None
    """How many there were when it was lowered; None if nothing is taken from it."""
    allowed: Message = NOTHING
    """The exception by which it stays as it is; nothing if there is none."""
    works: Sequence[str] = ()
    """What runs now, or soon, and needs it."""
    load: Message = NOTHING
    """Why its load does not let it go; nothing if it does."""
    unknown: Message = NOTHING
    """Why its load is not known."""


@dataclass(frozen=True, slots=True)
class QuietDecision:
    """What is to be done about a group, and why."""

    outcome: LevelOutcome
    to: int | None = None
    """For `RAISE` and `LOWER`: how many there are to be."""
    why: Message = NOTHING


def decide(terms: QuietTerms, seen: QuietSeen) -> QuietDecision:
    """Return what *terms* order for a group as it is *seen*."""
    why = _why_needed(seen)
    if seen.is_busy or why:
        if seen.before is not None and seen.wanted < seen.before:
            return QuietDecision(LevelOutcome.RAISE, seen.before, why)
        return QuietDecision(LevelOutcome.BUSY if seen.is_busy else LevelOutcome.HELD, why=why)
    if seen.wanted <= terms.least:
        return QuietDecision(LevelOutcome.LEAST)
    if seen.unknown:
        return QuietDecision(LevelOutcome.UNKNOWN, why=seen.unknown)
    return QuietDecision(LevelOutcome.LOWER, terms.least)


def _why_needed(seen: QuietSeen) -> Message:
    if seen.allowed:
        return seen.allowed
    if seen.works:
        return Message("off-hours.works-need-it", works=tuple(seen.works))
    return seen.load
