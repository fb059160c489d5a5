"""What a remedy has done: whether the alert that wanted it has ended since, and after how long. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Outcome(StrEnum):
    """How the run of a remedy ended."""

    OPEN = "open"
    APPLIED = "applied"
    FAILED = "failed"
    """It broke off while it was at it."""
    NOT_APPLIED = "not-applied"
    """It was only recorded, refused, called off, or no longer needed."""


class Effect(StrEnum):
    """What became of it; the values are those of `RemedyUse.Effect`."""

    RECOVERED = "recovered"
    NO_EFFECT = "no-effect"
    WORSE = "worse"
    NOT_RUN = "not-run"


@dataclass(frozen=True, slots=True)
class UseSeen:
    """A use of a remedy, and its alert as it is now."""

    outcome: Outcome
    began_at: datetime | None
    ended_at: datetime | None
    """Of the run."""
    within: timedelta
    """How soon after it the alert must have ended."""
    resolved_at: datetime | None
    grew_at: datetime | None
    """When the alert has become critical; None if it has not."""
    others: tuple[datetime, ...] = ()
    """When the other critical alerts of the target that are open were opened."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The effect of a remedy."""

    effect: Effect
    took: float | None = None
    """Seconds from its end until the alert ended."""


def settle(use: UseSeen, now: datetime) -> Settled | None:
    """Return what became of *use*; None while that can't be said.

    What fails because of the same cause is often detected later than the cause: other alerts count against a
    remedy only once they outlast its time.
    """
    if use.outcome is Outcome.OPEN or use.ended_at is None:
        return None
    if use.outcome is Outcome.NOT_APPLIED:
        return Settled(Effect.NOT_RUN)
    began, is_over = use.began_at or use.ended_at, now >= use.ended_at + use.within
    spoilt = any(at > began for at in use.others)
    if use.grew_at is not None and use.grew_at > began:
        return Settled(Effect.WORSE)
    if use.resolved_at is not None and use.resolved_at <= use.ended_at + use.within:
        if spoilt:
            return Settled(Effect.WORSE) if is_over else None
        return Settled(Effect.RECOVERED, max((use.resolved_at - use.ended_at).total_seconds(), 0.0))
    if use.outcome is Outcome.FAILED or is_over:
        return Settled(Effect.WORSE if spoilt else Effect.NO_EFFECT)
    return None
