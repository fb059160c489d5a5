"""Who holds a role of the document at which time: turns, hours, and deputies. Pure.

Turns are numbered by counting the hand-overs from a fixed day. So the document, the bindings and the
overrides alone determine who is on duty at any moment, past or future.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from toban.design.clauses.duty import DutyRole
from toban.design.reader import Design
from toban.design.values.hours import Hours
from toban.design.values.schedule import Schedule
from toban.design.values.schedule.occurrence import existing
from toban.engine.bindings.model import DutyBinding, LayerBinding, Person, System
from toban.engine.calendar.due import due_times

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
AHEAD = timedelta(days=35)
"""A turn of a month ends within this time."""


@dataclass(frozen=True, slots=True)
class Layer:
    """People who take turns; one of them is on duty in its hours."""

    people: tuple[str, ...]
    handover: Schedule
    since: date
    """The first person's turn begins at the first hand-over on or after this day."""
    hours: Hours | None = None
    """None: always."""


@dataclass(frozen=True, slots=True)
class Roster:
    """A role, and who holds it at which time."""

    role: str
    clause: DutyRole | None
    """None for a role that only the bindings name, for their escalation."""
    layers: tuple[Layer, ...] = ()
    """Empty: always the person that `[people.ROLE]` names."""

    @property
    def hours(self) -> Hours | None:
        """The document's hours; None if it gives none."""
        return self.clause.hours if self.clause is not None else None


@dataclass(frozen=True, slots=True)
class Override:
    """A deputy: somebody who holds a role for a time, regardless of whose turn it is."""

    number: int
    role: str
    person: str
    author: str
    reason: str
    start: datetime
    end: datetime
    makers: tuple[int, ...] = ()
    """The numbers of the accounts of who had just set the author's password: it may have been they."""


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Who holds a role at a moment."""

    people: tuple[str, ...] = ()
    """Names in `[people]`; empty if nobody holds it."""
    override: Override | None = None


@dataclass(frozen=True, slots=True)
class DutyShift:
    """A period with the same people on duty."""

    roster: Roster
    watch: OnDuty
    start: datetime
    end: datetime


def clock(moment: datetime, zone: ZoneInfo) -> str:
    """Return the start or end of a turn as text, to the minute."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def rosters(design: Design, duty: Mapping[str, DutyBinding]) -> tuple[Roster, ...]:
    """Return every role in the document's order, with its turns from *duty*, or else from the document."""
    found = [
        Roster(role.role, role, _layers(role, duty.get(role.role))) for role in _first_of(design.of(DutyRole))
    ]
    named = {each.role for each in found}
    others = (Roster(role, None, _layers(None, duty[role])) for role in duty if role not in named)
    return (*found, *others)


def name_of(name: str, roster: Roster, people: Mapping[str, Person]) -> str:
    """Return the full name of *name* in `[people]`; for the role's own name, the holder in the document."""
    person = people.get(name)
    if person is not None and person.name:
        return person.name
    clause = roster.clause
    if name == roster.role and clause is not None and clause.holder and not clause.is_placeholder:
        return clause.holder
    return name


def _first_of(roles: Iterable[DutyRole]) -> Iterable[DutyRole]:
    """Return one row for each role: a document may list 当番 twice, with two ways to reach it."""
    by_name: dict[str, DutyRole] = {}
    for role in roles:
        by_name.setdefault(role.role, role)
    return by_name.values()


def _layers(role: DutyRole | None, duty: DutyBinding | None) -> tuple[Layer, ...]:
    if duty is not None:
        return tuple(Layer(each.people, each.handover, each.since, each.hours) for each in duty.layers)
    if role is not None and role.rotation is not None:
        since: date = LayerBinding.model_fields["since"].default
        return (Layer(role.rotation.people, role.rotation.handover, since),)
    return ()


def holding(roster: Roster, overrides: Sequence[Override], moment: datetime, system: System) -> OnDuty:
    """Return who holds *roster*'s role at *moment*, inside or outside the document's hours."""
    standing = [each for each in overrides if each.role == roster.role and each.start <= moment < each.end]
    if standing:
        # If there are several, the newest applies.
        newest = max(standing, key=lambda each: each.number)
        return OnDuty((newest.person,), newest)
    if not roster.layers:
        return OnDuty((roster.role,))
    found = (
        _in_turn(layer, moment, system) for layer in roster.layers if _is_open(layer.hours, moment, system)
    )
    return OnDuty(tuple(dict.fromkeys(found)))


def on_duty(roster: Roster, overrides: Sequence[Override], moment: datetime, system: System) -> OnDuty:
    """Return who is on duty at *moment*: nobody if it is outside the document's hours."""
    if not _is_open(roster.hours, moment, system):
        return OnDuty()
    return holding(roster, overrides, moment, system)


