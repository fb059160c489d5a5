"""Open tasks whose window has ended, or whose row is gone. Level-triggered: the tables say which."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from toban.engine.evidence import ledger
from toban.engine.runs.claiming import claim
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import Work
from toban.engine.tasks.models import ExtraTask
from toban.message import Message


def open_tasks() -> QuerySet[Run]:
    """Return the tasks that wait for a sign-off, in the order of their due times."""
    waiting = Run.objects.filter(state=Run.State.WAITING, reason=RunReason.AWAITING_SIGN_OFF)
    return waiting.order_by("due_at", "pk")


def is_overdue(clause_id: str, now: datetime) -> bool:
    """Return whether a task of the row should have been signed off by now."""
    return open_tasks().filter(clause_id=clause_id, due_until__lte=now).exists()


def close(works: Mapping[str, Work], now: datetime) -> None:
    """End the tasks that nobody signed off in time and that are not owed, and those of rows that are gone."""
    tasks = {key: work.task for key, work in works.items() if work.task is not None}
    kept = [key for key, terms in tasks.items() if terms.is_owed]
    # Only what no worker has in force: another one may have read a newer edition already.
    gone = ~Q(work__in=list(tasks)) & ~Q(work__in=PlannedWork.objects.filter(in_force=True).values("key"))
    # What somebody ordered once has no row that could go.
    gone &= ~Q(pk__in=ExtraTask.objects.values("run"))
    over = Q(due_until__lte=now, work__in=tasks.keys() - set(kept)) | gone
    if not open_tasks().filter(over).exists():
        return
    with transaction.atomic():
        ledger.hold()
        for run in open_tasks().filter(over).select_for_update():
            if run.work in tasks:
                claim.end(run, Run.State.MISSED, RunReason.UNSIGNED, now, Message("tasks.unsigned"))
            else:
                claim.end(run, Run.State.CANCELLED, RunReason.WITHDRAWN, now, Message("tasks.row-is-gone"))
