"""How much changed on each day, for a calendar."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.urls import reverse

from toban.design.values.schedule.occurrence import existing
from toban.engine.changes.query import ChangeSearch, found
from toban.faces.logs.choice import written
from toban.faces.web.changes.near import is_manager

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayOfChanges:
    """How many changes a day has, and where they are listed."""

    count: int
    address: str


def by_day(first: date, last: date, zone: ZoneInfo, reader: object) -> Mapping[date, DayOfChanges]:
    """Return the days from *first* to *last* on which something changed, as far as *reader* may see it."""
    asked = ChangeSearch(
        since=_begin(first, zone), until=_begin(last + _DAY, zone), with_accounts=is_manager(reader)
    )
    days = found(asked).order_by().annotate(day=TruncDate("at", tzinfo=zone)).values_list("day")
    counted = days.annotate(count=Count("pk")).values_list("day", "count")
    return {day: DayOfChanges(count, _address(day, zone)) for day, count in counted}


def _address(day: date, zone: ZoneInfo) -> str:
    ends = {"from": written(_begin(day, zone), zone), "to": written(_begin(day + _DAY, zone), zone)}
    return f"{reverse('changes')}?{urlencode(ends)}"


def _begin(day: date, zone: ZoneInfo) -> datetime:
    return existing(day, time(0), zone)
