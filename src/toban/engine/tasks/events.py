"""Tasks that something that happened opens, and no schedule.

A chapter's loop reads from the tables which are wanted, so that none is lost with a worker, and none is
opened twice; one that is not wanted any more is withdrawn.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from toban.design.clauses.base import Clause
from toban.design.values.schedule import Cadence, Schedule
from toban.engine.bindings.model import System
from toban.engine.evidence import ledger
from toban.engine.runs.claiming import claim
from toban.engine.runs.models import Run
from toban.engine.runs.rules import BY_TRIGGER, RunReason
from toban.engine.runs.work import Work
from toban.engine.tasks.rules import TaskTerms
from toban.message import Message

_BY_EVENT = Schedule(Cadence.ON_DEMAND)


@dataclass(frozen=True, slots=True)
class TaskGround:
    """The edition that requires tasks."""

    document_digest: str
    acting_digest: str
    system: System

    def work(self, key: str, row: Clause, terms: TaskTerms) -> Work:
        """Return the work in which people perform what *row* requires."""
        return Work(
            key=key,
            clause_id=row.id,
            document_digest=self.document_digest,
            acting_digest=self.acting_digest,
            steps=(),
            schedule=_BY_EVENT,
            system=self.system,
            task=terms,
        )


@dataclass(frozen=True, slots=True)
class WantedTask:
    """A task that is to be open."""

    until: datetime
    """When it is overdue."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What it is about."""
    ordered_by: str = BY_TRIGGER


def waiting(keys: Collection[str]) -> QuerySet[Run]:
    """Return the tasks of these works that wait for a sign-off."""
    return Run.objects.filter(
        work__in=list(keys), state=Run.State.WAITING, reason=RunReason.AWAITING_SIGN_OFF
    )


def open_task(work: Work, wanted: WantedTask, there: QuerySet[Run], now: datetime) -> None:
    """Open a task of *work* unless there is one among *there*: those that are the same occasion."""
    if there.exists():
        return
    with transaction.atomic():
        ledger.hold()
        # Looked at again: another worker may have opened it while this one waited.
        if not there.exists():
            Run.objects.create(
                work=work.key,
                due_at=now,
                clause_id=work.clause_id,
                document_digest=work.document_digest,
                ordered_by=wanted.ordered_by,
                parameters=dict(wanted.parameters),
                state=Run.State.WAITING,
                reason=RunReason.AWAITING_SIGN_OFF,
                wake_at=now,
                due_until=wanted.until,
            )


def withdraw(tasks: QuerySet[Run], note: Message, now: datetime) -> None:
    """End those of the open *tasks* that are not wanted any more."""
    _end(tasks, Run.State.CANCELLED, RunReason.WITHDRAWN, note, now)


def prove(tasks: QuerySet[Run], note: Message, now: datetime) -> None:
    """End those of the open *tasks* that evidence proves to be done: nobody has to sign them off any more."""
    _end(tasks, Run.State.DONE, RunReason.SUCCEEDED, note, now)


def _end(tasks: QuerySet[Run], state: Run.State, reason: RunReason, note: Message, now: datetime) -> None:
    if not tasks.exists():
        return
    with transaction.atomic():
        ledger.hold()
        for run in tasks.select_for_update():
            claim.end(run, state, reason, now, note)
