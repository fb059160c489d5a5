"""When a length of time ends: 4時間 by the clock, 1営業日 by the calendar."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from toban.design.calendar import BusinessCalendar
from toban.design.values.duration import Duration
from toban.design.values.hours import Hours
from toban.design.values.schedule.occurrence import existing

_DAY = timedelta(days=1)
_AHEAD = 370
"""Days: a calendar without a business day within them has none; a deadline is then as far away."""


def ends_at(
    start: datetime, duration: Duration, zone: ZoneInfo, calendar: BusinessCalendar, hours: Hours
) -> datetime:
    """Return when *duration*, begun at *start*, ends in *zone*.

    1営業日 ends with *hours* on the next business day, whatever time it began: Friday 17:00 and Saturday 3:00
    both end on Monday evening. On a day without *hours*, or with hours around the clock, it ends at midnight.
    """
    if not duration.is_business:
        # In UTC: adding to a local time would gain or lose the hour of summer time.
        return (start.astimezone(UTC) + duration.as_timedelta()).astimezone(zone)
    day = start.astimezone(zone).date()
    for _ in range(int(duration.amount)):
        day = _next_business_day(day, calendar)
    if not hours.falls_on(day):
        return existing(day + _DAY, time(0), zone)
    return existing(day + _DAY * (hours.end <= hours.start), hours.end, zone)


def _next_business_day(day: date, calendar: BusinessCalendar) -> date:
    ahead = (day + each * _DAY for each in range(1, _AHEAD))
    return next(filter(calendar.is_business_day, ahead), day + _AHEAD * _DAY)
