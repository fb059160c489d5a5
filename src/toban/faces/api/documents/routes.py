"""Documents of chapter 12 by the API: where each is, and which changes it does not follow yet."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import Field

from toban.chapters.documents.operation import OPERATION
from toban.chapters.documents.states import DocumentState
from toban.engine.changes.act import ChangeKind
from toban.faces.api import cursors
from toban.faces.api.edition import edition_in_force
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import Part, Said, Text, Turn
from toban.faces.values.documents import document_values, touched

router = ScopedRouter()


class ShownPlace(Schema):
    """A place where a document is kept, and the newest look at it."""

    name: str
    looked_at: str
    is_missing: bool
    """Whether the place could be read, and held no such document."""
    trouble: Said | None


class ShownPending(Schema):
    """A change that a document does not follow yet."""

    change: int
    at: str
    until: str
    text: Said


class ShownDocument(Schema):
    """A document of chapter 12 that is bound."""

    name: str
    clause: str
    about: list[str]
    is_confirmed: bool
    """Whether the bindings say what it is about; else its name does."""
    unknown: list[str]
    """Of what it is about, the names of nothing in the document or the bindings."""
    place: str | None
    """Where its newest words are; null if it is nowhere."""
    version: str
    changed_at: str | None
    changed_by: str
    read_at: str | None
    read_by: str
    read_seconds: int
    places: list[ShownPlace]
    pending: list[ShownPending]
    vanished: list[Said]
    """What it refers to and is not there."""


class Touching(Schema):
    """A change, or none: then every document is listed."""

    kind: ChangeKind | None = None
    about: list[Text] = Field(default_factory=list, max_length=50)
    """Targets, hosts, batches, rows: what the change is about."""


@router.read("/documents", "read:documents", Part[ShownDocument])
def documents(request: HttpRequest, turn: Query[Turn], touching: Query[Touching]) -> Any:
    """List the documents in their order; with `kind` or `about` only those that such a change touches.

    So a check of a pull request can say which documents it has to update.
    """
    after = cursors.position(request, turn)
    plan = edition_in_force().plan(OPERATION)
    found = [
        each for each in touched(plan, touching.kind, touching.about) if after is None or _place(each) > after
    ]
    return cursors.part(
        request, turn, found[: turn.limit + 1], lambda each: document_values(each, plan), _place
    )


def _place(state: DocumentState) -> int:
    return state.document.row.origin.line
