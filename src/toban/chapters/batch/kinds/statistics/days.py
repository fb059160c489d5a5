"""Which days a run adds up, in the document's time zone. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from toban.design.values.schedule.occurrence import existing
from toban.message import Message

_DAY = timedelta(days=1)
MOST_DAYS = 1100
"""Three years in one run."""


class NoSuchDays(Exception):
    """The run's parameters name no days that can be added up; the message says why."""


@dataclass(frozen=True, slots=True)
class StatisticsDay:
    """A day from its midnight (included) to the next (excluded); summer time makes some 23 or 25 hours."""

    date: date
    start: datetime
    end: datetime


def days(parameters: Mapping[str, str], due_at: datetime, zone: ZoneInfo) -> list[StatisticsDay]:
    """Return the days to add up, the earliest first: the last whole one before *due_at*, or the requested.

    `date` requests one day, `from` and `to` all days between, both included; without `to`, up to the last
    whole day. Raises `NoSuchDays`.
    """
    newest = due_at.astimezone(zone).date() - _DAY
    if "date" in parameters and len(parameters) > 1:
        raise NoSuchDays(Message("batch.date-stands-alone"))
    if "to" in parameters and "from" not in parameters:
        raise NoSuchDays(Message("batch.to-needs-from"))
    one = _read(parameters, "date", newest)
    first = _read(parameters, "from", one)
    last = _read(parameters, "to", newest if "from" in parameters else one)
    if last > newest:
        raise NoSuchDays(Message("batch.day-has-not-ended", day=last, newest=newest))
    if first > last:
        raise NoSuchDays(Message("batch.from-is-after-to", first=first, last=last))
    if (last - first).days >= MOST_DAYS:
        raise NoSuchDays(Message("batch.too-many-days", count=MOST_DAYS))
    return list(_between(first, last, zone))


def _read(parameters: Mapping[str, str], name: str, otherwise: date) -> date:
    written = parameters.get(name)
    if written is None:
        return otherwise
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        raise NoSuchDays(Message("batch.not-a-date", name=name, written=written)) from error


def _between(first: date, last: date, zone: ZoneInfo) -> Iterator[StatisticsDay]:
    for offset in range((last - first).days + 1):
        day = first + offset * _DAY
        yield StatisticsDay(day, existing(day, time(0), zone), existing(day + _DAY, time(0), zone))
