"""Tasks in notifications: each with its facts, and what can be signed off from there."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from toban.engine.evidence import ledger
from toban.engine.notify import alerts
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Signal
from toban.engine.tasks.lists import OpenTask
from toban.engine.tasks.models import OfferedTask
from toban.engine.tasks.windows import open_tasks
from toban.message import Message, lines

_LANGUAGES = ("ja", "en")
_MOST_FACTS, _LONGEST = 8, 300
"""So many facts, and characters, of a task a message has room for; of more, the page is to be read."""
MOST_TOLD = 5
"""So many tasks one message tells with their facts: channels cut what is longer, and nobody has seen that."""


def is_offered(task: OpenTask) -> bool:
    """Return whether *task* can be signed off where it is only told of: nothing about it is odd.

    If something is, a remark is owed, or a decision, and both are given on the page.
    """
    is_odd = task.has_exceptions or any(fact.is_undecided for fact in task.facts)
    return not (is_odd or task.people.terms.by_evidence) and _is_shown_whole(task)


def _is_shown_whole(task: OpenTask) -> bool:
    said = lines(*told_facts(task))
    return len(task.facts) <= _MOST_FACTS and all(
        len(said.in_language(each)) <= _LONGEST for each in _LANGUAGES
    )


def told(task: OpenTask, zone: ZoneInfo) -> Message:
    """Return what a message says of *task*: until when, and its facts."""
    until = task.run.due_until.astimezone(zone) if task.run.due_until is not None else None
    code = "tasks.told-late" if task.is_late else "tasks.told"
    return lines(Message(code, name=task.name, until=until), *told_facts(task))


def told_facts(task: OpenTask) -> Sequence[Message]:
    """Return the facts of *task* as lines, the odd ones first: all that can be signed off is shown."""
    odd_first = sorted(task.facts, key=lambda fact: not fact.is_exception)
    shown = [
        Message(
            "tasks.told-exception" if fact.is_exception else "tasks.told-fact",
            label=fact.label,
            value=fact.value,
        )
        for fact in odd_first[:_MOST_FACTS]
    ]
    more = len(task.facts) - len(shown)
    return (*shown, Message("tasks.told-more", count=more)) if more else shown


def tell_with(event: Signal, tasks: Iterable[OpenTask], now: datetime, document_digest: str) -> None:
    """Have *event* announced once; those of *tasks*, which it shows, can be signed off from there so."""
    with transaction.atomic():
        ledger.hold()
        # What was announced before has shown other facts.
        if Alert.objects.filter(key=event.key).exists():
            return
        alerts.tell([event], now, document_digest)
        OfferedTask.objects.bulk_create(
            OfferedTask(alert_key=event.key, run=each.run, name=each.name, digest=each.shown)
            for each in tasks
            if is_offered(each)
        )


def offers_of(alert_key: str) -> Iterable[OfferedTask]:
    """Return what can still be signed off from the notification of the event *alert_key*, in its order."""
    return OfferedTask.objects.filter(alert_key=alert_key, run__in=open_tasks()).order_by("pk")
