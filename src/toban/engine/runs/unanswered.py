"""Runs that wait for approval: what becomes of those that nobody approves, or whose edition has changed."""

from datetime import datetime

from django.db import transaction

from toban.engine.approvals.requests import close, is_current
from toban.engine.approvals.rules import RequestState
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.runs.approval import request_of
from toban.engine.runs.claiming import claim
from toban.engine.runs.claiming.bell import call_workers
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.message import Message


def watch(edition: Edition, now: datetime) -> None:
    """End the runs that nobody approved in time, and have those ask again whose edition has changed."""
    waiting = Run.objects.filter(state=Run.State.WAITING, reason=RunReason.AWAITING_APPROVAL)
    for run_id in list(waiting.values_list("pk", flat=True)):
        with transaction.atomic():
            ledger.hold()
            run = waiting.select_for_update().filter(pk=run_id).first()
            if run is not None:
                _watch(run, edition, now)


def _watch(run: Run, edition: Edition, now: datetime) -> None:
    request = request_of(run)
    if request is not None and now >= request.expires_at:
        close(request, RequestState.EXPIRED, now)
        note = Message("runs.unanswered", role=request.role)
        claim.end(run, Run.State.CANCELLED, RunReason.UNANSWERED, now, note)
    elif request is None or not is_current(request, edition):
        if request is not None:
            close(request, RequestState.SUPERSEDED, now)
        run.reason, run.wake_at = RunReason.ASKS_AGAIN, now
        run.save(update_fields=["reason", "wake_at"])
        call_workers()
