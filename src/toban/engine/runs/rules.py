"""What becomes of a run, decided from values: no clock, no database."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

PUNCTUAL = timedelta(minutes=1)
"""A run that starts this late at most is on time; the scheduler looks far more often."""

OVERDUE = timedelta(minutes=10)
"""A run that has not started this long after its time is a trouble of its own."""

RETRY_AFTER = timedelta(minutes=5)
"""Before a retry where the document says how often, and not after how long."""

COMPARED = 20
"""Successes that a run is compared with."""

_FEWEST = 5
_SHORTEST = timedelta(minutes=1)

MOST_LOSSES = 3
"""A run that took so many workers down with it is not given to another."""


class Reason(StrEnum):
    """Why a run is in its state, or a claim has ended."""

    ON_TIME = "on-time"
    CAUGHT_UP = "caught-up"
    """Its time passed while nothing ran here; this one is made up for."""
    MISSED = "missed"
    ORDERED = "ordered"
    """An operator asked for it."""
    NEXT_DAY = "next-day"
    """The document's 翌日再実行 after a failure."""
    CLAIMED = "claimed"
    TAKEN_OVER = "taken-over"
    SUCCEEDED = "succeeded"
    RETRY = "retry"
    FAILED = "failed"
    NOT_RUNNABLE = "not-runnable"
    """Trying again can't help: there is no such command."""
    TIMED_OUT = "timed-out"
    LOST = "lost"
    FENCED = "fenced"
    STOPPED = "stopped"
    """The worker was asked to end; the run goes on elsewhere or later, and no attempt is charged."""
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    AWAITING_APPROVAL = "awaiting-approval"
    """The next step may not begin before somebody consents."""
    APPROVED = "approved"
    AWAITING_REPORT = "awaiting-report"
    """It is done elsewhere, and nothing was reported of it yet."""
    REPORTED = "reported"
    """Its state is what was reported of it from elsewhere."""
    UNREPORTED = "unreported"
    """Its beginning or its end was not reported in time."""
    REFUSED = "refused"


class CatchUp(StrEnum):
    """What to do about due times that passed while nothing ran here."""

    ONCE = "once"
    SKIP = "skip"


class Start(StrEnum):
    """Whether a waiting run may start."""

    NOW = "now"
    NOT_YET = "not-yet"
    OVERLAP = "overlap"
    """Another run of the same work is going on."""
    WAITS_FOR_OTHER = "waits-for-other"
    """A work that it depends on has not succeeded for this due time."""
    AWAITS_APPROVAL = "awaits-approval"


@dataclass(frozen=True, slots=True)
class Sequel:
    """What happens to a run after an attempt: over, or again at a time."""

    reason: Reason
    again_at: datetime | None = None


def plan(due: Sequence[datetime], *, now: datetime, catch_up: CatchUp) -> tuple[tuple[datetime, Reason], ...]:
    """Say of each time in *due*, in order and none later than *now*, whether its run starts or is missed."""
    if not due:
        return ()
    *earlier, last = due
    # "<=": a scheduler that is exactly a minute late is still on time.
    if now - last <= PUNCTUAL:
        reason = Reason.ON_TIME
    else:
        reason = Reason.CAUGHT_UP if catch_up is CatchUp.ONCE else Reason.MISSED
    return (*((moment, Reason.MISSED) for moment in earlier), (last, reason))


def plan_reported(
    due: Sequence[datetime], *, now: datetime, within: timedelta
) -> tuple[tuple[datetime, Reason], ...]:
    """Say of each time in *due* of a work that is done elsewhere whether its report may still come in time.

    Whether anything ran here at that time is no matter.
    """
    return tuple(
        (moment, Reason.AWAITING_REPORT if now - moment < within else Reason.UNREPORTED) for moment in due
    )


def after_failure(reason: Reason, failures: int, delays: Sequence[timedelta], now: datetime) -> Sequel:
    """Decide after the failure number *failures* (from 1); *delays* are those before each retry."""
    if reason is Reason.NOT_RUNNABLE or failures > len(delays):
        return Sequel(reason)
    return Sequel(Reason.RETRY, now + delays[failures - 1])


def after_loss(losses: int) -> Reason:
    """Decide whether a run whose worker was lost, *losses* times by now, goes on."""
    return Reason.LOST if losses >= MOST_LOSSES else Reason.TAKEN_OVER


def start(
    *,
    wake_at: datetime,
    now: datetime,
    is_approval_awaited: bool,
    is_work_running: bool,
    others_succeeded: Sequence[bool],
) -> Start:
    """Say whether a waiting run may start now."""
    if is_approval_awaited:
        return Start.AWAITS_APPROVAL
    if now < wake_at:
        return Start.NOT_YET
    if is_work_running:
        return Start.OVERLAP
    return Start.NOW if all(others_succeeded) else Start.WAITS_FOR_OTHER


def is_overdue(wake_at: datetime, now: datetime, grace: timedelta = OVERDUE) -> bool:
    """Whether a waiting run should long have started."""
    return now - wake_at > grace


def longest_usual(lengths: Sequence[timedelta]) -> timedelta | None:
    """Return how long a run may go on before it is unlike those before it; None where they are too few.

    *lengths* are those of the latest successes, `COMPARED` of them at most. The limit is twice their 95th
    percentile (nearest rank: of twenty, the second longest), so that one run that once hung does not count,
    and a minute at least: what takes seconds may well take three times as many.
    """
    if len(lengths) < _FEWEST:
        return None
    rank = math.ceil(len(lengths) * 0.95)
    return max(2 * sorted(lengths)[rank - 1], _SHORTEST)


def is_too_long(began_at: datetime, now: datetime, limit: timedelta | None) -> bool:
    """Whether a run that began at *began_at* goes on for longer than *limit*; None is no limit."""
    return limit is not None and now - began_at > limit
