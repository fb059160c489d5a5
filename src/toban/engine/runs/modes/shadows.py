"""Runs that are due in shadow: what would have been done is recorded, and nothing is done."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from toban.engine.evidence import ledger
from toban.engine.modes import service as modes
from toban.engine.modes.rules import Mode, ModeDecisions
from toban.engine.runs.claiming import claim, reruns
from toban.engine.runs.models import Run
from toban.engine.runs.modes.acts import may_be_in_shadow, mode_of
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import Work


def record(works: Mapping[str, Work], now: datetime) -> None:
    """Turn all due runs whose mode is shadow into records of what would have been done.

    No worker claims them; see `claim.claim_due`.
    """
    decisions = modes.decisions()
    due = _due(now).filter(work__in=may_be_in_shadow(works, decisions))
    if not any(_in_shadow(due, works, decisions)):
        return
    with transaction.atomic():
        ledger.hold()
        for run in _in_shadow(due.select_for_update(), works, decisions):
            _record(run, works[run.work], now)


def _due(now: datetime) -> QuerySet[Run]:
    waiting = Run.objects.filter(state=Run.State.WAITING, wake_at__lte=now)
    return waiting.exclude(reason=RunReason.AWAITING_APPROVAL)


def _in_shadow(runs: QuerySet[Run], works: Mapping[str, Work], decisions: ModeDecisions) -> list[Run]:
    return [run for run in runs if mode_of(run, works[run.work], decisions) is Mode.SHADOW]


def _record(run: Run, work: Work, now: datetime) -> None:
    if run.failures:
        # It did run: only its repeat is not done.
        claim.end(run, Run.State.FAILED, RunReason.FAILED, now, run.note)
        reruns.show(run, work, run.wake_at, now)
        return
    run.state, run.reason, run.ended_at = Run.State.SHADOW, RunReason.SHADOW, now
    run.note = reruns.would_have_run(work)
    run.save(update_fields=["state", "reason", "ended_at", "note"])
