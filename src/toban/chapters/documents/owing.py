"""What documents owe to changes, as tasks: an update that is seen in its place, or a reason for none."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from toban.chapters.documents.pages import text_page
from toban.chapters.documents.plan import DocumentsPlan
from toban.chapters.documents.states import DocumentState, states
from toban.design.clauses.documents import ManagedDocument
from toban.engine.editions.edition import Edition
from toban.engine.extension import Link
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.engine.tasks.events import WantedTask, open_task, prove, waiting, withdraw
from toban.engine.tasks.facts import TaskFact, TaskOccasion
from toban.message import Message

CHANGE = "change"
"""The parameter of a task that says which change opened it, by its number in the evidence."""


def settle(plan: DocumentsPlan, found: Sequence[DocumentState], now: datetime) -> None:
    """Open what is owed, and end what an update has given, or what is not owed any more."""
    for state in found:
        work = plan.tasks.get(state.document.key)
        if work is None:
            if state.document.is_written:
                withdraw(waiting([state.document.key]), Message("documents.written-by-toban"), now)
            continue
        _prove(state, now)
        if not state.pending:
            withdraw(waiting([work.key]), Message("documents.not-about-it"), now)
        elif first := next(iter(state.unanswered), None):
            number = str(first.change.pk)
            wanted = WantedTask(plan.until(first.change.at), {CHANGE: number}, f"change/{number}")
            there = Run.objects.filter(work=work.key).exclude(reason=RunReason.WITHDRAWN)
            open_task(work, wanted, there.filter(parameters__change=number) | waiting([work.key]), now)


def facts(edition: Edition, plan: DocumentsPlan, occasion: TaskOccasion) -> Sequence[TaskFact]:
    """Return what is shown to those who say whether a document follows: each change, and where it is."""
    if not isinstance(occasion.clause, ManagedDocument):
        return ()
    about = [each for each in plan.documents if each.row.id == occasion.clause.id]
    return tuple(fact for state in states(plan, about) for fact in _facts(state, edition))


def _facts(state: DocumentState, edition: Edition) -> Iterator[TaskFact]:
    zone = edition.bindings.system.zone
    about = Link("changes", Message("changes.changes"))
    for each in state.pending:
        at, by = each.change.at.astimezone(zone), each.change.actor or "Toban"
        yield TaskFact(
            Message("changes.fact-at", at=at, by=by), each.facts.said, is_exception=True, link=about
        )
    page = text_page(state.document.row.name)
    here = state.here
    if here is None or here.changed_at is None:
        yield TaskFact(Message("documents.fact-document"), Message("documents.nowhere"), link=page)
        return
    changed = here.changed_at.astimezone(zone)
    said = Message("documents.changed-at", at=changed, by=here.changed_by or "—", place=here.place)
    yield TaskFact(Message("documents.fact-document"), said, link=page)


def _prove(state: DocumentState, now: datetime) -> None:
    """End the task of a document that was updated since it was opened."""
    updated, here = state.updated_at, state.here
    if updated is not None and here is not None:
        note = Message("documents.updated-in-place", place=here.place, by=here.changed_by or "—")
        prove(waiting([state.document.key]).filter(due_at__lte=updated), note, now)
