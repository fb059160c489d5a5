"""The status of every row of chapter 9, and the alerts about those that are not as they should be."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta

from toban.chapters.capacity.amounts import percent
from toban.chapters.capacity.known import KnownResource, known, ranked
from toban.chapters.capacity.models import ScalingLook
from toban.chapters.capacity.plan import CapacityPlan, Group
from toban.chapters.capacity.rows import extending
from toban.chapters.capacity.rows.judging import (
    GroupState,
    LastScaling,
    OutlookState,
    judge_forecasts,
    judge_group,
    judge_use,
)
from toban.chapters.capacity.scaler import GroupSize
from toban.chapters.capacity.scaling.looking import newest_runs
from toban.chapters.capacity.scaling.rules import Outcome
from toban.design.clauses.base import Clause
from toban.design.clauses.capacity import ResourceUsage, ScalingRule
from toban.engine.editions.edition import Edition
from toban.engine.evidence import status
from toban.engine.evidence.current import statuses as statuses_now
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict, worst
from toban.engine.modes import service as modes
from toban.engine.modes.rules import Mode, ModeDecisions, mode_now, word
from toban.engine.notify.signal import Condition, Signal
from toban.engine.rows.judgement import Judgement
from toban.engine.rows.report import JudgedRow, RowAlerts, condition_of, report, reviewed, update_of
from toban.engine.runs.models import Run
from toban.engine.runs.modes.acts import schedule_act
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import Work
from toban.engine.tasks.standing import statuses, worst_of_rows
from toban.engine.tasks.telling import tell as tell_of_tasks
from toban.message import NOTHING, Message, plain

_ALERTS = RowAlerts(
    item="capacity", limit=Message("capacity.as-the-row-orders"), advice=Message("capacity.look-at-capacity")
)
_NEWS_AFTER = timedelta(minutes=15)
"""Capacity changes over days: that it can't be measured is told after this time."""


def tell(plan: CapacityPlan, works: Mapping[str, Work], edition: Edition, now: datetime) -> None:
    """Open the tasks that are wanted, show the status of every row, and report what is wrong."""
    found = known(plan)
    extending.open_wanted(plan, found, edition, now)
    told = reviewed(_judged(plan, found, works, now))
    tasks = _of_tasks(plan, found, edition, now)
    report(told, _signals(told, now), now, plan.document_digest)
    status.show(tasks.values(), now, plan.document_digest)
    tell_of_tasks(tasks.values(), tasks.keys(), edition, now)


def _of_tasks(
    plan: CapacityPlan, found: Sequence[KnownResource], edition: Edition, now: datetime
) -> Mapping[Work, StatusUpdate]:
    """Return the worst task of each row that people carry out, and its status."""
    runs = Run.objects.filter(work__in=list(plan.tasks))
    began = set(runs.order_by().values_list("work", flat=True).distinct())
    works = list(plan.tasks.values())
    return worst_of_rows(
        (work, _no_occasion(work, plan, found, now))
        if work.key.startswith(extending.PREFIX) and work.key not in began
        else (work, update)
        for work, update in zip(works, statuses(works, edition, now), strict=True)
    )


def _no_occasion(
    work: Work, plan: CapacityPlan, found: Sequence[KnownResource], now: datetime
) -> StatusUpdate:
    """Return the status by a resource that nobody had to extend yet."""
    rule, name = next(
        (rule, each.row.resource)
        for rule in plan.by_hand
        for each in rule.resources
        if extending.key_of(rule, each.row.resource) == work.key
    )
    share = next((each.share for each in found if each.resource.row.resource == name), None)
    if share is None:
        judged = Judgement(Verdict.NOT_MEASURABLE, Message("capacity.use-unknown", resource=name))
        return update_of(rule.row, judged, now)
    said = Message("capacity.nothing-to-extend", resource=name, share=percent(share), at=percent(rule.share))
    return update_of(rule.row, Judgement(Verdict.NOT_DUE, said), now)


def _judged(
    plan: CapacityPlan, found: Sequence[KnownResource], works: Mapping[str, Work], now: datetime
) -> Iterator[JudgedRow]:
    asked = extending.being_extended(plan.tasks, now)
    for each in found:
        row = each.resource.row
        yield row, judge_use(each, now, is_being_extended=row.resource in asked)
    standing = states(plan, works, looks_of(plan), newest_runs(plan.groups))
    for rule in {each.row.id: each.row for each in plan.groups}.values():
        groups = plan.groups_of(rule)
        if judged := worst(judge_group(standing[each.name, rule.id], now) for each in groups):
            yield rule, judged
    outlooks = [_outlook(each, plan) for each in found]
    for review in plan.forecasts:
        yield review, judge_forecasts(outlooks, _in_short(found, now, plan), now)


