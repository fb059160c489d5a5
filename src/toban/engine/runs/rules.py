"""Decisions about runs, made from values: no clock, no database."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

PUNCTUAL = timedelta(minutes=1)
"""A run that starts at most this late is on time; the scheduler looks far more often."""

OVERDUE = timedelta(minutes=10)
"""A run that has not started this long after its time is a problem of its own."""

COMPARED = 20
"""The number of successes that a run is compared with."""

_FEWEST = 5
_SHORTEST = timedelta(minutes=1)

MOST_LOSSES = 3
"""A run that has lost this many workers is not given to another."""


BY_SCHEDULE, BY_TRIGGER = "schedule", "trigger"
BY_ITSELF = (BY_SCHEDULE, BY_TRIGGER)
"""Who orders the runs that no person does."""


class RunReason(StrEnum):
    """Why a run is in its state, or a claim has ended."""

    ON_TIME = "on-time"
    CAUGHT_UP = "caught-up"
    """Its time passed while nothing ran here; this run catches up on it."""
    MISSED = "missed"
    ORDERED = "ordered"
    """An operator asked for it."""
    TRIGGERED = "triggered"
    """The condition of a work's trigger held."""
    NEXT_DAY = "next-day"
    """The document's 翌日再実行 after a failure."""
    CLAIMED = "claimed"
    TAKEN_OVER = "taken-over"
    SUCCEEDED = "succeeded"
    RETRY = "retry"
    FAILED = "failed"
    NOT_RUNNABLE = "not-runnable"
    """A retry can't help: there is no such command, or what it acts on refuses for good."""
    TIMED_OUT = "timed-out"
    LOST = "lost"
    FENCED = "fenced"
    STOPPED = "stopped"
    """The worker was asked to end; the run continues elsewhere or later, and no attempt is counted."""
    POSTPONED = "postponed"
    """It must not go on before its time: no worker waits for it, and no attempt is counted."""
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    AWAITING_APPROVAL = "awaiting-approval"
    """The next step may not begin before somebody approves it."""
    APPROVED = "approved"
    ASKS_AGAIN = "asks-again"
    """What was shown for approval has changed: the run asks again, and the former request counts no more."""
    UNANSWERED = "unanswered"
    """Nobody approved or refused in time."""
    AWAITING_REPORT = "awaiting-report"
    """It is done elsewhere, and nothing has been reported yet."""
    REPORTED = "reported"
    """Its state was reported from elsewhere."""
    UNREPORTED = "unreported"
    """Its start or its end was not reported in time."""
    REFUSED = "refused"
    AWAITING_SIGN_OFF = "awaiting-sign-off"
    """It is a task: a person performs it and signs it off."""
    SIGNED_OFF = "signed-off"
    SIGNED_OFF_LATE = "signed-off-late"
    """It was performed, but after its window."""
    UNSIGNED = "unsigned"
    """Its window ended without a sign-off."""
    NOT_PERFORMED = "not-performed"
    """A person said, with the reason, that the task is not performed."""
    WITHDRAWN = "withdrawn"
    """It is a task that is no longer needed: its row is gone, or what it was opened for."""
    SHADOW = "shadow"
    """Its mode is to change nothing: what it would have done is recorded."""


