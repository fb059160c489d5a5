"""Decisions about tasks: when one is due, until when, who may sign it off. Pure.

People work by the duty hours of their role: a daily task is due on the role's days, and a task that names a
day but no time is due when the hours of that day begin.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from toban.design.values.hours import Hours
from toban.design.values.schedule import Cadence, DayOff, DayOfMonth, Schedule, Weekday
from toban.design.values.schedule.occurrence import existing
from toban.engine.bindings.model import System
from toban.engine.orders import NotPossible
from toban.message import NOTHING, Message

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_MONTHS = {Cadence.MONTHLY: 1, Cadence.QUARTERLY: 3, Cadence.YEARLY: 12}
_YEARLY_REMINDER = timedelta(days=60)
"""What is due once in a year has to be bought and arranged."""
_OWED = (Cadence.WEEKLY, Cadence.MONTHLY, Cadence.QUARTERLY, Cadence.HALF_YEARLY, Cadence.YEARLY)
_ALWAYS = Hours()


@dataclass(frozen=True, slots=True)
class OrderedTask:
    """What a row asks of people, in its own words."""

    name: str
    roles: tuple[str, ...]
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class TaskTerms:
    """What a task asks of people."""

    name: str
    """As the document calls it."""
    roles: tuple[str, ...]
    """Whose task it is, in the document's words; holders of any of them sign it off."""
    hours: Hours = _ALWAYS
    """The duty hours of the role."""
    until: time | None = None
    """The end of the window, if the document writes it (9:00-10:00)."""
    spans: Cadence | None = None
    """Set if the document leaves the day open (週次): the window is that whole week, month or year."""
    is_owed: bool = False
    """Whether it stays open after its window until somebody signs it off; daily tasks don't pile up."""
    by_evidence: bool = False
    """Whether only evidence ends it: whoever performs it can't sign it off, and says so nowhere."""


@dataclass(frozen=True, slots=True)
class TaskRefusal:
    """Why somebody may not act on a task, and the way out."""

    said: Message
    hint: Message = NOTHING

    @property
    def error(self) -> NotPossible:
        """The same as an error."""
        return NotPossible(self.said, self.hint)


def planned(schedule: Schedule, hours: Hours) -> Schedule | None:
    """Return *schedule* as people keep it who work in *hours*; None if nobody can know its days."""
    each = [_of_people(rule, hours) for rule in schedule.each]
    found = [rule for rule in each if rule is not None]
    if len(found) < len(each):
        return None
    first, *further = found
    return replace(first, also=tuple(further))


def following(schedule: Schedule, after: time, hours: Hours) -> Schedule:
    """Return when people who work in *hours* look at what runs at *after* on the days of *schedule*."""
    if _is_whole_day(hours) or hours.end < hours.start or after < hours.end:
        return replace(schedule, at=after)
    return replace(schedule, at=time(0), next_day=True)


def terms_of(name: str, roles: tuple[str, ...], schedule: Schedule, hours: Hours) -> TaskTerms:
    """Return the terms of a task that is due by *schedule*, as the document writes it."""
    is_one = not schedule.also
    return TaskTerms(
        name=name,
        roles=roles,
        hours=hours,
        until=schedule.until if is_one else None,
        spans=schedule.cadence if is_one and _leaves_day_open(schedule) else None,
        is_owed=schedule.cadence in _OWED and len(schedule.weekdays) <= 1,
    )


def _of_people(rule: Schedule, hours: Hours) -> Schedule | None:
    match rule.cadence:
        case Cadence.CRON:
            return rule
        case Cadence.DAILY:
            days = rule if rule.weekdays or rule.day_off else _on_days_of(rule, hours)
        case Cadence.WEEKLY:
            days = rule if rule.weekdays else replace(rule, weekdays=(Weekday.MONDAY,))
        case Cadence.MONTHLY | Cadence.QUARTERLY:
            days = _on_first(rule)
        case Cadence.HALF_YEARLY | Cadence.YEARLY if rule.months:
            days = _on_first(rule)
        case Cadence.YEARLY:
            days = _on_first(replace(rule, months=(1,)))
        case _:
            return None
    if (rule.times or 1) > 1:
        return None
    return days if days.is_timed else replace(days, at=time(0) if _is_whole_day(hours) else hours.start)


def _leaves_day_open(rule: Schedule) -> bool:
    if rule.cadence is Cadence.WEEKLY:
        return not rule.weekdays
    return rule.cadence in _MONTHS and rule.day is None and not rule.months


def _on_first(rule: Schedule) -> Schedule:
    if rule.day is None:
        return replace(rule, day=DayOfMonth(1))
    if rule.assumptions and rule.at is None and rule.day_off is None and isinstance(rule.day, DayOfMonth):
        # 月初 names no day: the first on which somebody works will do.
        return replace(rule, day_off=DayOff.LATER)
    return rule


