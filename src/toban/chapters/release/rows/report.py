"""The status of every row of chapter 5, and the alerts about those that are not as they should be."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from django.db.models import Min, QuerySet

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan, Service
from toban.chapters.release.models import Release, ServingLook, SourceBranch, SourceLook
from toban.chapters.release.ordering.orders import OVERTAKEN
from toban.chapters.release.ordering.planning import calendar_of
from toban.chapters.release.rows import judging, verifying
from toban.chapters.release.rows.flow import Evidence, Seen
from toban.chapters.release.rows.judging import DrillDate, Offer, Outcome, Serving, Told
from toban.chapters.release.rows.looking import Known, known_of
from toban.chapters.release.rows.schedule import ReleaseCalendar, ReleaseWindow
from toban.chapters.release.rows.way import BY_HAND, approval_of, evidence_of, outcome_of
from toban.chapters.release.tracking.triggers import Trigger, TriggerEvent, read_trigger
from toban.design.clauses.base import Clause
from toban.design.clauses.release import DeployFlow, DeployRule, ReleaseSchedule
from toban.engine.editions.edition import Edition
from toban.engine.evidence.verdict import Verdict, worst
from toban.engine.notify.signal import Condition, Signal
from toban.engine.rows.judgement import Judgement
from toban.engine.rows.report import JudgedRow, RowAlerts, condition_of, report, reviewed
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.tasks.standing import statuses
from toban.engine.tasks.telling import signals as task_signals
from toban.message import NOTHING, Message

_ALERTS = RowAlerts(
    item="release",
    limit=Message("release-rows.as-the-row-orders"),
    advice=Message("release-rows.look-at-releases"),
)
_RECENT = timedelta(days=31)
"""Patches of this time are judged, and in any case the newest."""
_LISTED = 20
_LONGEST_WINDOW = timedelta(days=370)
_JUDGED = 50
"""Releases of which it is asked whether they were inside the windows."""
_BACK = (Release.Kind.ROLLBACK, Release.Kind.DRILL)
_BAD = (Release.State.ROLLED_BACK, Release.State.FAILED)
_NOT_HELD = (Run.State.MISSED, Run.State.SKIPPED, Run.State.CANCELLED, Run.State.FAILED)
_UNTOLD_AFTER = timedelta(minutes=15)


def tell(plan: ReleaseChapterPlan, edition: Edition, now: datetime) -> None:
    """Show the status of every row, and report what is wrong."""
    if not plan.deployments:
        return
    found, tasks = reviewed(_judged(plan, now)), plan.tasks.values()
    told = [_signal(row, each, now) for row, each in found]
    told += task_signals(statuses(tasks, edition, now), tasks, edition.design.clauses, now)
    report(found, told, now, plan.document_digest)


def _judged(plan: ReleaseChapterPlan, now: datetime) -> Iterator[JudgedRow]:
    if plan.flow is not None:
        each = worst(_by_flow(plan, service) for service in plan.services)
        yield plan.flow, each or _nothing()
    rules = {each.rule.id: each.rule for each in plan.deployments.values()}
    serving = _serving(plan)
    for rule in rules.values():
        there = [each for each in plan.deployments.values() if each.rule.id == rule.id]
        found = (_by_rule(each, serving[each.name], plan, now) for each in there)
        yield rule, worst(found) or _nothing()
    yield from _schedules(plan, now)
    if plan.rollback is not None:
        yield plan.rollback, _by_rollback(plan, now)


def _nothing() -> Judgement:
    return Judgement(Verdict.NOT_DUE, Message("release-rows.none-released-yet"))


def _signal(row: Clause, found: Judgement, now: datetime) -> Signal:
    condition = condition_of(found)
    if condition is Condition.NO_DATA and isinstance(row, DeployFlow):
        # What a source can never know is no news.
        condition = Condition.OK
    subject = Message(f"release-rows.subject-{row.kind}", name=_name(row))
    return _ALERTS.signal(row, found, now, condition=condition, subject=subject)


def _name(row: Clause) -> str:
    match row:
        case DeployRule():
            return row.environment
        case ReleaseSchedule():
            return row.name
        case _:
            return ""


def _by_flow(plan: ReleaseChapterPlan, service: str) -> Judgement:
    last = _last_of(plan, service)
    newest = _served(last).filter(kind__in=BY_HAND).first() if last is not None else None
    if newest is None:
        return judging.by_flow(None, (), plan.system)
    return judging.by_flow(outcome_of(newest), evidence_of(newest, plan), plan.system)


def _last_of(plan: ReleaseChapterPlan, service: str) -> Deployment | None:
    found = plan.of(service)
    return found[-1] if found else None


def _served(deployment: Deployment) -> QuerySet[Release]:
    """Return what served there, newest first."""
    found = Release.objects.filter(deployment=deployment.name, served_at__isnull=False)
    return found.select_related("artifact").order_by("-served_at", "-pk")


def _by_rule(deployment: Deployment, serving: Serving, plan: ReleaseChapterPlan, now: datetime) -> Judgement:
    found = Release.objects.filter(deployment=deployment.name).select_related("artifact").order_by("-pk")
    trigger = read_trigger(deployment.rule, deployment.service.config)
    if isinstance(trigger, Message):
        return Judgement(Verdict.NOT_MEASURABLE, trigger, serving.value(plan.system))
    config = deployment.config
    if trigger.is_automatic:
        ordered = found.filter(kind=Release.Kind.AUTOMATIC).exclude(note__code=OVERTAKEN)[:_LISTED]
        triggered = [_triggered(each, deployment) for each in ordered]
        untold = _untold(deployment.service, now) if triggered else NOTHING
        told = Told(untold, _held(deployment, trigger, now))
        return judging.by_trigger(triggered, serving, told, plan.system, now, config.serves_within)
    history = list(found.filter(kind__in=BY_HAND)[:_LISTED])
    newest = next((each for each in history if each.served_at is not None), None)
    approval = None
    if newest is not None and (deployment.rule.approver or not newest.is_reversible):
        missing = Seen(Evidence.MISSING, Message("release-rows.not-approved"))
        approval = approval_of(newest) or missing
    outcomes = [outcome_of(each) for each in history]
    return judging.by_order(outcomes, approval, serving, plan.system, now, config.begins_within)


def _held(deployment: Deployment, trigger: Trigger, now: datetime) -> Message:
    """Return why what a trigger has named for some time is not released; nothing if nothing is held."""
    branches = SourceBranch.objects.filter(
        service=deployment.service.name, is_tag=trigger.event is TriggerEvent.TAGGED, gone_at=None
    )
    for branch in branches.order_by("-seen_at"):
        if now - branch.seen_at <= deployment.config.serves_within:
            continue
        if not fnmatchcase(branch.name, trigger.pattern) or _has_been_there(deployment, branch.commit):
            continue
        if branch.note:
            return Message("release-rows.is-held", branch=branch.name, why=branch.note)
        if branch.rewritten_at is not None and branch.rewritten_at >= branch.seen_at:
            return Message("release-rows.history-replaced", branch=branch.name, at=branch.rewritten_at)
    return NOTHING


def _has_been_there(deployment: Deployment, commit: str) -> bool:
    return Release.objects.filter(deployment=deployment.name, artifact__commit=commit).exists()


def _triggered(release: Release, deployment: Deployment) -> Outcome:
    """Return an automatic release; only an approval that it needs stops its clock."""
    outcome = outcome_of(release)
    is_approved = bool(deployment.rule.approver) or not release.is_reversible
    return outcome if is_approved else replace(outcome, decided_at=None)


def _serving(plan: ReleaseChapterPlan) -> Mapping[str, Serving]:
    """Return what serves in each environment, by the name of its deployment."""
    looks = ServingLook.objects.in_bulk(list(plan.deployments))
    known = known_of(plan.deployments)
    return {name: _seen_serving(known[name], looks.get(name)) for name in plan.deployments}


def _seen_serving(known: Known, look: ServingLook | None) -> Serving:
    current = outcome_of(known.newest) if known.newest is not None else None
    if look is None:
        return Serving(current)
    if known.is_changing or known.newest is None:
        # Whatever serves is being changed by a release, or none has brought anything yet.
        return Serving(current, look.answered_at, look.trouble)
    strays = [name for name, digest in look.serving.items() if digest != known.digest]
    return Serving(
        current, look.answered_at, look.trouble, look.stray_since if strays else None, tuple(strays)
    )


def _untold(service: Service, now: datetime) -> Message:
    look = SourceLook.objects.filter(service=service.name).first()
    if look is None:
        return Message("release-rows.source-not-asked-yet")
    patience = max(_UNTOLD_AFTER, 3 * service.config.poll)
    if look.answered_at is not None and now - look.answered_at <= patience:
        return NOTHING
    return look.trouble or Message("release-rows.source-not-asked-yet")


@dataclass(frozen=True, slots=True)
class _Released:
    """What people brought to the last environment of a service."""

    last: Deployment
    calendars: Mapping[str, ReleaseCalendar]
    """Of each row of the schedule."""
    first: datetime | None
    """When anything of the service was first ordered."""
    served: Sequence[Release]
    """The newest that were brought by hand."""


def _schedules(plan: ReleaseChapterPlan, now: datetime) -> Iterator[tuple[Clause, Judgement]]:
    lasts = (_last_of(plan, service) for service in plan.services) if plan.schedules else ()
    released = [_released(last, plan) for last in lasts if last is not None]
    for row in plan.schedules:
        yield row, worst(_by_schedule(row, each, plan, now) for each in released) or _nothing()


def _released(last: Deployment, plan: ReleaseChapterPlan) -> _Released:
    first = Release.objects.filter(service=last.service.name).aggregate(at=Min("ordered_at"))["at"]
    calendars = {each.id: calendar_of(each, last, plan) for each in plan.schedules}
    return _Released(last, calendars, first, list(_served(last).filter(kind__in=BY_HAND)[:_JUDGED]))


def _by_schedule(
    row: ReleaseSchedule, released: _Released, plan: ReleaseChapterPlan, now: datetime
) -> Judgement:
    calendars = released.calendars
    dated = [each for each in calendars.values() if not each.needs_cause]
    outside = [each for each in released.served if each.began_at and not _is_inside(each.began_at, dated)]
    patches = [each for each in outside if each.cause or not dated]
    if calendars[row.id].needs_cause:
        recent = [each for each in patches if each.began_at and now - each.began_at <= _RECENT]
        return judging.by_cause([outcome_of(each) for each in recent or patches[:1]], plan.system)
    newest = next(iter(released.served), None)
    is_outside = newest in outside and newest not in patches and row.id == _first_dated(plan, calendars)
    offer = _offer(calendars[row.id], released.last, plan, released.first or now, now)
    return judging.by_calendar(
        calendars[row.id], offer, outcome_of(newest) if is_outside and newest is not None else None, now
    )


def _is_inside(moment: datetime, calendars: Iterable[ReleaseCalendar]) -> bool:
    return any(each.is_any_time or each.window_at(moment) is not None for each in calendars)


def _first_dated(plan: ReleaseChapterPlan, calendars: Mapping[str, ReleaseCalendar]) -> str:
    """Return the row that a release outside of all windows breaks: one row says so, not every one."""
    return next((row.id for row in plan.schedules if not calendars[row.id].needs_cause), "")


def _offer(
    calendar: ReleaseCalendar, last: Deployment, plan: ReleaseChapterPlan, since: datetime, now: datetime
) -> Offer | None:
    """Return what came of the current window if it had its release, or else of the last that is over."""
    current = calendar.window_at(now)
    if current is not None and (released := _released_in(current, last)) is not None:
        return Offer(current, released)
    over = calendar.last_before(now, since - _LONGEST_WINDOW)
    released = _released_in(over, last) if over is not None else None
    if over is None or (released is None and over.start < since):
        # It began before there was anything to release.
        return None
    return Offer(over, released, "" if released is not None else _waiting(last, plan, over.end))


def _released_in(window: ReleaseWindow, last: Deployment) -> Outcome | None:
    found = _served(last).filter(kind__in=BY_HAND, began_at__gte=window.start, began_at__lt=window.end)
    newest = found.first()
    return outcome_of(newest) if newest is not None else None


def _waiting(last: Deployment, plan: ReleaseChapterPlan, end: datetime) -> str:
    """Return the version that was ready by *end* and did not serve; empty if there was nothing new."""
    served = _served(last).exclude(kind=Release.Kind.DRILL).filter(served_at__lt=end).first()
    serving = served.artifact.commit if served is not None else ""
    if not last.before:
        head = SourceBranch.objects.filter(service=last.service.name, name=last.service.config.trunk).first()
        is_new = head is not None and head.seen_at < end and head.commit != serving
        return head.commit[:12] if head is not None and is_new else ""
    ready = _served(plan.deployments[last.before]).filter(kind__in=BY_HAND, checked_at__lt=end)
    # Nobody is to release what has turned out bad there already.
    bad = Release.objects.filter(deployment=last.name, state__in=_BAD).values("artifact")
    newest = ready.exclude(state__in=_BAD).exclude(artifact__in=bad).first()
    return newest.artifact.label if newest is not None and newest.artifact.commit != serving else ""


def _by_rollback(plan: ReleaseChapterPlan, now: datetime) -> Judgement:
    ended = ways_back(plan)
    newest = ended.select_related("artifact", "drill").order_by("-ordered_at").first()
    real = ended.filter(kind=Release.Kind.ROLLBACK).order_by("-ordered_at").first()
    cause = verifying.cause_of(real, plan.tasks, plan.system, now) if real is not None else None
    within = plan.rollback.within.as_timedelta() if plan.rollback and plan.rollback.within else None
    outcome = back_of(newest) if newest is not None else None
    return judging.by_rollback(outcome, within, cause, drill_date(plan, now), plan.system)


def ways_back(plan: ReleaseChapterPlan) -> QuerySet[Release]:
    """Return the rollbacks and drills that began and are over."""
    found = Release.objects.filter(deployment__in=list(plan.deployments), kind__in=_BACK)
    return found.filter(began_at__isnull=False, ended_at__isnull=False)


def back_of(release: Release) -> Outcome:
    """Return a rollback or drill as verdicts need it; a drill that did not pass has failed."""
    outcome, drill = outcome_of(release), getattr(release, "drill", None)
    if drill is not None and drill.is_passed is False:
        return replace(outcome, state=str(Release.State.FAILED), note=drill.reason)
    return outcome


def drill_date(plan: ReleaseChapterPlan, now: datetime) -> DrillDate:
    """Return when the next drill is, and whether the last one that was due was held."""
    keys = [each.drill_key for each in plan.deployments.values()]
    planned = PlannedWork.objects.filter(key__in=keys, in_force=True, next_due__isnull=False)
    following = planned.order_by("next_due").first()
    due = Run.objects.filter(work__in=keys, due_at__lte=now).exclude(state=Run.State.SHADOW)
    last = due.order_by("-due_at").first()
    next_due = following.next_due if following is not None else None
    if last is None or last.state not in _NOT_HELD:
        return DrillDate(next_due)
    return DrillDate(next_due, last.due_at, last.note)
