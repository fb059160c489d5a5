"""Who is on duty now, and whether someone is at every hour that the document promises. Pure."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from toban.design.clauses.duty import DutyRole
from toban.design.clauses.objectives import ServiceHours
from toban.design.reader import Design
from toban.engine.bindings.model import Bindings
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.duty.roster import Override, Roster, following, holding, on_duty, rosters
from toban.message import NOTHING, Message, lines, listing, plain

_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_QUARTERS = 24 * 4
_QUARTER = timedelta(minutes=15)
_DAY = timedelta(days=1)


def statuses(
    design: Design, bindings: Bindings, overrides: Sequence[Override], now: datetime
) -> Iterator[StatusUpdate]:
    """Yield the status of every duty role, and of the service hours."""
    moment = now.astimezone(bindings.system.zone)
    known = {each.role: each for each in rosters(design, bindings.duty)}
    for duty in design.of(DutyRole):
        yield _duty(duty, known[duty.role], overrides, bindings, moment)
    for service in design.of(ServiceHours):
        yield _service(service, known.values(), bindings, moment)


def _duty(
    duty: DutyRole, roster: Roster, overrides: Sequence[Override], bindings: Bindings, moment: datetime
) -> StatusUpdate:
    unreachable = _unreachable(roster, bindings)
    if unreachable:
        return StatusUpdate(duty.id, Verdict.UNBOUND, NOTHING, lines(*unreachable), moment)
    held = holding(roster, overrides, moment, bindings.system)
    who = listing([_name(name, bindings) for name in held.people]) or Message("objectives.nobody-on-duty")
    reason = lines(*_told(roster, overrides, bindings, moment))
    if duty.hours is None:
        return StatusUpdate(duty.id, Verdict.CONFORMING, who, reason, moment)
    if not held.people and on_duty(Roster(duty.role, duty), (), moment, bindings.system).people:
        return StatusUpdate(duty.id, Verdict.DEVIATING, who, reason, moment)
    is_there = bool(on_duty(roster, overrides, moment, bindings.system).people)
    value = Message("objectives.within-hours" if is_there else "objectives.outside-hours", people=who)
    return StatusUpdate(duty.id, Verdict.CONFORMING, value, reason, moment)


def _unreachable(roster: Roster, bindings: Bindings) -> Sequence[Message]:
    """Return why people who hold the role can't be reached."""
    names = [name for layer in roster.layers for name in layer.people] or [roster.role]
    return list(_why_unreachable(dict.fromkeys(names), roster.role, bindings))


def _why_unreachable(names: Iterable[str], role: str, bindings: Bindings) -> Iterator[Message]:
    for name in names:
        person, section = bindings.people.get(name), f'[people."{name}"]'
        if person is None:
            yield Message("objectives.role-without-person", role=role, file=bindings.file, section=section)
        elif not any(getattr(person, way) for way in ("email", "slack", "pagerduty", "phone")):
            yield Message("objectives.person-without-address", file=bindings.file, section=section)


def _name(name: str, bindings: Bindings) -> str:
    person = bindings.people.get(name)
    return (person.name if person is not None else "") or name


def _told(
    roster: Roster, overrides: Sequence[Override], bindings: Bindings, moment: datetime
) -> Iterator[Message]:
    yield plain(str(roster.hours)) if roster.hours is not None else Message("objectives.hours-not-written")
    system = bindings.system
    override = holding(roster, overrides, moment, system).override
    if override is not None:
        until = override.end.astimezone(system.zone)
        yield Message("objectives.deputy-until", until=until, author=override.author, reason=override.reason)
    coming = following(roster, overrides, moment, system)
    if coming is not None:
        people = [_name(name, bindings) for name in coming.watch.people]
        yield Message("objectives.next-on-duty", start=coming.start.astimezone(system.zone), people=people)


@dataclass(frozen=True, slots=True)
class DutyGap:
    """A time that the document promises, at which nobody is on duty."""

    at: datetime
    is_holiday: bool
    """Whether the gap exists only if that day is a public holiday."""

    @property
    def words(self) -> Message:
        """That nobody is on duty then."""
        day = Message(f"objectives.day-{_WEEK[self.at.weekday()]}")
        code = "objectives.nobody-on-holiday" if self.is_holiday else "objectives.nobody-on-day"
        return Message(code, day=day, time=f"{self.at:%H:%M}")


def _service(
    service: ServiceHours, known: Collection[Roster], bindings: Bindings, moment: datetime
) -> StatusUpdate:
    hours = plain(str(service.hours))
    gap = first_gap(service, known, moment)
    if gap is not None:
        return StatusUpdate(service.id, Verdict.DEVIATING, hours, gap.words, moment)
    unreachable = {roster.role: _unreachable(roster, bindings) for roster in known}
    reachable = [roster for roster in known if not unreachable[roster.role]]
    if first_gap(service, reachable, moment) is not None:
        # By the document somebody is there at every hour, but nobody knows who.
        reason = lines(*(why for each in unreachable.values() for why in each))
        return StatusUpdate(service.id, Verdict.UNBOUND, hours, reason, moment)
    reason = Message("objectives.somebody-always-on-duty")
    return StatusUpdate(service.id, Verdict.CONFORMING, hours, reason, moment)


def first_gap(service: ServiceHours, known: Collection[Roster], moment: datetime) -> DutyGap | None:
    """Return the first quarter of an hour in which nobody is on duty; None if there is none.

    This checks an ordinary week, and then each of its days as a public holiday.
    """
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    monday = midnight - timedelta(days=midnight.weekday())
    week = [monday + _DAY * number for number in range(len(_WEEK))]
    for holidays in ((), *((day.date(),) for day in week)):
        for day in week:
            gap = _gap_of(day, service, known, holidays)
            if gap is not None:
                return DutyGap(gap, bool(holidays))
    return None


def _gap_of(
    day: datetime, service: ServiceHours, known: Collection[Roster], holidays: Collection[date]
) -> datetime | None:
    quarters = (day + _QUARTER * number for number in range(_QUARTERS))
    served = (quarter for quarter in quarters if service.hours.covers(quarter, holidays))
    return next((each for each in served if not any(_is_there(role, each, holidays) for role in known)), None)


def _is_there(roster: Roster, moment: datetime, holidays: Collection[date]) -> bool:
    """Say whether *roster* promises someone at *moment*; a role without hours promises nothing."""
    if roster.hours is None or not roster.hours.covers(moment, holidays):
        return False
    hours = [layer.hours for layer in roster.layers]
    return not hours or any(each is None or each.covers(moment, holidays) for each in hours)