def _on_days_of(rule: Schedule, hours: Hours) -> Schedule:
    if hours.adds_holidays:
        return replace(rule, cadence=Cadence.WEEKLY, weekdays=hours.weekdays, day_off=DayOff.ADDED)
    weekdays = hours.weekdays if len(hours.weekdays) < len(Weekday) else ()
    return replace(rule, weekdays=weekdays, day_off=None if hours.includes_holidays else DayOff.SKIPPED)


def _is_whole_day(hours: Hours) -> bool:
    return hours.start == hours.end


def window_end(due_at: datetime, terms: TaskTerms, system: System) -> datetime:
    """Return until when the task due at *due_at* may be signed off in time (exclusive).

    That is the end of the role's hours, the end that the document writes, or the end of the week, month or
    quarter if it leaves the day open. On a day without hours it is midnight: nobody shifts what is written.
    """
    zone = system.zone
    local = due_at.astimezone(zone)
    day, clock = local.date(), local.time().replace(tzinfo=None)
    if terms.spans is not None:
        return existing(_next_period(day, terms.spans), time(0), zone)
    end = terms.until
    if end is None:
        end = terms.hours.end if _works_on(local, terms.hours, system) else time(0)
    return existing(day + _DAY * (end <= clock), end, zone)


def reminder_at(due_at: datetime, until: datetime, terms: TaskTerms, system: System) -> datetime:
    """Return when those who should sign a task off are reminded: in their hours, before its window ends.

    That is a quarter of the window before its end, a day at most; sixty days for what has a whole year.
    """
    ahead = _YEARLY_REMINDER if terms.spans is Cadence.YEARLY else _DAY
    moment = until - min((until - due_at) / 4, ahead)
    while moment > due_at and not _is_at_work(moment.astimezone(system.zone), terms.hours, system):
        moment -= _HOUR
    return max(moment, due_at)


def _is_at_work(local: datetime, hours: Hours, system: System) -> bool:
    return hours.covers(local, system.business.days_off_around(local.date()))


def _works_on(local: datetime, hours: Hours, system: System) -> bool:
    """Return whether there is an end of *hours* that a task due at *local* can wait for."""
    days_off = system.business.days_off_around(local.date())
    is_before_end = hours.end <= hours.start or local.time().replace(tzinfo=None) < hours.end
    return hours.covers(local, days_off) or (hours.falls_on(local.date(), days_off) and is_before_end)


def _next_period(day: date, spans: Cadence) -> date:
    if spans is Cadence.WEEKLY:
        return day + timedelta(days=7 - day.weekday())
    index = day.year * 12 + day.month - 1 + _MONTHS[spans]
    return date(index // 12, index % 12 + 1, 1)


def why_not_act(
    account: int,
    *,
    taker: int | None,
    holders: Collection[int],
    self_made: Collection[int],
    roles: Collection[str],
    why_nobody: Message,
    is_taking_back: bool = False,
    by_evidence: bool = False,
) -> TaskRefusal | None:
    """Return why *account* may not sign off a task, or hand it on; None if it may.

    A task that was handed on is its *taker*'s; those who hold the role may take it back. As for approvals,
    nobody gives the role to themselves: the deputies who did are *self_made*, and no holders.
    *is_taking_back* says that they want to hand it on: also what ends only *by_evidence* can be.
    """
    if by_evidence and not is_taking_back:
        return TaskRefusal(Message("tasks.ends-by-evidence"))
    if taker is not None and not (is_taking_back and account in holders):
        if account == taker:
            return None
        return TaskRefusal(Message("tasks.is-handed-on"), Message("tasks.take-it-back"))
    if account in holders:
        return None
    if account in self_made:
        return TaskRefusal(Message("tasks.appointed-themselves"), Message("approvals.be-appointed"))
    if not holders and why_nobody:
        return TaskRefusal(Message("tasks.nobody-holds", roles=list(roles), why=why_nobody))
    return TaskRefusal(Message("tasks.not-your-role", roles=list(roles)), Message("tasks.ask-a-holder"))


def why_no_remark(remark: str, *, exceptions: int, is_performed: bool) -> TaskRefusal | None:
    """Return why a sign-off needs a remark that is missing, or None."""
    if remark.strip():
        return None
    if not is_performed:
        return TaskRefusal(Message("tasks.say-why-not"), Message("tasks.write-a-remark"))
    if exceptions:
        return TaskRefusal(
            Message("tasks.exception-needs-remark", count=exceptions), Message("tasks.write-a-remark")
        )
    return None
