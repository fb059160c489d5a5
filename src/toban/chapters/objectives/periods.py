"""Days, months and years of the document's zone, and what of them was planned maintenance. Pure."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from toban.chapters.objectives.rules import Span, merged
from toban.design.calendar import BusinessCalendar, periods_on
from toban.design.clauses.objectives import MaintenanceWindow


def day_span(day: date, zone: ZoneInfo) -> Span:
    """Return a whole day; where clocks change it is 23 or 25 hours long."""
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)


def month_span(day: date, zone: ZoneInfo) -> Span:
    """Return the month that *day* lies in."""
    first = day.replace(day=1)
    next_first = (first + timedelta(days=31)).replace(day=1)
    return day_span(first, zone)[0], day_span(next_first, zone)[0]


def year_span(day: date, zone: ZoneInfo) -> Span:
    """Return the year that *day* lies in."""
    return day_span(date(day.year, 1, 1), zone)[0], day_span(date(day.year + 1, 1, 1), zone)[0]


def length(span: Span) -> timedelta:
    """Return how long *span* really is: within one zone, datetimes are subtracted by their clocks."""
    utc = ZoneInfo("UTC")
    return span[1].astimezone(utc) - span[0].astimezone(utc)


def planned_spans(
    windows: Iterable[MaintenanceWindow],
    announced: Iterable[Span],
    span: Span,
    *,
    zone: ZoneInfo,
    business: BusinessCalendar,
) -> list[Span]:
    """Return the planned maintenance within *span*: the document's windows and what people announced."""
    found: list[Span] = []
    for window in windows:
        own = ZoneInfo(window.schedule.zone) if window.schedule.zone else zone
        for day in _days(span, own):
            found += [
                (period.start.replace(tzinfo=own), period.end.replace(tzinfo=own))
                for period in periods_on(window.schedule, day, business.is_business_day)
            ]
    clipped = ((max(start, span[0]), min(end, span[1])) for start, end in (*found, *announced))
    return merged((start, end) for start, end in clipped if start < end)


def _days(span: Span, zone: ZoneInfo) -> Iterator[date]:
    """Every day that touches *span*, and the one before: its window may end in it."""
    day = span[0].astimezone(zone).date() - timedelta(days=1)
    while day <= span[1].astimezone(zone).date():
        yield day
        day += timedelta(days=1)
