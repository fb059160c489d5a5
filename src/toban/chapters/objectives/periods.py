"""Days, months and years of the document's zone. Pure."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from toban.engine.spans import Span


def day_span(day: date, zone: ZoneInfo) -> Span:
    """Return a whole day, which has 23 or 25 hours when clocks change."""
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)


def month_span(day: date, zone: ZoneInfo) -> Span:
    """Return the month of *day*."""
    first = day.replace(day=1)
    next_first = (first + timedelta(days=31)).replace(day=1)
    return day_span(first, zone)[0], day_span(next_first, zone)[0]


def year_span(day: date, zone: ZoneInfo) -> Span:
    """Return the year of *day*."""
    return day_span(date(day.year, 1, 1), zone)[0], day_span(date(day.year + 1, 1, 1), zone)[0]


def length(span: Span) -> timedelta:
    """Return the real length of *span*: in one zone, subtracting datetimes only compares their clocks."""
    utc = ZoneInfo("UTC")
    return span[1].astimezone(utc) - span[0].astimezone(utc)
