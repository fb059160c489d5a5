"""What people extend by hand: a task that opens once a resource has reached the row's share."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from toban.chapters.capacity.bindings import CAPACITY
from toban.chapters.capacity.known import KnownResource
from toban.chapters.capacity.plan import CapacityPlan, HandRule
from toban.engine.editions.edition import Edition
from toban.engine.runs.models import Run
from toban.engine.runs.work import Work
from toban.engine.tasks.events import TaskGround, WantedTask, open_task, waiting, withdraw
from toban.engine.tasks.rules import TaskTerms
from toban.engine.tasks.works import hours_of
from toban.message import Message

RESOURCE = "resource"
"""The parameter of a task that says what is to be extended."""
PREFIX = "extend/"
"""Before the keys of these works."""
_CLEARLY = 0.95
"""A resource whose use goes up and down about the share is not asked for, and withdrawn, each time."""
_SHOWS_WITHIN = timedelta(days=1)
"""If the use is still as high so long after people have answered, they are asked again."""


def key_of(rule: HandRule, resource: str) -> str:
    """Return the work in which people extend *resource* at the share of *rule*."""
    return f"{PREFIX}{resource[:180]}/{rule.share:.0%}"


def works(plan: CapacityPlan, edition: Edition) -> Mapping[str, Work]:
    """Return the tasks of *plan*, by key."""
    ground = TaskGround(plan.document_digest, plan.acting_digest, plan.system)
    found: dict[str, Work] = {}
    for rule in plan.by_hand:
        for resource in rule.resources:
            name = f"{rule.row.action} {resource.row.resource}"
            terms = TaskTerms(name, (plan.manager,), hours_of((plan.manager,), edition.design), is_owed=True)
            key = key_of(rule, resource.row.resource)
            found[key] = ground.work(key, rule.row, terms)
    return found


def open_wanted(plan: CapacityPlan, found: Sequence[KnownResource], edition: Edition, now: datetime) -> None:
    """Open the tasks that are wanted and not there; withdraw those that are not wanted any more."""
    within = CAPACITY.of(edition.bindings).extend_within
    by_name = {each.resource.row.resource: each for each in found}
    for rule in plan.by_hand:
        for resource in rule.resources:
            each = by_name.get(resource.row.resource)
            work = plan.tasks.get(key_of(rule, resource.row.resource))
            if work is not None and each is not None and each.share is not None:
                _settle(work, each, now, within, rule.share)


def being_extended(keys: Collection[str], now: datetime) -> Collection[str]:
    """Return the resources that people are asked to extend, with time left."""
    runs = waiting([each for each in keys if each.startswith(PREFIX)]).filter(due_until__gt=now)
    return {str(run.parameters.get(RESOURCE)) for run in runs}


def _settle(work: Work, each: KnownResource, now: datetime, within: timedelta, share: float) -> None:
    used, name = each.share or 0.0, each.resource.row.resource
    if used < _CLEARLY * share:
        withdraw(waiting([work.key]), Message("capacity.no-longer-full", resource=name), now)
    elif used >= share and not _is_answered(work, now):
        open_task(work, WantedTask(now + within, {RESOURCE: name}), waiting([work.key]), now)


def _is_answered(work: Work, now: datetime) -> bool:
    """Return whether people have answered a short time ago: what they did may not show yet."""
    last = Run.objects.filter(work=work.key).order_by("-pk").first()
    return last is not None and last.ended_at is not None and now - last.ended_at < _SHOWS_WITHIN
