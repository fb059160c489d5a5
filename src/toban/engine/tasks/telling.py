"""Notifications about tasks: that one was handed on to somebody, and that one is not performed."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.conf import settings

from toban.design.clauses.base import Clause
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.signal import Condition, Signal
from toban.engine.runs.work import Work
from toban.engine.tasks.models import Handover
from toban.message import NOTHING, Message

_WRONG = (Verdict.NOT_PERFORMED, Verdict.DEVIATING)


def signals(
    updates: Iterable[StatusUpdate], works: Collection[Work], clauses: Collection[Clause], now: datetime
) -> Sequence[Signal]:
    """Return the signal of each task by its status: those who hold its role hear if nobody signed."""
    rows = {each.id: each for each in clauses}
    tasks = {work.clause_id: work for work in works}
    return [
        _signal(update, tasks[update.clause_id], rows[update.clause_id], now)
        for update in updates
        if update.clause_id in tasks
    ]


def _signal(update: StatusUpdate, work: Work, clause: Clause, now: datetime) -> Signal:
    is_wrong = update.verdict in _WRONG
    terms = work.task
    return Signal(
        key=f"{clause.id}/task",
        clause_id=clause.id,
        citation=str(clause.origin),
        clause_text=clause.text,
        condition=Condition.WARNING if is_wrong else Condition.OK,
        subject=Message("tasks.subject", name=terms.name if terms is not None else work.key),
        value=update.reason,
        limit=Message("tasks.signed-in-time") if is_wrong else NOTHING,
        began_at=now,
        detected_at=now,
        advice=Message("tasks.open-the-page", url=_page()) if is_wrong else NOTHING,
        labels={"item": "task"},
        people=terms.roles if terms is not None else (),
    )


def handed_on(made: Handover, name: str, clause: Clause) -> Signal:
    """Return what the person is told to whom a task was handed on."""
    return Signal(
        key=f"tasks/handover/{made.pk}",
        clause_id=clause.id,
        citation=str(clause.origin),
        clause_text=clause.text,
        condition=Condition.INFO,
        subject=Message("tasks.subject", name=name),
        value=Message("tasks.was-handed-on", giver=made.giver_name, reason=made.reason),
        limit=NOTHING,
        began_at=made.at,
        detected_at=made.at,
        advice=Message("tasks.open-the-page", url=_page()),
        labels={"item": "task"},
        people=(made.taker_person,),
    )


def _page() -> str:
    return f"{settings.PUBLIC_URL.rstrip('/')}/tasks/"
