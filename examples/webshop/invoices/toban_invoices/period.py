"""What an invoice is for: the time between two closings (締め), and its payment date. Pure.

A batch that is due at 23:00 on the last of the month can't know what is bought in the following hour. So it
closes at its due time: anything later is on the next invoice, and nothing is missed.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise

from toban.design.values.schedule import Schedule
from toban.design.values.schedule.occurrence import existing
from toban.engine.bindings.model import System
from toban.engine.calendar.due import due_times

_BACK = timedelta(days=3 * 366)
"""How far back to look for a period."""

_MOMENT = timedelta(microseconds=1)
_A_MONTH = range(25, 38)
"""Days between two monthly closings, on a business day or not."""


class Closing(StrEnum):
    """When a period ends."""

    DUE = "due"
    """At the batch's due time."""
    MIDNIGHT = "midnight"
    """At the midnight before it: for batches that are due early in the morning."""


@dataclass(frozen=True, slots=True)
class InvoicePeriod:
    """From *start* (inclusive) to *end* (exclusive), both in the document's zone."""

    start: datetime
    end: datetime

    @property
    def last_day(self) -> date:
        """The day of its last moment, which names the period whatever the clock time of the closing."""
        return (self.end - _MOMENT).date()

    @property
    def title(self) -> str:
        """Its name on the invoice."""
        if (self.end.date() - self.start.date()).days in _A_MONTH:
            return f"{self.last_day.year}年{self.last_day.month}月分"
        return f"{japanese(self.last_day)}締め分"

    @property
    def words(self) -> str:
        """From when until when, as text."""
        if self.start.time() == self.end.time() == time(0):
            return f"{japanese(self.start.date())} ～ {japanese(self.last_day)}"
        start, end = (f"{japanese(each.date())} {each:%H:%M}" for each in (self.start, self.end))
        return f"{start} ～ {end}"


def periods(schedule: Schedule, system: System, until: datetime, closing: Closing) -> Iterator[InvoicePeriod]:
    """Yield the periods of the last three years that had ended by *until*, in order."""
    moments = due_times(schedule, system, until - _BACK, until + _MOMENT)
    closings = dict.fromkeys(_closed(moment.astimezone(system.zone), closing) for moment in moments)
    return (InvoicePeriod(start, end) for start, end in pairwise(closings))


def _closed(due: datetime, closing: Closing) -> datetime:
    if closing is Closing.DUE:
        return due
    return existing(due.date(), time(0), due.tzinfo)  # type: ignore[arg-type] # it came from a ZoneInfo


def japanese(day: date) -> str:
    """Return 2026年11月30日."""
    return f"{day.year}年{day.month}月{day.day}日"


@dataclass(frozen=True, slots=True)
class PaymentTerm:
    """When an invoice must be paid: a number of days after it, or on a day of a later month."""

    days: int = 0
    months: int | None = None
    day: int = -1
    """The day of that month; -1 is the last. If a month has no such day, its last day."""

    def after(self, closed: date) -> date:
        """Return the day by which a period that ended on *closed* must be paid."""
        if self.months is None:
            return closed + timedelta(days=self.days)
        year, month = divmod(closed.year * 12 + closed.month - 1 + self.months, 12)
        last = monthrange(year, month + 1)[1]
        return date(year, month + 1, last if self.day == -1 else min(self.day, last))


_MONTHS = {"当月": 0, "今月": 0, "翌月": 1, "翌々月": 2}
_TERM = re.compile(r"(当月|今月|翌月|翌々月)(?:末日?|([1-9]|[12]\d|3[01])日)|([1-9]\d{0,2})日(?:以内|後)?")


def read_term(text: str) -> PaymentTerm | None:
    """Read 翌月末, 翌々月10日, 30日以内."""
    match = _TERM.fullmatch(text.strip())
    if match is None:
        return None
    if match[3]:
        return PaymentTerm(days=int(match[3]))
    return PaymentTerm(months=_MONTHS[match[1]], day=int(match[2]) if match[2] else -1)
