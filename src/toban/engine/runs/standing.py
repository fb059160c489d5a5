"""The current state of works, queried for all of them at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, OuterRef, Subquery

from toban.engine.runs import rules
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.rules import RunReason
from toban.message import Message

ENDED = {
    Run.State.DONE: Message("runs.ended-done"),
    Run.State.FAILED: Message("runs.ended-failed"),
    Run.State.MISSED: Message("runs.ended-missed"),
    Run.State.SKIPPED: Message("runs.ended-skipped"),
    Run.State.CANCELLED: Message("runs.ended-cancelled"),
    Run.State.SHADOW: Message("runs.ended-shadow"),
}
"""How a run ended, in the words of reports."""


@dataclass(frozen=True, slots=True)
class WorkStatus:
    """The current state of a work's runs."""

    last: Run | None = None
    """The newest run that has ended; one in shadow does not count, and one that was not owed any more."""
    current: Run | None = None
    """The oldest run whose time has come and that has not ended."""
    next_due: datetime | None = None
    began_at: datetime | None = None
    """When the current attempt began, if *current* is running."""
    longest_usual: timedelta | None = None
    """How long that attempt may take before it is unusual."""


def standings(keys: Collection[str], now: datetime) -> Mapping[str, WorkStatus]:
    """Return the state of the works *keys* at *now*; a work that no worker knows yet is missing."""
    if not keys:
        return {}
    ended = (
        Run.objects.filter(work=OuterRef("key"), due_at__lte=now)
        .exclude(state__in=(*Run.OPEN, Run.State.SHADOW))
        .exclude(reason=RunReason.WITHDRAWN)
    )
    works = {
        work.key: work
        for work in PlannedWork.objects.annotate(last_id=Subquery(ended.order_by("-due_at").values("pk")[:1]))
        if work.key in keys
    }
    ended_runs = Run.objects.in_bulk([work.last_id for work in works.values() if work.last_id is not None])
    current = _current(now)
    found = {}
    for key, work in works.items():
        began_at, longest_usual = _under_way(current.get(key))
        found[key] = WorkStatus(
            last=ended_runs.get(work.last_id),
            current=current.get(key),
            next_due=work.next_due,
            began_at=began_at,
            longest_usual=longest_usual,
        )
    return found


def last_shadows(keys: Collection[str]) -> Mapping[str, datetime]:
    """Return when each of the works *keys* would have run last, if it did not only because of its mode."""
    if not keys:
        return {}
    found = (
        Run.objects.filter(work__in=keys, state=Run.State.SHADOW).values("work").annotate(at=Max("due_at"))
    )
    return dict(found.values_list("work", "at"))


def _current(now: datetime) -> Mapping[str, Run]:
    found: dict[str, Run] = {}
    # One query for each state: each has its own index for the few open runs.
    for state in Run.OPEN:
        for run in Run.objects.filter(state=state, due_at__lte=now):
            if run.work not in found or run.due_at < found[run.work].due_at:
                found[run.work] = run
    return found


def _under_way(run: Run | None) -> tuple[datetime | None, timedelta | None]:
    """Return when the current attempt began, and how long it may take before it is unusual."""
    if run is None or run.state != Run.State.RUNNING:
        return None, None
    began_at = run.attempts.filter(ended_at=None).values_list("began_at", flat=True).last()
    # A run with several attempts says nothing about how long one attempt takes.
    done = Run.objects.filter(work=run.work, state=Run.State.DONE, failures=0, losses=0)
    spans = done.exclude(began_at=None).order_by("-due_at").values_list("began_at", "ended_at")
    lengths = [ended - began for began, ended in spans[: rules.COMPARED] if began and ended]
    return began_at or run.began_at, rules.longest_usual(lengths)
