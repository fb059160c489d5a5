"""The status of the rows about levels and the flow, and what is told when a clock runs out."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.db.models import QuerySet

from toban.chapters.incident.clocks.rules import Clock, ClockState
from toban.chapters.incident.declaring.records import times_of
from toban.chapters.incident.declaring.telling import (
    ITEM,
    concerned,
    leading,
    page_of,
    row_of,
    subject_of,
    tell,
)
from toban.chapters.incident.models import Incident
from toban.chapters.incident.plan import IncidentPlan
from toban.chapters.incident.rows import owing
from toban.chapters.incident.rows.flow import FlowOccasion, judge_flow
from toban.chapters.incident.rows.levels import LevelOccasion, judge_level
from toban.design.clauses.base import Clause
from toban.engine.amounts import length
from toban.engine.editions.edition import Edition
from toban.engine.notify import alerts
from toban.engine.notify.signal import Condition, Signal
from toban.engine.rows import report as rows
from toban.engine.rows.report import JudgedRow
from toban.engine.tasks.standing import statuses
from toban.engine.tasks.telling import tell as tell_of_tasks
from toban.message import NOTHING, Message

_CONDITIONS = {ClockState.DUE_SOON: Condition.WARNING, ClockState.OVERDUE: Condition.CRITICAL}
_LATELY = 20
"""Closed incidents of a row that are read: the newest decides, unless all of them are of game days."""


def report(plan: IncidentPlan, edition: Edition, now: datetime) -> None:
    """Open what is owed, show the status of every row, and tell of clocks that run out."""
    owing.settle(plan, edition, now)
    current = list(_incidents().filter(closed_at=None))
    found, signals = _judged(current, plan, edition, now), _signals(current, plan, edition, now)
    rows.report(found, signals, now, plan.document_digest)
    for incident in current:
        _remind(incident, plan, edition, now)
    works = plan.tasks.values()
    tell_of_tasks(statuses(works, edition, now), works, edition, now)


def _incidents() -> QuerySet[Incident]:
    return (
        Incident.objects.filter(merged_into=None)
        .prefetch_related("reports", "measures", "stages")
        .order_by("-detected_at", "-pk")
    )


def _judged(
    current: Sequence[Incident], plan: IncidentPlan, edition: Edition, now: datetime
) -> Iterator[JudgedRow]:
    by_level: Mapping[str, list[LevelOccasion]] = defaultdict(list)
    for each in current:
        by_level[each.clause_id].append(_of_level(each))
    for row in plan.limited:
        closed = [_of_level(each) for each in _closed().filter(clause_id=row.id)[:_LATELY]]
        yield row, judge_level(by_level[row.id], closed, now)
    if plan.flow is not None:
        open_ = [_of_flow(each, plan, edition) for each in current]
        before = [_of_flow(each, plan, edition) for each in _closed()[:_LATELY]]
        yield plan.flow, judge_flow(open_, before, now)


def _closed() -> QuerySet[Incident]:
    return _incidents().exclude(closed_at=None)


def _of_level(incident: Incident) -> LevelOccasion:
    return LevelOccasion(incident.pk, times_of(incident), incident.is_drill)


def _of_flow(incident: Incident, plan: IncidentPlan, edition: Edition) -> FlowOccasion:
    steps = plan.flow.steps if plan.flow is not None else ()
    done = {each.words for each in incident.stages.all()}
    left = [each for each in steps if each[:300] not in done]
    is_under_way = incident.recovered_at is None
    return FlowOccasion(
        number=incident.pk,
        count=len(steps),
        # What was closed has gone through the flow of its own time.
        left=left if incident.closed_at is None else incident.steps_left,
        owed=owing.owed_for(incident, plan, edition),
        update_due=incident.updated_at + plan.config.updates_every if is_under_way else None,
        is_drill=incident.is_drill,
    )


def _signals(
    current: Sequence[Incident], plan: IncidentPlan, edition: Edition, now: datetime
) -> Iterator[Signal]:
    """Yield how each clock of the open incidents stands, and the end of what was told of others."""
    told = set()
    for incident in current:
        times, row = times_of(incident), row_of(incident, plan)
        if row is not None and incident.recovered_at is None:
            for name, clock in (("response", times.response(now)), ("recovery", times.recovery(now))):
                signal = _signal(incident, name, clock, row, plan, edition, now)
                told.add(signal.key)
                yield signal
    # Over are incidents that are closed, or a part of another.
    yield from alerts.ended(ITEM, told, Message("incident.clock-is-fine"), now)


def _signal(
    incident: Incident,
    name: str,
    clock: Clock,
    row: Clause,
    plan: IncidentPlan,
    edition: Edition,
    now: datetime,
) -> Signal:
    condition = _CONDITIONS.get(clock.state, Condition.OK)
    is_ok = condition is Condition.OK or clock.due is None
    zone = plan.system.zone
    value = Message("incident.clock-is-fine")
    if not is_ok and clock.due is not None:
        # By the moment, not by what is left: that would be another value at each look.
        value = Message(f"incident.clock-{name}-{clock.state}", until=clock.due.astimezone(zone))
    return Signal(
        key=f"incident/{incident.pk}/{name}",
        clause_id=row.id,
        citation=str(row.origin),
        clause_text=row.text,
        condition=condition,
        subject=subject_of(incident),
        value=value,
        limit=NOTHING if is_ok or clock.due is None else _limit(name, incident, clock),
        began_at=clock.due if clock.state is ClockState.OVERDUE and clock.due is not None else now,
        detected_at=now,
        advice=NOTHING if is_ok else Message("incident.open-the-page", url=page_of(incident)),
        labels={"item": ITEM, "incident": str(incident.pk)},
        people=concerned(incident, plan, edition),
    )


def _limit(name: str, incident: Incident, clock: Clock) -> Message:
    within = length((clock.due or incident.detected_at) - incident.detected_at)
    return Message(f"incident.limit-{name}", level=incident.level, within=within)


def _remind(incident: Incident, plan: IncidentPlan, edition: Edition, now: datetime) -> None:
    """Ask who leads for an update, once for each time that one was due."""
    every, since = plan.config.updates_every, now - incident.updated_at
    missed = since // every
    if incident.recovered_at is not None or missed < 1:
        return
    who = leading(incident, edition) or (plan.manager,)
    said = Message("incident.update-is-due", since=length(missed * every))
    key = f"reminder/{incident.updated_at.isoformat()}/{missed}"
    tell(incident, plan, edition, key, said, now, only=who)
