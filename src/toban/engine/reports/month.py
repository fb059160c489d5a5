"""The month that a report is about, in the document's zone. Pure."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from toban.design.values.schedule.occurrence import existing
from toban.engine.orders import NotPossible
from toban.engine.spans import Span
from toban.message import Message

_WRITTEN = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ReportMonth:
    """A calendar month of the document's zone, as it is known at a moment."""

    first: date
    zone: ZoneInfo
    known_at: datetime

    @property
    def name(self) -> str:
        """As people order it: 2026-10."""
        return f"{self.first:%Y-%m}"

    @property
    def span(self) -> Span:
        """From its first moment to that of the next month."""
        return self._start(self.first), self._start(self.following)

    @property
    def following(self) -> date:
        """The first day of the next month."""
        return (self.first + timedelta(days=31)).replace(day=1)

    @property
    def before(self) -> date:
        """The first day of the month before."""
        return (self.first - timedelta(days=1)).replace(day=1)

    @property
    def is_running(self) -> bool:
        """Whether it is not over."""
        return self.known_at < self.span[1]

    @property
    def cut(self) -> datetime:
        """Up to when things can be known of it: its end, or the present moment."""
        return min(self.span[1], self.known_at)

    @property
    def last(self) -> date:
        """Its last day; of the running month, today."""
        today = self.known_at.astimezone(self.zone).date()
        return min(today, self.following - timedelta(days=1))

    def holds(self, moment: datetime | None) -> bool:
        """Return whether *moment* lies in the part of the month that is over."""
        return moment is not None and self.span[0] <= moment < self.cut

    def _start(self, day: date) -> datetime:
        return existing(day, time(0), self.zone)


def month_named(name: str, zone: ZoneInfo, now: datetime) -> ReportMonth:
    """Return the month that is written as 2026-10; raise `NotPossible` for none, and for one to come."""
    found = _WRITTEN.fullmatch(name)
    hint = Message("reports.write-a-month", example=f"{now.astimezone(zone):%Y-%m}")
    if found is None or int(found[1]) < 1 or not 1 <= int(found[2]) <= 12:
        raise NotPossible(Message("reports.no-such-month", written=name), hint)
    month = ReportMonth(date(int(found[1]), int(found[2]), 1), zone, now)
    if month.first > now.astimezone(zone).date():
        raise NotPossible(Message("reports.month-to-come", month=name), hint)
    return month
