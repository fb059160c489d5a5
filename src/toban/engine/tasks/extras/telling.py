"""Work that was ordered once, as it is told: to be signed off soon, or not in time, or by nobody."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from toban.engine.editions.edition import Edition
from toban.engine.evidence.verdict import Verdict
from toban.engine.extension import Link
from toban.engine.notify import alerts
from toban.engine.notify.signal import Condition, Signal
from toban.engine.overview import ToDo
from toban.engine.registry.parts import Parts
from toban.engine.runs.models import Run
from toban.engine.tasks.entitlement import people_of_task
from toban.engine.tasks.lists import OpenTask, opened
from toban.engine.tasks.models import ExtraTask
from toban.engine.tasks.rules import reminder_at
from toban.engine.tasks.telling import cited, is_reminded, page, remind
from toban.engine.tasks.windows import open_tasks
from toban.message import Message, plain

_ITEM = "extra-task"
_LINK = Link("tasks", Message("tasks.sign-off"))


def tell_extras(edition: Edition, parts: Parts, now: datetime) -> None:
    """Remind of what was ordered once, and raise an alert about what nobody has signed off, or can.

    It ends with the sign-off. It cites the matrix's row: the work has none.
    """
    open_ = list(_open(edition, parts, now))
    wrong = [_signal(task, edition, now) for task in open_ if task.people.why_nobody or task.is_late]
    ended = alerts.ended(_ITEM, [each.key for each in wrong], Message("tasks.extra-is-over"), now)
    alerts.report([*wrong, *ended], now, edition.design.digest)
    for task in open_:
        if _is_soon(task, edition, now) and not is_reminded(task.run):
            remind(task, edition, now)


def extras_to_do(edition: Edition, now: datetime) -> Iterator[ToDo]:
    """Yield what was ordered once and is open, for the first screen."""
    for extra in ExtraTask.objects.filter(run__in=open_tasks().filter(due_at__lte=now)).select_related("run"):
        people = people_of_task(extra.run, extra.terms, edition, now)
        verdict = Verdict.DEVIATING if people.why_nobody else None
        if verdict is None and _is_late(extra.run, now):
            verdict = Verdict.NOT_PERFORMED
        who = people.handover.taker_person if people.handover is not None else extra.owner
        yield ToDo(plain(extra.name), _LINK, extra.run.due_at, "", verdict, who)


def _open(edition: Edition, parts: Parts, now: datetime) -> Iterator[OpenTask]:
    for extra in ExtraTask.objects.filter(run__in=open_tasks().filter(due_at__lte=now)).select_related("run"):
        yield opened(extra.run, extra.terms, None, edition, parts, now)


def _is_late(run: Run, now: datetime) -> bool:
    return run.due_until is not None and now >= run.due_until


def _is_soon(task: OpenTask, edition: Edition, now: datetime) -> bool:
    until = task.run.due_until
    if until is None or now >= until:
        return False
    return reminder_at(task.run.due_at, until, task.people.terms, edition.bindings.system) <= now


def _why(task: OpenTask, zone: ZoneInfo) -> Message:
    if task.people.why_nobody:
        return Message("tasks.nobody-can-sign", why=task.people.why_nobody)
    until = task.run.due_until.astimezone(zone) if task.run.due_until is not None else None
    return Message("tasks.overdue", until=until)


def _signal(task: OpenTask, edition: Edition, now: datetime) -> Signal:
    row = cited(task, edition)
    return Signal(
        key=f"tasks/extra/{task.run.pk}",
        clause_id=row.id if row is not None else "",
        citation=str(row.origin) if row is not None else "",
        clause_text=row.text if row is not None else "",
        condition=Condition.WARNING,
        subject=Message("tasks.subject", name=task.name),
        value=_why(task, edition.bindings.system.zone),
        limit=Message("tasks.signed-in-time"),
        began_at=now,
        detected_at=now,
        advice=Message("tasks.open-the-page", url=page()),
        labels={"item": _ITEM},
        people=task.people.able or task.people.terms.roles,
    )