def _is_open(hours: Hours | None, moment: datetime, system: System) -> bool:
    if hours is None:
        return True
    local = moment.astimezone(system.zone)
    return hours.covers(local, system.business.days_off_around(local.date()))


def _in_turn(layer: Layer, moment: datetime, system: System) -> str:
    return layer.people[_turn(layer, moment, system) % len(layer.people)]


def _turn(layer: Layer, moment: datetime, system: System) -> int:
    """Return the number of hand-overs between the first person's and *moment*; negative before that."""
    anchor = existing(layer.since, time(0), system.zone)
    if moment < anchor:
        return -1 - _count(layer.handover, system, moment + _INSTANT, anchor)
    return _count(layer.handover, system, anchor, moment + _INSTANT) - 1


def _count(handover: Schedule, system: System, start: datetime, end: datetime) -> int:
    """Return the number of hand-overs from *start* (included) to *end* (excluded)."""
    years = range(_year(start, system), _year(end, system) + 1)
    known = (_handovers(handover, system, year) for year in years)
    return sum(bisect_left(each, end) - bisect_left(each, start) for each in known)


def _year(moment: datetime, system: System) -> int:
    return moment.astimezone(system.zone).year


@lru_cache(maxsize=1024)
def _handovers(handover: Schedule, system: System, year: int) -> tuple[datetime, ...]:
    first, next_first = (existing(date(each, 1, 1), time(0), system.zone) for each in (year, year + 1))
    return tuple(due_times(handover, system, first, next_first))


def shifts(
    roster: Roster, overrides: Sequence[Override], start: datetime, end: datetime, system: System
) -> list[DutyShift]:
    """Return who is on duty from *start* to *end*, without the times when nobody is."""
    mine = [each for each in overrides if each.role == roster.role]
    edges = sorted({start, end, *_edges(roster, mine, start, end, system)})
    found: list[DutyShift] = []
    for begin, until in pairwise(edges):
        watch = on_duty(roster, mine, begin, system)
        last = found[-1] if found else None
        if last is not None and last.end == begin and last.watch == watch:
            found[-1] = replace(last, end=until)
        elif watch.people:
            found.append(DutyShift(roster, watch, begin, until))
    return found


def following(
    roster: Roster, overrides: Sequence[Override], moment: datetime, system: System
) -> DutyShift | None:
    """Return the next shift with people other than those at *moment*; None if none comes for a month."""
    present = on_duty(roster, overrides, moment, system).people
    found = shifts(roster, overrides, moment, moment + AHEAD, system)
    return next((each for each in found if each.start > moment and each.watch.people != present), None)


def turns(
    known: Iterable[Roster], overrides: Sequence[Override], start: datetime, end: datetime, system: System
) -> list[DutyShift]:
    """Return what a calendar of duty shows from *start* to *end*, in order: turns and deputies.

    A role that the same person always holds would appear every day: only its deputies are shown.
    """
    found = (shift for each in known for shift in shifts(each, overrides, start, end, system))
    shown = (shift for shift in found if shift.roster.layers or shift.watch.override is not None)
    return sorted(shown, key=lambda shift: shift.start)


def _edges(
    roster: Roster, overrides: Iterable[Override], start: datetime, end: datetime, system: System
) -> Iterator[datetime]:
    """Yield every moment strictly between *start* and *end* at which duty may change."""
    clocks = {time(0)}
    for hours in (roster.hours, *(layer.hours for layer in roster.layers)):
        clocks |= {hours.start, hours.end} if hours is not None else set()
    found = [moment for each in overrides for moment in (each.start, each.end)]
    for layer in roster.layers:
        found += due_times(layer.handover, system, start, end)
    day, last = start.astimezone(system.zone).date(), end.astimezone(system.zone).date()
    while day <= last:
        found += [existing(day, clock, system.zone) for clock in clocks]
        day += _DAY
    return (moment.astimezone(system.zone) for moment in found if start < moment < end)


def last_handover(
    roster: Roster, overrides: Sequence[Override], since: datetime, now: datetime, system: System
) -> tuple[DutyShift, DutyShift] | None:
    """Return the shifts before and after the last hand-over after *since*; None if there was none.

    The document's hours don't count: a turn that ended on Friday is handed over when the next one begins.
    """
    always = Roster(roster.role, None, roster.layers)
    found = shifts(always, overrides, since, now + _INSTANT, system)
    changes = [pair for pair in pairwise(found) if pair[0].watch.people != pair[1].watch.people]
    return changes[-1] if changes else None
