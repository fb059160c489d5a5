"""Days, months and years of the document's zone. Pure."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from toban.engine.spans import Span


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
