"""Helpers to claim a run and to end it."""

from collections.abc import Mapping
from datetime import datetime

from toban.engine.runs.claiming import claim
from toban.engine.runs.claiming.claim import Claim, Fenced, LastStep, Success
from toban.engine.runs.models import Run
from toban.engine.runs.work import Work


def taken(works: Mapping[str, Work], holder: str, now: datetime) -> Claim | None:
    """Take over a run silent for a lease, or else start one that may start; return None if there is none."""
    for run in Run.objects.filter(state=Run.State.RUNNING, leased_until__lte=now):
        found = claim.take_over(run, works, holder, now)
        if found is not None:
            return found
    return next(iter(claim.claim_due(works, holder, now, room=1)), None)


def succeed(held: Claim, now: datetime, last: LastStep | None = None) -> None:
    """End the run successfully, or raise `Fenced`."""
    if claim.succeed_all([Success(held, last)], now):
        raise Fenced(str(held.run_id))
