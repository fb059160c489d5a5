"""What people extend by hand: a task that opens once a resource has reached the row's share.

No schedule opens it. The loop reads from the tables which is wanted, so that none is lost with a worker, and
none is opened twice; one that is not wanted any more is withdrawn.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from toban.chapters.capacity.bindings import CAPACITY
from toban.chapters.capacity.known import KnownResource
from toban.chapters.capacity.plan import CapacityPlan, HandRule
from toban.design.values.schedule import Cadence, Schedule
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.runs.claiming import claim
from toban.engine.runs.models import Run
from toban.engine.runs.rules import BY_TRIGGER, RunReason
from toban.engine.runs.work import Work
from toban.engine.tasks.rules import TaskTerms
from toban.engine.tasks.works import hours_of
from toban.message import Message

RESOURCE = "resource"
"""The parameter of a task that says what is to be extended."""
PREFIX = "extend/"
"""Before the keys of these works."""
_BY_EVENT = Schedule(Cadence.ON_DEMAND)
_CLEARLY = 0.95
"""A resource whose use goes up and down about the share is not asked for, and withdrawn, each time."""
_SHOWS_WITHIN = timedelta(days=1)
"""If the use is still as high so long after people have answered, they are asked again."""


def key_of(rule: HandRule, resource: str) -> str:
    """Return the work in which people extend *resource* at the share of *rule*."""
    return f"{PREFIX}{resource[:180]}/{rule.share:.0%}"


def works(plan: CapacityPlan, edition: Edition) -> Mapping[str, Work]:
    """Return the tasks of *plan*, by key."""
    found: dict[str, Work] = {}
    for rule in plan.by_hand:
        for resource in rule.resources:
            name = f"{rule.row.action} {resource.row.resource}"
            terms = TaskTerms(name, (plan.manager,), hours_of((plan.manager,), edition.design), is_owed=True)
            key = key_of(rule, resource.row.resource)
            found[key] = Work(
                key=key,
                clause_id=rule.row.id,
                document_digest=plan.document_digest,
                acting_digest=plan.acting_digest,
                steps=(),
                schedule=_BY_EVENT,
                system=plan.system,
                task=terms,
            )
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
    runs = _open([each for each in keys if each.startswith(PREFIX)]).filter(due_until__gt=now)
    return {str(run.parameters.get(RESOURCE)) for run in runs}


def _open(keys: Collection[str]) -> QuerySet[Run]:
    return Run.objects.filter(
        work__in=list(keys), state=Run.State.WAITING, reason=RunReason.AWAITING_SIGN_OFF
    )


def _settle(work: Work, each: KnownResource, now: datetime, within: timedelta, share: float) -> None:
    used = each.share or 0.0
    if used < _CLEARLY * share:
        _withdraw(work, each, now)
    elif used >= share and not _open([work.key]).exists() and not _is_answered(work, now):
        with transaction.atomic():
            ledger.hold()
            # Looked at again: another worker may have opened it while this one waited.
            if not _open([work.key]).exists():
                _new(work, each, now, within).save()


def _withdraw(work: Work, each: KnownResource, now: datetime) -> None:
    if not _open([work.key]).exists():
        return
    with transaction.atomic():
        ledger.hold()
        for run in _open([work.key]).select_for_update():
            note = Message("capacity.no-longer-full", resource=each.resource.row.resource)
            claim.end(run, Run.State.CANCELLED, RunReason.WITHDRAWN, now, note)


def _is_answered(work: Work, now: datetime) -> bool:
    """Return whether people have answered a short time ago: what they did may not show yet."""
    last = Run.objects.filter(work=work.key).order_by("-pk").first()
    return last is not None and last.ended_at is not None and now - last.ended_at < _SHOWS_WITHIN


def _new(work: Work, each: KnownResource, now: datetime, within: timedelta) -> Run:
    return Run(
        work=work.key,
        due_at=now,
        clause_id=work.clause_id,
        document_digest=work.document_digest,
        ordered_by=BY_TRIGGER,
        parameters={RESOURCE: each.resource.row.resource},
        state=Run.State.WAITING,
        reason=RunReason.AWAITING_SIGN_OFF,
        wake_at=now,
        due_until=now + within,
    )
