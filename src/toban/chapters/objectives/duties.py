"""Who is there now, and whether anybody is at every hour that the document promises. Pure."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta

from toban.design.calendar import japanese_holidays
from toban.design.clauses.objectives import DutyRole, ServiceHours
from toban.design.reader import Design
from toban.engine.bindings.model import Bindings, Person
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict

_WEEK = 7 * 24 * 4
_QUARTER = timedelta(minutes=15)


def statuses(design: Design, bindings: Bindings, now: datetime) -> Iterator[StatusUpdate]:
    """Yield the status of every duty role, and of the service hours."""
    moment = now.astimezone(bindings.system.zone)
    holidays = list(_holidays(bindings, moment))
    duties = design.of(DutyRole)
    for duty in duties:
        yield _duty(duty, bindings.people.get(duty.role), moment, holidays, bindings.file)
    for service in design.of(ServiceHours):
        yield _service(service, duties, moment, now)


def _holidays(bindings: Bindings, moment: datetime) -> Collection[date]:
    years = range(moment.year, moment.year + 1)
    return list(japanese_holidays(years)) if bindings.system.keeps_holidays else ()


def _duty(
    duty: DutyRole, person: Person | None, moment: datetime, holidays: Collection[date], file: str
) -> StatusUpdate:
    if person is None:
        reason = f'役割「{duty.role}」の担当者が {file} にありません: [people."{duty.role}"] を書いてください'
        return StatusUpdate(duty.id, Verdict.UNBOUND, "", reason, moment)
    ways = [name for name in ("email", "slack", "pagerduty", "phone") if getattr(person, name)]
    name = person.name or duty.role
    if not ways:
        reason = f'{file} の [people."{duty.role}"] に email か slack か pagerduty か phone を書いてください'
        return StatusUpdate(duty.id, Verdict.UNBOUND, name, reason, moment)
    if duty.hours is None:
        return StatusUpdate(duty.id, Verdict.CONFORMING, name, "対応時間は書かれていません", moment)
    is_there = duty.hours.covers(moment, holidays)
    state = "対応時間中" if is_there else "対応時間外"
    return StatusUpdate(duty.id, Verdict.CONFORMING, f"{name} ({state})", f"{duty.hours}", moment)


def _service(
    service: ServiceHours, duties: Sequence[DutyRole], moment: datetime, now: datetime
) -> StatusUpdate:
    gap = first_gap(service, duties, moment)
    if gap is None:
        reason = "この時間帯のどの時刻にも、対応時間内の役割があります"
        return StatusUpdate(service.id, Verdict.CONFORMING, str(service.hours), reason, now)
    weekday = "月火水木金土日"[gap.weekday()]
    reason = f"{weekday}曜 {gap:%H:%M} には、対応時間内の役割がありません"
    return StatusUpdate(service.id, Verdict.DEVIATING, str(service.hours), reason, now)


def first_gap(service: ServiceHours, duties: Sequence[DutyRole], moment: datetime) -> datetime | None:
    """Return the first quarter of an hour of a week without holidays in which nobody is there; None: none."""
    hours = [duty.hours for duty in duties if duty.hours is not None]
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    monday = midnight - timedelta(days=midnight.weekday())
    quarters = (monday + _QUARTER * number for number in range(_WEEK))
    served = (quarter for quarter in quarters if service.hours.covers(quarter))
    return next((quarter for quarter in served if not any(each.covers(quarter) for each in hours)), None)
