"""How a run stands on each of its hosts, recorded by the worker that holds it."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from toban.engine.runs.claiming import claim
from toban.engine.runs.claiming.claim import Claim
from toban.engine.runs.models import HostResult
from toban.engine.runs.rules import HostState
from toban.message import Message


def finished_hosts(held: Claim) -> Collection[str]:
    """Return the hosts on which the run has succeeded."""
    done = HostResult.objects.filter(run=held.run_id, state=HostState.DONE)
    return frozenset(done.values_list("name", flat=True))


def record(held: Claim, name: str, state: HostState, note: Message, now: datetime) -> None:
    """Record how the run stands on the host *name*, or raise `Fenced`."""
    told: dict[str, object] = {"state": state, "note": note}
    if state in (HostState.WAITING, HostState.RUNNING):
        told |= {"began_at": now if state is HostState.RUNNING else None, "ended_at": None}
    else:
        told["ended_at"] = now
    with transaction.atomic():
        claim.locked(held)
        HostResult.objects.update_or_create(run_id=held.run_id, name=name, defaults=told)
