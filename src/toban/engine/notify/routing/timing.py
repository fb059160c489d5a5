"""Whether a notification may leave now by the timing of its row, or what it waits for. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from toban.design.clauses.duty import DutyRole
from toban.design.values.delivery import OFFICE_HOURS, DeliveryTiming
from toban.design.values.hours import Hours
from toban.design.values.schedule import Schedule
from toban.design.values.schedule.occurrence import occurrences
from toban.engine.bindings.model import System
from toban.engine.calendar.opening import is_open, next_opening
from toban.engine.notify.delivery.words import moment
from toban.engine.notify.reason import NoticeReason
from toban.message import Message

_AHEAD = timedelta(days=370)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class DeliveryCalendar:
    """What the timing of rows refers to at one look."""

    system: System = field(default_factory=System)
    office: Hours = OFFICE_HOURS
    """What 営業時間 means in this document."""
    digests: Collection[Schedule] = ()
    """The digests whose time has come."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What a notification waits for."""

    reason: NoticeReason
    until: datetime
    detail: Message


@dataclass(frozen=True, slots=True)
class Departure:
    """Whether a notification may leave."""

    wait: Wait | None = None
    """None if it may leave now."""
    is_digest: bool = False
    """It leaves together with everything since the last digest."""


def office_hours(duties: Sequence[DutyRole], bound: Hours | None) -> Hours:
    """Return what 営業時間 means: *bound*, else the only hours of *duties* that end, else an assumption."""
    if bound is not None:
        return bound
    limited = {role.hours for role in duties if role.hours is not None and not role.hours.is_always}
    return limited.pop() if len(limited) == 1 else OFFICE_HOURS


def departure(
    timings: Sequence[DeliveryTiming], holds_since: datetime | None, calendar: DeliveryCalendar, now: datetime
) -> Departure:
    """Return whether a notification may leave now by the earliest of *timings*; without any, it may.

    *holds_since*: since when its alert has held; None if it need not hold, as a recovery or an event.
    """
    if not timings:
        return Departure()
    waits = [(each, why_wait(each, holds_since, calendar, now)) for each in timings]
    ready = [each for each, wait in waits if wait is None]
    if ready:
        return Departure(is_digest=all(each.digest is not None for each in ready))
    return Departure(min((wait for _, wait in waits if wait is not None), key=lambda wait: wait.until))


def why_wait(
    timing: DeliveryTiming, holds_since: datetime | None, calendar: DeliveryCalendar, now: datetime
) -> Wait | None:
    """Return what a notification waits for by *timing*; None if it may leave now."""
    return (
        _lasting(timing, holds_since, calendar, now)
        or _opening(timing, calendar, now)
        or _digest(timing, calendar, now)
    )


def has_come(digest: Schedule, last: datetime, system: System, now: datetime) -> bool:
    """Return whether *digest* was due between *last* (excluded) and *now* (included)."""
    return _next(digest, last, now + _INSTANT, system) is not None


def _lasting(
    timing: DeliveryTiming, holds_since: datetime | None, calendar: DeliveryCalendar, now: datetime
) -> Wait | None:
    if timing.after is None or holds_since is None:
        return None
    until = holds_since + timing.after.as_timedelta()
    # ">=": a look landing exactly on the end must not wait for the next.
    if now >= until:
        return None
    detail = Message("notify.held-until", timing=timing.text, at=moment(until, calendar.system.zone))
    return Wait(NoticeReason.NOT_LASTED_YET, until, detail)


def _opening(timing: DeliveryTiming, calendar: DeliveryCalendar, now: datetime) -> Wait | None:
    hours = calendar.office if timing.is_office else timing.hours
    if hours is None or is_open(hours, calendar.system, now):
        return None
    until = next_opening(hours, calendar.system, now) or now + _AHEAD
    detail = Message(
        "notify.opens-at", timing=timing.text, hours=str(hours), at=moment(until, calendar.system.zone)
    )
    return Wait(NoticeReason.OUTSIDE_HOURS, until, detail)


def _digest(timing: DeliveryTiming, calendar: DeliveryCalendar, now: datetime) -> Wait | None:
    if timing.digest is None or timing.digest in calendar.digests:
        return None
    until = _next(timing.digest, now, now + _AHEAD, calendar.system) or now + _AHEAD
    detail = Message("notify.digest-at", timing=timing.text, at=moment(until, calendar.system.zone))
    return Wait(NoticeReason.FOR_DIGEST, until, detail)


def _next(digest: Schedule, after: datetime, end: datetime, system: System) -> datetime | None:
    due = occurrences(digest, after + _INSTANT, end, system.zone, system.business)
    return next(due, None)
