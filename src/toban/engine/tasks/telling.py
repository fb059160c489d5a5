"""Notifications about tasks: one was handed on to somebody, is still open, or is not performed."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from django.conf import settings

from toban.design.clauses.base import Clause
from toban.design.clauses.notices import NotificationRule
from toban.engine.editions.edition import Edition
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify import alerts
from toban.engine.notify.models import Alert
from toban.engine.notify.routing.routing import orderer
from toban.engine.notify.signal import Condition, Signal
from toban.engine.runs.models import Run
from toban.engine.runs.work import Work
from toban.engine.tasks.lists import OpenTask, opened
from toban.engine.tasks.models import Handover
from toban.engine.tasks.offered.offering import tell_with, told_facts
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
        remind(task, edition, now)


def remind(task: OpenTask, edition: Edition, now: datetime) -> None:
    """Have those notified whose *task* it is that it is still open."""
    people = task.people
    whose = (people.handover.taker_person,) if people.handover is not None else people.terms.roles
    until = task.run.due_until.astimezone(edition.bindings.system.zone) if task.run.due_until else None
    value = lines(Message("tasks.still-open", until=until), *told_facts(task))
    event = _event(_reminder_of(task.run), task.name, cited(task, edition), value, whose, now)
    tell_with(event, [task], now, edition.design.digest)


def is_reminded(run: Run) -> bool:
    """Return whether people were notified that *run* is still open."""
    return Alert.objects.filter(key=_reminder_of(run)).exists()


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
        if not is_reminded(run):
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


def cited(task: OpenTask, edition: Edition) -> Clause | None:
    """Return the row that a notification about *task* cites: without one of its own, the matrix's."""
    return task.clause if task.clause is not None else orderer(edition.design.of(NotificationRule))


def tell_handed_on(made: Handover, task: OpenTask, edition: Edition) -> None:
    """Have the person notified to whom *task* was handed on, in the caller's transaction."""
    value = lines(
        Message("tasks.was-handed-on", giver=made.giver_name, reason=made.reason), *told_facts(task)
    )
    event = _event(
        f"tasks/handover/{made.pk}", task.name, cited(task, edition), value, (made.taker_person,), made.at
    )
    tell_with(event, [task], made.at, edition.design.digest)


def _event(
    key: str, name: str, clause: Clause | None, value: Message, people: tuple[str, ...], at: datetime
) -> Signal:
    return Signal(
        key=key,
        clause_id=clause.id if clause is not None else "",
        citation=str(clause.origin) if clause is not None else "",
        clause_text=clause.text if clause is not None else "",
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
