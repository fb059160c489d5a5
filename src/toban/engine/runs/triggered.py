"""Runs that Toban orders by itself because a condition holds: no due time comes round for them."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from toban.engine.evidence import ledger
from toban.engine.runs.claiming.bell import call_workers
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.rules import BY_TRIGGER, RunReason
from toban.engine.runs.work import Work


def is_triggered(run_id: int) -> bool:
    """Return whether a condition has ordered the run, and no person."""
    return Run.objects.filter(pk=run_id, ordered_by=BY_TRIGGER).exists()


def open_run(
    work: Work, clause_id: str, parameters: Mapping[str, str], now: datetime, *, beside_others: bool = False
) -> Run | None:
    """Have *work* run now because of the row *clause_id*; None while a run is open, or it is not planned.

    *beside_others*: runs with other parameters may be open meanwhile. They run one after the other, and one
    that waits for an answer holds up none.
    Its mode decides whether it acts, asks or only records what it would have done.
    """
    with transaction.atomic():
        ledger.hold()
        # Looked at with the ledger held: another worker may have opened one meanwhile.
        runs = Run.objects.filter(work=work.key)
        in_the_way = runs.filter(parameters=dict(parameters)) if beside_others else runs
        if in_the_way.filter(state__in=Run.OPEN).exists():
            return None
        if not PlannedWork.objects.filter(key=work.key, in_force=True).exists():
            return None
        run = Run.objects.create(
            work=work.key,
            due_at=_free_moment(runs, now),
            clause_id=clause_id,
            document_digest=work.document_digest,
            ordered_by=BY_TRIGGER,
            parameters=dict(parameters),
            reason=RunReason.TRIGGERED,
            wake_at=now,
        )
        call_workers()
    return run


def _free_moment(runs: QuerySet[Run], now: datetime) -> datetime:
    """Return the last moment until *now* at which none of *runs* is due: no two of a work ever are."""
    while runs.filter(due_at=now).exists():
        now -= timedelta.resolution
    return now
