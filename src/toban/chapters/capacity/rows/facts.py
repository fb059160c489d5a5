"""What is shown to those who review capacity, or extend a resource."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from toban.chapters.capacity.amounts import amount, percent
from toban.chapters.capacity.known import KnownResource, known, ranked
from toban.chapters.capacity.rows.extending import RESOURCE
from toban.design.acts import is_work_of
from toban.design.clauses.capacity import CapacityReview, ScalingRule
from toban.engine.extension import Link
from toban.engine.runs.models import Run
from toban.engine.tasks.facts import TaskFact, TaskOccasion
from toban.message import Message, plain

_LINK = Link("capacity", Message("capacity.page"))


def facts(occasion: TaskOccasion, now: datetime) -> Sequence[TaskFact]:
    """Return how every resource stands, the most urgent first, and how the groups were scaled since.

    For an extension, only the resource that it is about.
    """
    from toban.chapters.capacity.operation import OPERATION  # noqa: PLC0415

    name = occasion.parameters.get(RESOURCE, "")
    is_extension = isinstance(occasion.clause, ScalingRule) and name
    if not (is_extension or is_work_of(CapacityReview, occasion.clause, occasion.edition.design)):
        return ()
    plan = occasion.edition.plan(OPERATION)
    found = ranked(known(plan), now.astimezone(plan.system.zone).date())
    about = [each for each in found if not is_extension or each.resource.row.resource == name]
    told = [_of_resource(each) for each in about]
    return (*told, *(() if is_extension else _of_groups([each.key for each in plan.groups], occasion, now)))


def _of_resource(each: KnownResource) -> TaskFact:
    label, unit = plain(each.resource.row.resource), each.resource.unit
    if each.used is None or each.share is None:
        trouble = each.reading.trouble if each.reading is not None else Message("capacity.not-read-yet")
        return TaskFact(label, trouble, is_exception=True, link=_LINK)
    value = Message(
        "capacity.fact-use",
        used=amount(each.used, unit),
        limit=amount(each.limit, unit),
        share=percent(each.share),
        forecast=each.words,
    )
    return TaskFact(label, value, is_exception=each.share >= each.level, link=_LINK)


def _of_groups(keys: Sequence[str], occasion: TaskOccasion, now: datetime) -> Iterator[TaskFact]:
    ended = Run.objects.filter(work__in=keys, ended_at__gte=occasion.since, ended_at__lt=now)
    for run in ended.exclude(state=Run.State.SHADOW).order_by("pk"):
        link = Link("run", Message("capacity.run", number=run.pk), (run.pk,))
        yield TaskFact(plain(run.work), run.note, is_exception=run.state != Run.State.DONE, link=link)
