"""Notifications about tasks: one was handed on to somebody, is still open, or is not performed."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction

from toban.design.clauses.base import Clause
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify import alerts
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Condition, Signal
from toban.engine.runs.models import Run
from toban.engine.runs.work import Work
from toban.engine.tasks.lists import OpenTask, opened
from toban.engine.tasks.models import Handover
from toban.engine.tasks.offering import offer, told_facts
from toban.engine.tasks.rules import reminder_at
from toban.engine.tasks.standing import worst_of_rows
from toban.engine.tasks.windows import open_tasks
from toban.message import NOTHING, Message, lines

_WRONG = (Verdict.NOT_PERFORMED, Verdict.DEVIATING)


def tell(updates: Iterable[StatusUpdate], works: Collection[Work], edition: Edition, now: datetime) -> None:
    """Have those who hold the roles of *works* notified of what nobody has signed off, or soon must.

    *updates* are those of `statuses`; none: only what soon must be signed off is told.
    """
    alerts.report(signals(updates, works, edition.design.clauses, now), now, edition.design.digest)
    for task in _waiting_long(works, edition, now):
        people = task.people
        whose = (people.handover.taker_person,) if people.handover is not None else people.terms.roles
        until = task.run.due_until.astimezone(edition.bindings.system.zone) if task.run.due_until else None
        value = lines(Message("tasks.still-open", until=until), *told_facts(task))
        with transaction.atomic():
            ledger.hold()
            event = _event(_reminder_of(task.run), task.name, task.clause, value, whose, now)
            alerts.tell([event], now, edition.design.digest)
            offer(event.key, [task])


def _reminder_of(run: Run) -> str:
    return f"tasks/reminder/{run.pk}"


def _waiting_long(works: Collection[Work], edition: Edition, now: datetime) -> Iterator[OpenTask]:
    """Yield each open task whose window soon ends, unless that has been told."""
    by_key = {work.key: work for work in works}
    rows = {each.id: each for each in edition.design.clauses}
    for run in open_tasks().filter(work__in=list(by_key), due_until__gt=now):
        terms, until = by_key[run.work].task, run.due_until
        if terms is None or until is None or run.clause_id not in rows:
            continue
        system = edition.bindings.system
        if reminder_at(run.due_at, until, terms, system) > now:
            continue
        # Facts are only gathered for what is told.
        if not Alert.objects.filter(key=_reminder_of(run)).exists():
            yield opened(run, terms, rows[run.clause_id], edition, settings.PARTS, now)


def signals(
    updates: Iterable[StatusUpdate], works: Collection[Work], clauses: Collection[Clause], now: datetime
) -> Sequence[Signal]:
    """Return the signal of each row by its worst task: those who hold its role hear if nobody signed."""
    rows = {each.id: each for each in clauses}
    found = worst_of_rows(zip(works, updates, strict=False))
    return [_signal(update, work, rows[work.clause_id], now) for work, update in found.items()]


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
        advice=Message("tasks.open-the-page", url=page()) if is_wrong else NOTHING,
        labels={"item": "task"},
        people=terms.roles if terms is not None else (),
    )


def tell_handed_on(made: Handover, task: OpenTask, edition: Edition) -> None:
    """Have the person notified to whom *task* was handed on, in the caller's transaction."""
    value = lines(
        Message("tasks.was-handed-on", giver=made.giver_name, reason=made.reason), *told_facts(task)
    )
    event = _event(f"tasks/handover/{made.pk}", task.name, task.clause, value, (made.taker_person,), made.at)
    alerts.tell([event], made.at, edition.design.digest)
    offer(event.key, [task])


def _event(
    key: str, name: str, clause: Clause, value: Message, people: tuple[str, ...], at: datetime
) -> Signal:
    return Signal(
        key=key,
        clause_id=clause.id,
        citation=str(clause.origin),
        clause_text=clause.text,
        condition=Condition.INFO,
        subject=Message("tasks.subject", name=name),
        value=value,
        limit=NOTHING,
        began_at=at,
        detected_at=at,
        advice=Message("tasks.open-the-page", url=page()),
        labels={"item": "task"},
        people=people,
    )


def page() -> str:
    """Return the address where tasks are signed off."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/tasks/"