def _outlook(each: KnownResource, plan: CapacityPlan) -> OutlookState:
    name, made = each.resource.row.resource, each.outlook
    if made is None:
        return OutlookState(name, None)
    on = made.possible_on
    at = None if on is None else datetime.combine(on, time(0), plan.system.zone)
    return OutlookState(name, made.made_at, made.why_none, at)


def _in_short(found: Sequence[KnownResource], now: datetime, plan: CapacityPlan) -> Message:
    """Say which resource reaches its level first."""
    first = ranked(found, now.astimezone(plan.system.zone).date())[0]
    return Message(
        "capacity.first-to-be-extended", resource=first.resource.row.resource, forecast=first.words
    )


def looks_of(plan: CapacityPlan) -> Mapping[tuple[str, str], ScalingLook]:
    """Return the newest look at each group by each rule about it, by the group's name and the rule's id."""
    found = ScalingLook.objects.filter(group__in=[each.name for each in plan.groups])
    return {(each.group, each.clause_id): each for each in found}


def states(
    plan: CapacityPlan,
    works: Mapping[str, Work],
    looks: Mapping[tuple[str, str], ScalingLook],
    last: Mapping[str, Run],
) -> Mapping[tuple[str, str], GroupState]:
    """Return what is known of each group by each rule about it, by the group's name and the rule's id.

    *looks* are those of `looks_of`, *last* the newest run of each work.
    """
    decided = modes.decisions()
    return {
        (each.name, each.row.id): _state(
            each, looks.get((each.name, each.row.id)), last.get(each.key), _mode(each, works, decided)
        )
        for each in plan.groups
    }


def _mode(group: Group, works: Mapping[str, Work], decided: ModeDecisions) -> Mode:
    work = works.get(group.key)
    return Mode.ACT if work is None else mode_now(schedule_act(work), decided)


def _state(group: Group, look: ScalingLook | None, last: Run | None, mode: Mode) -> GroupState:
    size = GroupSize(**look.size) if look is not None and look.size else None
    mean = look.mean if look is not None else None
    return GroupState(
        name=group.name,
        limit=plain(f"{group.limit:g}{group.metric.unit}"),
        mode=mode,
        is_ours=group.is_ours,
        outcome=Outcome(look.outcome) if look is not None else None,
        looked_at=look.looked_at if look is not None else None,
        said=look.said if look is not None else NOTHING,
        mean=Message("capacity.no-mean") if mean is None else plain(f"{mean:.1f}{group.metric.unit}"),
        size=NOTHING if size is None else Message("capacity.size", group=group.name, serving=size.serving),
        last=_last(last),
    )


def _last(run: Run | None) -> LastScaling | None:
    if run is None:
        return None
    return LastScaling(
        run=run.pk,
        has_succeeded=run.state == Run.State.DONE,
        said=run.note,
        is_open=run.state in Run.OPEN,
        awaits_approval=run.reason == RunReason.AWAITING_APPROVAL,
        is_unanswered=run.reason == RunReason.UNANSWERED,
        was_shadow=run.state == Run.State.SHADOW,
    )


def _long_unknown(rows: Collection[str], now: datetime) -> Collection[str]:
    """Return those of *rows* that could not be measured for a while: a short gap is no news here."""
    found = (each for each in statuses_now(now, rows) if each.verdict == Verdict.NOT_MEASURABLE)
    return {each.clause_id for each in found if each.since <= now - _NEWS_AFTER}


def _signals(told: Sequence[JudgedRow], now: datetime) -> Iterator[Signal]:
    unknown = _long_unknown([row.id for row, _ in told], now)
    for row, found in told:
        condition = condition_of(found)
        if condition is Condition.NO_DATA and (row.id not in unknown or found.value == word(Mode.SHADOW)):
            # That nothing is done in shadow is no news either.
            condition = Condition.OK
        subject = Message(f"capacity.subject-{row.kind}", name=_name(row))
        yield _ALERTS.signal(row, found, now, condition=condition, subject=subject)


def _name(row: Clause) -> str:
    match row:
        case ResourceUsage():
            return row.resource
        case ScalingRule():
            return row.action
        case _:
            return ""