class HostState(StrEnum):
    """How a run stands on one of its hosts."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class CatchUp(StrEnum):
    """What to do about due times that passed while nothing ran here."""

    ONCE = "once"
    SKIP = "skip"


class Start(StrEnum):
    """Whether a waiting run may start."""

    NOW = "now"
    NOT_YET = "not-yet"
    OVERLAP = "overlap"
    """Another run of the same work is in progress."""
    WAITS_FOR_OTHER = "waits-for-other"
    """A work that it depends on has not succeeded for this due time."""
    AWAITS_APPROVAL = "awaits-approval"


@dataclass(frozen=True, slots=True)
class Sequel:
    """What happens to a run after an attempt: it is over, or retried at a given time."""

    reason: RunReason
    again_at: datetime | None = None


def plan(
    due: Sequence[datetime], *, now: datetime, catch_up: CatchUp
) -> tuple[tuple[datetime, RunReason], ...]:
    """Return for each time in *due* (in order, none after *now*) whether its run starts or is missed."""
    if not due:
        return ()
    *earlier, last = due
    # "<=": a scheduler that is exactly a minute late is still on time.
    if now - last <= PUNCTUAL:
        reason = RunReason.ON_TIME
    else:
        reason = RunReason.CAUGHT_UP if catch_up is CatchUp.ONCE else RunReason.MISSED
    return (*((moment, RunReason.MISSED) for moment in earlier), (last, reason))


def plan_reported(
    due: Sequence[datetime], *, now: datetime, within: timedelta
) -> tuple[tuple[datetime, RunReason], ...]:
    """Return for each time in *due* of a work done elsewhere whether its report may still come in time.

    It does not matter whether anything ran here at that time.
    """
    return tuple(
        (moment, RunReason.AWAITING_REPORT if now - moment < within else RunReason.UNREPORTED)
        for moment in due
    )


def plan_tasks(
    due: Sequence[tuple[datetime, datetime]], *, now: datetime, is_owed: bool
) -> tuple[tuple[datetime, RunReason], ...]:
    """Return for each due time in *due*, given with the end of its window, whether a person still owes it.

    Of those whose windows passed while nothing ran here, only the last may still be owed: they don't pile up.
    """
    last = due[-1][0] if due else None
    return tuple(
        (
            moment,
            RunReason.AWAITING_SIGN_OFF if now < end or (is_owed and moment == last) else RunReason.MISSED,
        )
        for moment, end in due
    )


def after_failure(reason: RunReason, failures: int, delays: Sequence[timedelta], now: datetime) -> Sequel:
    """Return what happens after failure number *failures* (from 1); *delays* are the waits before retries."""
    if reason is RunReason.NOT_RUNNABLE or failures > len(delays):
        return Sequel(reason)
    return Sequel(RunReason.RETRY, now + delays[failures - 1])


def after_loss(losses: int) -> RunReason:
    """Return whether a run that has lost its worker *losses* times is taken over or ends."""
    return RunReason.LOST if losses >= MOST_LOSSES else RunReason.TAKEN_OVER


def start(
    *,
    wake_at: datetime,
    now: datetime,
    is_approval_awaited: bool,
    is_work_running: bool,
    others_succeeded: Sequence[bool],
) -> Start:
    """Return whether a waiting run may start now."""
    if is_approval_awaited:
        return Start.AWAITS_APPROVAL
    if now < wake_at:
        return Start.NOT_YET
    if is_work_running:
        return Start.OVERLAP
    return Start.NOW if all(others_succeeded) else Start.WAITS_FOR_OTHER


def is_overdue(wake_at: datetime, now: datetime, grace: timedelta = OVERDUE) -> bool:
    """Return whether a waiting run should have started long ago."""
    return now - wake_at > grace


def longest_usual(lengths: Sequence[timedelta]) -> timedelta | None:
    """Return how long a run may take before it is unusual; None if there are too few to compare with.

    *lengths* are those of the latest successes, at most `COMPARED` of them. The limit is twice their 95th
    percentile (nearest rank: of twenty, the second longest), so that a single run that hung does not count.
    It is at least a minute: a run of seconds may well take three times as long.
    """
    if len(lengths) < _FEWEST:
        return None
    rank = math.ceil(len(lengths) * 0.95)
    return max(2 * sorted(lengths)[rank - 1], _SHORTEST)


def is_too_long(began_at: datetime, now: datetime, limit: timedelta | None) -> bool:
    """Return whether a run that began at *began_at* takes longer than *limit*; None is no limit."""
    return limit is not None and now - began_at > limit
