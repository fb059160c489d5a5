"""What comes next by the document: the days of the release schedule, and the rollback drills."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan
from toban.chapters.release.models import RollbackDrill
from toban.chapters.release.ordering.planning import calendar_of
from toban.engine.runs.models import PlannedWork


@dataclass(frozen=True, slots=True)
class ComingWindow:
    """The next time of a row of the release schedule."""

    name: str
    """Of the row: マイナーリリース."""
    deployment: Deployment
    at: datetime


@dataclass(frozen=True, slots=True)
class ComingDrill:
    """The next rehearsal of the way back in an environment, and the last one."""

    deployment: Deployment
    at: datetime | None
    last: RollbackDrill | None


def windows(plan: ReleaseChapterPlan, now: datetime) -> Iterator[ComingWindow]:
    """Yield the next time of each row that names days, for the last environment of each service."""
    for service in plan.services.values():
        for there in plan.of(service.name)[-1:]:
            for row in plan.schedules:
                following = calendar_of(row, there, plan).next_after(now)
                if following is not None:
                    yield ComingWindow(row.name, there, following.due_at)


def drills(plan: ReleaseChapterPlan) -> Sequence[ComingDrill]:
    """Return the rehearsals of each environment that has any."""
    keys = {each.drill_key: each for each in plan.deployments.values()}
    known = PlannedWork.objects.filter(key__in=keys, in_force=True)
    planned = dict(known.values_list("key", "next_due"))
    over = RollbackDrill.objects.filter(release__deployment__in=plan.deployments, is_passed__isnull=False)
    newest = over.order_by().values("release__deployment").annotate(newest=Max("pk")).values("newest")
    found = RollbackDrill.objects.select_related("release").filter(pk__in=newest)
    last = {each.release.deployment: each for each in found}
    return [
        ComingDrill(there, planned.get(key), last.get(there.name))
        for key, there in keys.items()
        if key in planned or there.name in last
    ]
