"""What is shown to those who review all documents: whether each was read, and what is not there any more."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from toban.chapters.documents import owing
from toban.chapters.documents.operation import OPERATION
from toban.chapters.documents.pages import text_page
from toban.chapters.documents.states import DocumentState, states
from toban.design.acts import same_acts
from toban.design.clauses.documents import DocumentRule, ManagedDocument
from toban.engine.amounts import length
from toban.engine.tasks.facts import TaskFact, TaskOccasion
from toban.message import NOTHING, Message, plain, sentences

_MOST_VANISHED = 5
"""Named singly for each document; the page names the rest."""


def facts(occasion: TaskOccasion, _now: datetime) -> Sequence[TaskFact]:
    """Return what a task about one document, or about all, has to show."""
    plan = occasion.edition.plan(OPERATION)
    if isinstance(occasion.clause, ManagedDocument):
        return owing.facts(occasion.edition, plan, occasion)
    if not _is_review(occasion):
        return ()
    bound = {each.document.row.id: each for each in states(plan)}
    rows = occasion.edition.design.of(ManagedDocument)
    return tuple(_fact(row, bound.get(row.id), occasion) for row in rows)


def _is_review(occasion: TaskOccasion) -> bool:
    """Return whether the row orders a review of documents: by itself, or with a row of chapter 12."""
    clause = occasion.clause
    if isinstance(clause, DocumentRule):
        return not clause.follows_changes
    acts = (act for act in same_acts(occasion.edition.design) if act.leading.id == clause.id)
    return any(isinstance(row, DocumentRule) for act in acts for row in act.others)


def _fact(row: ManagedDocument, state: DocumentState | None, occasion: TaskOccasion) -> TaskFact:
    if state is None:
        return TaskFact(plain(row.name), Message("documents.fact-not-bound"), is_exception=True)
    odd = tuple(_odd(state, occasion))
    said = sentences(_read(state, occasion), *odd)
    page = text_page(row.name)
    return TaskFact(plain(row.name), said, is_exception=bool(odd), link=page)


def _odd(state: DocumentState, occasion: TaskOccasion) -> Iterator[Message]:
    """Yield what somebody must say something about."""
    if state.here is None:
        yield Message("documents.nowhere")
    # What was read before this review was due belongs to the one before.
    if state.reading is None or state.reading.read_at is None or state.reading.read_at < occasion.due_at:
        yield Message("documents.fact-not-read")
    elif state.here is not None and state.reading.digest != state.here.digest:
        yield Message("documents.fact-changed-since")
    if state.pending:
        yield Message("documents.fact-pending", count=len(state.pending))
    yield from state.vanished[:_MOST_VANISHED]
    if (more := len(state.vanished) - _MOST_VANISHED) > 0:
        yield Message("documents.fact-more", count=more)


def _read(state: DocumentState, occasion: TaskOccasion) -> Message:
    zone = occasion.edition.bindings.system.zone
    changed, reading = state.changed_at, state.reading
    said = Message("documents.fact-changed", at=changed.astimezone(zone)) if changed is not None else NOTHING
    if reading is None or reading.read_at is None:
        return said
    seconds = length(timedelta(seconds=int(reading.seconds)))
    at = reading.read_at.astimezone(zone)
    return sentences(said, Message("documents.fact-read", by=reading.username, at=at, seconds=seconds))
