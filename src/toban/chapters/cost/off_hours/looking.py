"""The look at every group once a minute: is it needed, what is ordered, and what has it saved meanwhile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F

from toban.chapters.cost.models import QuietGroup, SavedTime
from toban.chapters.cost.off_hours.level import LevelOutcome, QuietDecision, QuietSeen, decide
from toban.chapters.cost.off_hours.saving import by_day
from toban.chapters.cost.plan import BoundQuiet, CostPlan
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.exceptions import standing as exceptions
from toban.engine.instances.offered import GROUPS, GroupLoad, InstanceCount, NotScaled, ScaledGroup
from toban.engine.modes import service as modes
from toban.engine.modes.rules import Mode, mode_now
from toban.engine.orders import NotPossible
from toban.engine.runs import orders
from toban.engine.runs.models import Run
from toban.engine.runs.modes.acts import schedule_act
from toban.engine.runs.standing import standings
from toban.engine.runs.triggered import open_run
from toban.engine.runs.work import Work
from toban.message import NOTHING, Message, message_of

BY = "off-hours/"
"""Who orders: this, and the name of the measure."""
_COUNTED = timedelta(minutes=5)
"""What was saved between two looks that are farther apart is not known, and not credited."""
_AGAIN_AFTER = timedelta(minutes=5)
"""When a size that failed is ordered again."""
_SEEN = ("measure", "looked_at", "outcome", "since", "is_needed", "wanted", "serving", "said")

log = structlog.get_logger(__name__)


class GroupGone(NotScaled):
    """No group of chapter 9 that Toban scales has the name."""


@dataclass(frozen=True, slots=True)
class GroupLook:
    """A group as it was found."""

    group: ScaledGroup
    size: InstanceCount
    decision: QuietDecision


def look(plan: CostPlan, works: Mapping[str, Work], edition: Edition, now: datetime) -> None:
    """Look at every group, note what it has saved, and order what is to be done."""
    kept = QuietGroup.objects.in_bulk()
    for bound in plan.quiet:
        state = kept.pop(bound.group, None) or QuietGroup(group=bound.group, since=now, is_needed=True)
        try:
            _look(bound, state, works, edition, now, plan.terms.tz)
        except Exception:
            # Another's group may fail in any way; the others are looked at all the same.
            log.exception("off_hours_look_failed", group=bound.group)
    for state in kept.values():
        # No measure is about it any more: what was taken from it is given back, and then it is forgotten.
        _leave(state, edition, now)


def find(edition: Edition, name: str) -> ScaledGroup:
    """Return the group *name* of another chapter, or raise `GroupGone`."""
    offers = (each(edition, name) for each in settings.PARTS.ports.all(GROUPS))
    found = next((each for each in offers if each is not None), None)
    if found is None:
        raise GroupGone(Message("off-hours.no-such-group", group=name), hint=Message("off-hours.bind-it"))
    return found


def looked_at(bound: BoundQuiet, edition: Edition, before: int | None, now: datetime) -> GroupLook:
    """Return how the group stands now; *before*: see `QuietGroup`. Raises `NotScaled`."""
    group = find(edition, bound.group)
    size = group.size()
    is_busy = bound.terms.is_busy(edition.bindings.system, now)
    # In its hours it is needed, whatever its load: telemetry is not asked for it every minute of the day.
    load = GroupLoad() if is_busy else group.load(size, bound.terms.least, now)
    seen = QuietSeen(
        is_busy=is_busy,
        wanted=size.wanted,
        # What is not possible any more is not waited for.
        before=None if before is None else min(before, size.most),
        allowed=_allowed(bound, now),
        works=tuple(_running(bound, now)),
        load=load.needed,
        unknown=load.unknown,
    )
    return GroupLook(group, size, decide(bound.terms, seen))


def _allowed(bound: BoundQuiet, now: datetime) -> Message:
    for each in exceptions.by_row(now).get(bound.row.id, ()):
        if each.subject in ("", bound.group):
            return Message("off-hours.exception", number=each.number, until=each.ends_at)
    return NOTHING


def _running(bound: BoundQuiet, now: datetime) -> Iterator[str]:
    """Yield the works that run now, or soon, and need the group."""
    soon = now + bound.terms.ready_before
    for key, each in standings(bound.needed_by, now).items():
        is_soon = each.next_due is not None and each.next_due <= soon
        if each.current is not None or is_soon:
            yield key


def _look(
    bound: BoundQuiet,
    state: QuietGroup,
    works: Mapping[str, Work],
    edition: Edition,
    now: datetime,
    zone: ZoneInfo,
) -> None:
    former = (state.looked_at, state.serving)
    state.measure, state.looked_at = bound.row.name, now
    try:
        found = looked_at(bound, edition, state.before, now)
    except NotScaled as failed:
        state.outcome, state.said = LevelOutcome.UNKNOWN, message_of(failed)
        state.wanted = state.serving = None
        _keep(state)
        return
    decision = found.decision
    is_needed = decision.outcome in (LevelOutcome.BUSY, LevelOutcome.RAISE, LevelOutcome.HELD)
    if is_needed is not state.is_needed and decision.outcome is not LevelOutcome.UNKNOWN:
        state.is_needed, state.since = is_needed, now
    state.outcome, state.said = decision.outcome, decision.why
    state.wanted, state.serving = found.size.wanted, found.size.serving
    with transaction.atomic():
        ledger.hold()
        _keep(state)
        _count(state, former, now, zone)
        _act(bound, state, found, works, now)


def _keep(state: QuietGroup) -> None:
    """Write what was seen; what was taken, and by which run, a run may have noted meanwhile."""
    said = {name: getattr(state, name) for name in _SEEN}
    QuietGroup.objects.update_or_create(group=state.group, defaults=said)


def _act(
    bound: BoundQuiet, state: QuietGroup, found: GroupLook, works: Mapping[str, Work], now: datetime
) -> None:
    if _is_open(found.group.key):
        return
    decision = found.decision
    match decision.outcome:
        case LevelOutcome.RAISE:
            _give_back(state, found.group, decision.to or 0, now)
        case LevelOutcome.BUSY | LevelOutcome.HELD if state.before is not None:
            QuietGroup.objects.filter(group=state.group, before=state.before).update(before=None)
        case LevelOutcome.LOWER:
            _lower(bound, state, works[bound.key], decision.to or bound.terms.least, now)


def _lower(bound: BoundQuiet, state: QuietGroup, work: Work, to: int, now: datetime) -> None:
    """Order it once for each time without need; again only if it failed, and not if a person has ended it."""
    runs = Run.objects.filter(work=work.key, due_at__gte=state.since)
    if mode_now(schedule_act(work), modes.decisions()) is not Mode.SHADOW:
        runs = runs.exclude(state=Run.State.SHADOW)
    last = runs.order_by("-due_at", "-pk").first()
    if last is not None and not (last.state == Run.State.DONE and _is_to_be_repeated(state, now)):
        return
    if (run := open_run(work, bound.row.id, {"to": str(to)}, now)) is not None:
        log.info("off_hours_ordered", group=bound.group, to=to, run=run.pk)


def _is_to_be_repeated(state: QuietGroup, now: datetime) -> bool:
    """Return whether what was ordered last has failed, a while ago: a release may have been under way."""
    if state.run is None:
        return False
    failed = Run.objects.filter(pk=state.run, state=Run.State.FAILED, ended_at__lte=now - _AGAIN_AFTER)
    return failed.exists()


def _give_back(state: QuietGroup, group: ScaledGroup, to: int, now: datetime) -> None:
    """Order that the group gets back what was taken; again and again, until it has."""
    last = Run.objects.filter(pk=state.run).first() if state.run is not None else None
    failed_at = last.ended_at if last is not None and last.state != Run.State.DONE else None
    if failed_at is not None and now < failed_at + _AGAIN_AFTER:
        return
    try:
        run = ordered(group, to, state.measure, now)
    except NotPossible as refused:
        QuietGroup.objects.filter(group=state.group).update(said=refused.said)
        return
    QuietGroup.objects.filter(group=state.group).update(run=run.pk)


def ordered(group: ScaledGroup, to: int, measure: str, now: datetime) -> Run:
    """Order that *group* has *to* instances, for *measure*; raise `NotPossible`."""
    parameters = {"to": str(to), "reason": measure[:200]}
    return orders.order(group.key, parameters, by=f"{BY}{measure}"[:150], now=now)


def _is_open(key: str) -> bool:
    return Run.objects.filter(work=key, state__in=Run.OPEN).exists()


def _leave(state: QuietGroup, edition: Edition, now: datetime) -> None:
    if state.before is None:
        # A run of the former edition may have taken something meanwhile.
        QuietGroup.objects.filter(group=state.group, before=None).delete()
        return
    try:
        group = find(edition, state.group)
        size = group.size()
    except NotScaled as failed:
        log.warning("off_hours_group_left", group=state.group, before=state.before, why=str(failed))
        return
    to = min(state.before, size.most)
    if size.wanted >= to:
        state.delete()
    elif not _is_open(group.key):
        _give_back(state, group, to, now)


def _count(
    state: QuietGroup, former: tuple[datetime | None, int | None], now: datetime, zone: ZoneInfo
) -> None:
    """Note for how long instances were spared since the *former* look, by the larger of both sizes."""
    since, serving = former
    if since is None or serving is None or state.before is None or state.serving is None:
        return
    spared = state.before - max(serving, state.serving, state.wanted or 0)
    if spared <= 0 or now - since > _COUNTED:
        return
    for on, seconds in by_day(since, now, zone):
        saved, _ = SavedTime.objects.get_or_create(
            measure=state.measure, group=state.group, day=on, defaults={"seconds": 0}
        )
        SavedTime.objects.filter(pk=saved.pk).update(seconds=F("seconds") + seconds * spared)
