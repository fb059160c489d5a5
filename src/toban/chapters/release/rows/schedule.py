"""When releases may happen, what a release outside of that needs, and what it would run into. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from toban.design.calendar import is_due_on, periods_on
from toban.design.clauses.base import Clause
from toban.design.values.schedule import Cadence, Schedule
from toban.design.values.schedule.occurrence import existing
from toban.engine.bindings.model import System
from toban.engine.calendar.due import due_times, schedules_of
from toban.engine.spans import Span
from toban.message import NOTHING, Message

LASTS = timedelta(minutes=30)
"""What falls into this time from the beginning of a release collides with it: assumed."""

_DAY = timedelta(days=1)
_AHEAD = timedelta(days=370)
_BACK = timedelta(days=800)
_MONTHS = {Cadence.MONTHLY: 1, Cadence.QUARTERLY: 3, Cadence.HALF_YEARLY: 6, Cadence.YEARLY: 12}
_BY_CAUSE = (Cadence.ON_EVENT, Cadence.ON_DEMAND)
_OFTEN = timedelta(hours=1)
"""What is due more often than this would collide with every release."""


@dataclass(frozen=True, slots=True)
class ReleaseWindow:
    """A time in which a release may begin."""

    due_at: datetime
    """When it is planned if nobody says otherwise; of a row that names no day, the end of the window."""
    start: datetime
    end: datetime
    """Not included."""

    def holds(self, moment: datetime) -> bool:
        """Return whether a release may begin at *moment*."""
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True)
class ReleaseCalendar:
    """A row of the release schedule, by the bound clock time where it gives none."""

    schedule: Schedule
    at: time
    system: System
    tolerance: timedelta
    """How late after a clock time of the row a release may begin."""

    @property
    def needs_cause(self) -> bool:
        """Whether a release by this row cites why it can't wait: 随時, 緊急バグ修正時."""
        return all(each.cadence in _BY_CAUSE for each in self.schedule.each)

    @property
    def is_any_time(self) -> bool:
        """Whether it limits releases to no days: 常時."""
        return any(each.cadence is Cadence.CONTINUOUS for each in self.schedule.each)

    def windows(self, start: datetime, end: datetime) -> Iterator[ReleaseWindow]:
        """Yield the windows that begin from *start* until before *end*, in order."""
        found = (window for each in self.schedule.each for window in self._windows(each, start, end))
        yield from sorted(set(found), key=lambda window: (window.start.timestamp(), window.end.timestamp()))

    def window_at(self, moment: datetime) -> ReleaseWindow | None:
        """Return the window that *moment* is in; None if no release by this row may begin then."""
        longest = max((_longest(each) for each in self.schedule.each), default=_DAY)
        found = self.windows(moment - longest, moment + timedelta(microseconds=1))
        return next((each for each in found if each.holds(moment)), None)

    def next_after(self, now: datetime) -> ReleaseWindow | None:
        """Return the first window whose planned time is after *now*; None if the row names no days."""
        longest = max((_longest(each) for each in self.schedule.each), default=_DAY)
        found = self.windows(now - longest, now + _AHEAD)
        return next((each for each in found if each.due_at > now), None)

    def last_before(self, now: datetime, since: datetime) -> ReleaseWindow | None:
        """Return the newest window that began after *since* and is over at *now*."""
        back = 40 * _DAY
        while True:
            start = max(since, now - back)
            over = [each for each in self.windows(start, now) if each.end <= now]
            if over or start == since or back > _BACK:
                return over[-1] if over else None
            back *= 8

    def _windows(self, rule: Schedule, start: datetime, end: datetime) -> Iterator[ReleaseWindow]:
        zone = ZoneInfo(rule.zone) if rule.zone else self.system.zone
        day = start.astimezone(zone).date() - _DAY
        if _names_no_day(rule):
            yield from self._spans(rule.cadence, day, zone, (start, end))
            return
        while existing(day, time(0), zone) < end:
            yield from (each for each in self._on(rule, day, zone) if start <= each.start < end)
            day += _DAY

    def _on(self, rule: Schedule, day: date, zone: ZoneInfo) -> Iterator[ReleaseWindow]:
        if not is_due_on(rule, day, self.system.business):
            return
        if not rule.is_timed:
            whole = existing(day, time(0), zone), existing(day + _DAY, time(0), zone)
            yield ReleaseWindow(existing(day, self.at, zone), *whole)
            return
        for each in periods_on(rule, day, self.system.business):
            begins, ends = (existing(local.date(), local.time(), zone) for local in (each.start, each.end))
            yield ReleaseWindow(begins, begins, ends if ends > begins else begins + self.tolerance)

    def _spans(self, cadence: Cadence, day: date, zone: ZoneInfo, within: Span) -> Iterator[ReleaseWindow]:
        """Yield whole weeks, months or quarters: the document leaves open on which day."""
        first = self._first_of(day, cadence)
        while (start := existing(first, time(0), zone)) < within[1]:
            following = self._first_of(first + _LENGTHS[cadence], cadence)
            end = existing(following, time(0), zone)
            if start >= within[0]:
                yield ReleaseWindow(end, start, end)
            first = following

    def _first_of(self, day: date, cadence: Cadence) -> date:
        """Return the first day of the period that *day* is in."""
        if cadence is Cadence.WEEKLY:
            return day - _DAY * day.weekday()
        count = _MONTHS[cadence]
        anchor = (self.system.quarters or (1,))[0] - 1 if cadence is Cadence.QUARTERLY else 0
        index = day.year * 12 + day.month - 1
        index -= (index - anchor) % count
        return date(index // 12, index % 12 + 1, 1)


_LENGTHS = {
    Cadence.WEEKLY: 7 * _DAY,
    Cadence.MONTHLY: 31 * _DAY,
    Cadence.QUARTERLY: 92 * _DAY,
    Cadence.HALF_YEARLY: 184 * _DAY,
    Cadence.YEARLY: 366 * _DAY,
}
"""From the first day of a period, this leads into the next one and not beyond it."""


def _names_no_day(rule: Schedule) -> bool:
    if rule.cadence is Cadence.WEEKLY:
        return not rule.weekdays
    return rule.cadence in _MONTHS and rule.day is None and not rule.months


def _longest(rule: Schedule) -> timedelta:
    """Return the longest that a window of *rule* may last."""
    return _LENGTHS[rule.cadence] + _DAY if _names_no_day(rule) else 2 * _DAY


_REFERENCE = re.compile(
    r"https?://\S+"
    r"|(?:障害|インシデント|アラート|エラー|バグ|不具合|課題|チケット|incidents?|alerts?|errors?|bugs?|issues?|tickets?)"
    r"\s?(?:no\.?|番号|[#＃/:№])?\s?[#＃]?\d+"
    r"|(?<![\w#])#\d+|(?-i:\b[A-Z][A-Z0-9]{1,9}(?:-\d+)+)",
    re.IGNORECASE,
)


def cites(cause: str) -> str:
    """Return the incident or error that *cause* cites (障害#12, OPS-34, a link); empty if it cites none."""
    found = _REFERENCE.search(cause)
    return found.group() if found else ""


class CollisionKind(StrEnum):
    """What a release would run into."""

    FREEZE = "freeze"
    MAINTENANCE = "maintenance"
    BATCH = "batch"
    BACKUP = "backup"
    HOLIDAY = "holiday"
    BUDGET = "budget"
    """The error budget of a service level is used up too fast."""
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Collision:
    """One thing that a release would run into."""

    kind: CollisionKind
    said: Message
    is_blocking: bool = False
    """Whether the release may not begin without breaking the glass."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """A time without releases."""

    start: datetime
    end: datetime
    """Not included."""
    reason: str


def frozen(freezes: Iterable[Freeze], at: datetime, zone: ZoneInfo) -> Iterator[Collision]:
    """Yield the freezes that a release at *at* would break."""
    for each in freezes:
        if each.start <= at < each.end:
            said = Message(
                "release-rows.frozen",
                start=each.start.astimezone(zone),
                end=each.end.astimezone(zone),
                reason=each.reason,
            )
            yield Collision(CollisionKind.FREEZE, said, is_blocking=True)


def on_day_off(system: System, at: datetime) -> Iterator[Collision]:
    """Yield that *at* is on a day on which nobody works."""
    day = at.astimezone(system.zone).date()
    if not system.business.is_business_day(day):
        why = system.business.day_off(day) or Message("release-rows.weekend")
        yield Collision(CollisionKind.HOLIDAY, Message("release-rows.on-day-off", day=day, why=why))


def under_maintenance(spans: Iterable[Span], zone: ZoneInfo) -> Iterator[Collision]:
    """Yield the maintenance that a release would fall into; *spans* are those within its time."""
    for start, end in spans:
        said = Message(
            "release-rows.under-maintenance", start=start.astimezone(zone), end=end.astimezone(zone)
        )
        yield Collision(CollisionKind.MAINTENANCE, said)


def due_meanwhile(
    kind: CollisionKind, rows: Iterable[tuple[Clause, str]], system: System, at: datetime
) -> Iterator[Collision]:
    """Yield which of *rows*, each with its name, are due while a release that begins at *at* is under way."""
    for clause, name in rows:
        for schedule in schedules_of(clause):
            due = _first_due(schedule, system, at)
            if due is not None:
                said = Message("release-rows.due-meanwhile", name=name, due=due.astimezone(system.zone))
                yield Collision(kind, said)


def _first_due(schedule: Schedule, system: System, at: datetime) -> datetime | None:
    every = schedule.every.as_timedelta() if schedule.every is not None else _OFTEN
    if schedule.cadence is Cadence.INTERVAL and every < _OFTEN:
        return None
    # ">=" at both ends: what begins just when the release should be over still meets one that is late.
    return next(due_times(schedule, system, at, at + LASTS + timedelta(microseconds=1)), None)


def blocking(found: Sequence[Collision]) -> Message:
    """Return why a release may not begin; nothing if it may."""
    return next((each.said for each in found if each.is_blocking), NOTHING)
