"""When production may be changed: the document's maintenance, what was announced, or what is bound. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from toban.design.calendar import BusinessCalendar, periods_on
from toban.design.values.schedule import Schedule
from toban.engine.spans import Span, merged

AHEAD = timedelta(days=62)
"""A monthly window is found within this time."""


def bound_spans(schedule: Schedule, span: Span, zone: ZoneInfo, business: BusinessCalendar) -> Sequence[Span]:
    """Return the windows of *schedule* that overlap *span*."""
    own = ZoneInfo(schedule.zone) if schedule.zone else zone
    first, last = span[0].astimezone(own).date() - timedelta(days=1), span[1].astimezone(own).date()
    days: Iterable[date] = (first + timedelta(days=count) for count in range((last - first).days + 1))
    found = (
        (period.start.replace(tzinfo=own), period.end.replace(tzinfo=own))
        for day in days
        for period in periods_on(schedule, day, business)
    )
    return merged((start, end) for start, end in found if end > span[0] and start < span[1])


def common(several: Sequence[Sequence[Span]]) -> Sequence[Span]:
    """Return the times that all of *several* share."""
    found = list(several[0]) if several else []
    for others in several[1:]:
        found = merged(
            (max(start, other[0]), min(end, other[1]))
            for start, end in found
            for other in others
            if max(start, other[0]) < min(end, other[1])
        )
    return found


def is_open(spans: Iterable[Span], now: datetime, needs: timedelta) -> bool:
    """Return whether something that takes *needs* may begin: it must have its end in the window, too.

    In a window that has no room for it at all, it may begin in the first half.
    """
    return any(start <= now < _last_begin(start, end, needs) for start, end in spans)


def _last_begin(start: datetime, end: datetime, needs: timedelta) -> datetime:
    return end - needs if needs < end - start else start + (end - start) / 2


def opens_for(spans: Iterable[Span], since: datetime, wait: timedelta, needs: timedelta) -> bool:
    """Return whether something that takes *needs* may begin at any time from *since* on, for *wait*."""
    return any(start < since + wait and since < _last_begin(start, end, needs) for start, end in spans)


def next_start(spans: Iterable[Span], now: datetime) -> datetime | None:
    """Return when the next window begins; None if none is known."""
    return min((start for start, _ in spans if start > now), default=None)
