"""The two clocks of an incident: until when it must be answered, and until when it must be over. Pure.

Both run from the detection by the limits of its level. A level that is raised later counts from the
detection, too: what was not recognised at first has lasted all the same.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from toban.design.clauses.incident import IncidentLevel
from toban.design.values.hours import Hours
from toban.engine.bindings.model import System
from toban.engine.calendar.due import lasts

_WARNED_AT = 0.75
"""The share of a clock's time after which those who are concerned are told."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Until when an incident must be answered and over; None where its level sets no limit."""

    respond_by: datetime | None
    recover_by: datetime | None


class ClockState(StrEnum):
    """How a clock stands."""

    UNLIMITED = "unlimited"
    """Its level sets no limit: only the elapsed time is shown."""
    RUNNING = "running"
    DUE_SOON = "due-soon"
    OVERDUE = "overdue"
    """The time is over, and it has not happened."""
    KEPT = "kept"
    LATE = "late"
    """It happened, after the time."""

    @property
    def is_broken(self) -> bool:
        """Whether the document's promise is broken."""
        return self in (ClockState.OVERDUE, ClockState.LATE)


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock of one incident at a moment."""

    state: ClockState
    due: datetime | None
    took: timedelta
    """From the detection until it happened, or until now."""
    is_over: bool
    """Whether it has happened."""


@dataclass(frozen=True, slots=True)
class IncidentTimes:
    """What decides both clocks."""

    detected_at: datetime
    responded_at: datetime | None
    recovered_at: datetime | None
    limits: Limits

    def response(self, now: datetime) -> Clock:
        """Return the clock of the response."""
        # What is over needs no answer any more.
        ends = [each for each in (self.responded_at, self.recovered_at) if each is not None]
        return clock(self.detected_at, self.limits.respond_by, min(ends, default=None), now)

    def recovery(self, now: datetime) -> Clock:
        """Return the clock of the recovery."""
        return clock(self.detected_at, self.limits.recover_by, self.recovered_at, now)


def limits_of(
    level: IncidentLevel | None,
    detected_at: datetime,
    *,
    immediate: timedelta,
    system: System,
    hours: Hours,
) -> Limits:
    """Return the limits of *level* from *detected_at*: 1営業日 ends with *hours* on the next business day."""
    if level is None:
        return Limits(None, None)
    respond_by = recover_by = None
    if level.is_immediate:
        respond_by = detected_at + immediate
    elif level.respond_within is not None:
        respond_by = detected_at + lasts(level.respond_within, detected_at, system, hours)
    if level.recover_within is not None:
        recover_by = detected_at + lasts(level.recover_within, detected_at, system, hours)
    return Limits(respond_by, recover_by)


def clock(started: datetime, due: datetime | None, ended: datetime | None, now: datetime) -> Clock:
    """Return how the clock stands that began at *started*; at the very moment *due* it is still kept."""
    took = max((ended or now) - started, timedelta(0))
    return Clock(_state(started, due, ended, now), due, took, ended is not None)


def _state(started: datetime, due: datetime | None, ended: datetime | None, now: datetime) -> ClockState:
    if due is None:
        return ClockState.UNLIMITED
    if ended is not None:
        return ClockState.KEPT if ended <= due else ClockState.LATE
    if now > due:
        return ClockState.OVERDUE
    return ClockState.DUE_SOON if now >= warned_at(started, due) else ClockState.RUNNING


def warned_at(started: datetime, due: datetime) -> datetime:
    """Return when those who are concerned are told that the time runs out."""
    return started + _WARNED_AT * (due - started)
