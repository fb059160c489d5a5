"""Whether hours are open at a moment, and when they open next, in the document's zone. Pure."""

from datetime import datetime, timedelta

from toban.design.values.hours import Hours
from toban.design.values.schedule.occurrence import existing
from toban.engine.bindings.model import System

_DAY = timedelta(days=1)
_AHEAD = 370
"""Days: hours that are not open within them are never open."""


def is_open(hours: Hours, system: System, now: datetime) -> bool:
    """Return whether *now* is within *hours*; days off count as the hours say."""
    local = now.astimezone(system.zone)
    return hours.covers(local, system.business.days_off_around(local.date()))


def next_opening(hours: Hours, system: System, now: datetime) -> datetime | None:
    """Return when *hours* first open after *now*; None if they never do."""
    today = now.astimezone(system.zone).date()
    starts = (existing(today + each * _DAY, hours.start, system.zone) for each in range(_AHEAD))
    return next((start for start in starts if start > now and is_open(hours, system, start)), None)
