"""The documents of chapter 12: where each is, what it does not follow yet, and who has read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.chapters.documents.operation import OPERATION
from toban.chapters.documents.plan import DocumentsPlan
from toban.chapters.documents.states import DocumentState, states
from toban.chapters.documents.written.kinds import WrittenKind
from toban.design.clauses.documents import ManagedDocument
from toban.engine.clock import system_clock
from toban.faces.web.frame import frame, in_force, look
from toban.message import Message


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A change that a document does not follow yet."""

    said: Message
    at: datetime
    until: datetime
    is_late: bool


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """A row of the list."""

    row: ManagedDocument
    state: DocumentState | None
    """None if nobody has bound it."""
    changes: Sequence[ShownChange] = ()


@require_safe
def documents(request: HttpRequest) -> HttpResponse:
    """Show every document of chapter 12, in the document's order."""
    edition, now = in_force(), system_clock()
    plan = edition.plan(OPERATION)
    found = {each.document.row.id: each for each in states(plan)}
    rows = edition.design.of(ManagedDocument)
    context = {
        **frame(look(edition, now), "documents"),
        "heading": Message("documents.page"),
        "written": [(each.value, Message(f"documents-written.{each}")) for each in WrittenKind],
        "shown": [_shown(row, found.get(row.id), plan, now) for row in rows],
    }
    return render(request, "documents/documents.html", context)


def _shown(
    row: ManagedDocument, state: DocumentState | None, plan: DocumentsPlan, now: datetime
) -> ShownDocument:
    if state is None:
        return ShownDocument(row, None)
    changes = [(each, plan.until(each.change.at)) for each in state.pending]
    return ShownDocument(
        row,
        state,
        [ShownChange(each.facts.said, each.change.at, until, now >= until) for each, until in changes],
    )
