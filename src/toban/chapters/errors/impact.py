"""Whom errors affected during an incident, and which stood out. See `toban.engine.impact`."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet

from toban.chapters.errors.bindings import ERRORS
from toban.chapters.errors.models import AffectedUser, ErrorGroup, ErrorHour
from toban.engine.impact.figures import Impact, ImpactFigure, ImpactQuestion
from toban.engine.impact.spikes import Spike, SpikeQuestion, stands_out
from toban.message import Message

_LABEL = Message("errors.impact-users")
_HOUR = timedelta(hours=1)
_BEFORE = 24
"""Hours that say what is usual."""
_MOST = 100
"""New errors, and hours with many, that are looked at."""


def measure(question: ImpactQuestion) -> Iterator[ImpactFigure]:
    """Yield how many users met errors that were new in that time. See `MeasureImpact`.

    The users of an error are known, but not when each of them met it.
    """
    if not ERRORS.of(question.edition.bindings):
        yield ImpactFigure(Impact.AFFECTED_USERS, _LABEL, why=Message("errors.impact-none-bound"))
        return
    new = _new(question.since, question.until)
    groups = list(new.values_list("pk", flat=True)[:_MOST])
    users = AffectedUser.objects.filter(group__in=groups).values("digest").distinct().count()
    if not users:
        yield ImpactFigure(Impact.AFFECTED_USERS, _LABEL, why=Message("errors.impact-users-unknown"))
        return
    value = Message("errors.impact-counted", users=users)
    basis = Message("errors.impact-basis", errors=len(groups))
    yield ImpactFigure(Impact.AFFECTED_USERS, _LABEL, value, basis)


def spikes(question: SpikeQuestion) -> Iterator[Spike]:
    """Yield the errors that were new, and those that came far more often than usual. See `FindSpikes`."""
    for group in _new(question.since, question.until).order_by("first_seen")[:_MOST]:
        said = Message("errors.spike-new", application=group.project, error=group.subject)
        yield Spike(f"errors/{group.pk}/new", group.first_seen, said, f"/errors/{group.pk}")
    yield from _hours(question)


def _hours(question: SpikeQuestion) -> Iterator[Spike]:
    first = question.since.replace(minute=0, second=0, microsecond=0)
    many = ErrorHour.objects.filter(hour__gte=first, hour__lt=question.until).order_by("-count")[:_MOST]
    counted = list(many.select_related("group"))
    before: dict[int, dict[datetime, int]] = defaultdict(dict)
    groups = {each.group_id for each in counted}
    known = ErrorHour.objects.filter(
        group__in=groups, hour__gte=first - _BEFORE * _HOUR, hour__lt=question.until
    )
    for group_id, hour, count in known.values_list("group", "hour", "count"):
        before[group_id][hour] = count
    for each in counted:
        usual = [before[each.group_id].get(each.hour - n * _HOUR, 0) for n in range(1, _BEFORE + 1)]
        if stands_out(each.count, usual):
            said = Message("errors.spike-many", application=each.group.project, error=each.group.subject)
            key = f"errors/{each.group_id}/{each.hour.isoformat()}"
            at = max(each.hour, each.group.first_seen)
            yield Spike(key, at, said, f"/errors/{each.group_id}")


def _new(since: datetime, until: datetime) -> QuerySet[ErrorGroup]:
    return ErrorGroup.objects.filter(first_seen__gte=since, first_seen__lt=until)
