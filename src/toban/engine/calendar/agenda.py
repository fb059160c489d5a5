"""Everything that a document schedules over a span of days, and what overlaps. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from toban.design.clauses.base import Clause
from toban.design.reader import Design
from toban.design.values.schedule import Cadence, Schedule
from toban.design.values.schedule.cron import cron_rule
from toban.design.values.schedule.occurrence import existing
from toban.engine.bindings.model import System
from toban.engine.calendar.due import due_times, schedules_of
from toban.message import Message

_DAY = timedelta(days=1)
_OFTEN = 6
"""More moments of one day than these would hide everything else."""

type SchedulesOf = Callable[[Clause], Iterable[Schedule]]


@dataclass(frozen=True, slots=True)
class AgendaEntry:
    """A clause at a time, in the document's zone."""

    clause: Clause
    start: datetime
    """Midnight where the document names no clock time."""
    end: datetime
    """The start itself for a moment; the next midnight for a whole day."""
    is_all_day: bool
    meets: tuple[str, ...] = ()
    """Ids of the clauses that overlap with this one."""


@dataclass(frozen=True, slots=True)
class AgendaDay:
    """A day and what falls on it, in order."""

    date: date
    is_business_day: bool
    holiday: Message
    """The public holiday, or 休業日; nothing for every other day."""
    entries: tuple[AgendaEntry, ...]


@dataclass(frozen=True, slots=True)
class Agenda:
    """A span of days, in order."""

    days: tuple[AgendaDay, ...]
    constant: tuple[Clause, ...]
    """What repeats within each day (1時間毎): too often for a calendar."""


def agenda(
    design: Design, system: System, first: date, last: date, schedules: SchedulesOf = schedules_of
) -> Agenda:
    """Return what *design* schedules from *first* to *last*, both included, with all overlaps.

    *schedules*: when each clause is due, if other than by its own words.
    """
    business = system.business
    by_day: dict[date, list[AgendaEntry]] = {}
    for entry in _with_meetings(_entries(design, system, first, last, schedules)):
        by_day.setdefault(entry.start.date(), []).append(entry)
    days = (first + offset * _DAY for offset in range((last - first).days + 1))
    return Agenda(
        tuple(
            AgendaDay(day, business.is_business_day(day), business.day_off(day), tuple(by_day.get(day, ())))
            for day in days
        ),
        tuple(clause for clause in design.clauses if any(map(_is_constant, schedules(clause)))),
    )


def every_day(agenda: Agenda) -> frozenset[str]:
    """Return the ids of the clauses that occur on every day of *agenda*; they would hide the others.

    Empty for a single day, on which nothing repeats.
    """
    by_day = [{entry.clause.id for entry in day.entries} for day in agenda.days]
    return frozenset(set.intersection(*by_day)) if len(by_day) > 1 else frozenset()


def _is_constant(schedule: Schedule) -> bool:
    rule = cron_rule(schedule.cron) if schedule.cadence is Cadence.CRON else None
    return schedule.cadence is Cadence.INTERVAL or (rule is not None and len(rule.clocks) > _OFTEN)


def _entries(
    design: Design, system: System, first: date, last: date, schedules: SchedulesOf
) -> Iterator[AgendaEntry]:
    start, end = existing(first, time(0), system.zone), existing(last + _DAY, time(0), system.zone)
    for clause in design.clauses:
        for schedule in schedules(clause):
            if not _is_constant(schedule):
                timed = schedule if schedule.is_timed else replace(schedule, at=time(0))
                for moment in due_times(timed, system, start, end):
                    yield _entry(clause, schedule, moment.astimezone(system.zone))


def _entry(clause: Clause, schedule: Schedule, start: datetime) -> AgendaEntry:
    # Aware arithmetic within one zone uses the wall clock: a window ends when the clock says so.
    if not schedule.is_timed:
        return AgendaEntry(clause, start, start + _DAY, is_all_day=True)
    if schedule.at is None or schedule.until is None:
        return AgendaEntry(clause, start, start, is_all_day=False)
    day = start.date() + _DAY * (schedule.until <= schedule.at)
    return AgendaEntry(clause, start, datetime.combine(day, schedule.until, start.tzinfo), is_all_day=False)


def _with_meetings(entries: Iterable[AgendaEntry]) -> Iterator[AgendaEntry]:
    """Yield *entries* in order, each with the entries that overlap with it."""
    ordered = sorted(entries, key=lambda entry: (entry.start, not entry.is_all_day, entry.clause.origin.line))
    timed = [entry for entry in ordered if not entry.is_all_day]
    met: dict[int, list[str]] = {}
    lasting: list[AgendaEntry] = []
    for entry in timed:
        # A window that ends when this one begins does not overlap; a moment overlaps what begins with it.
        lasting = [each for each in lasting if each.end > entry.start or each.start == entry.start]
        for each in lasting:
            met.setdefault(id(each), []).append(entry.clause.id)
            met.setdefault(id(entry), []).append(each.clause.id)
        lasting.append(entry)
    for entry in ordered:
        yield replace(entry, meets=tuple(met.get(id(entry), ())))
