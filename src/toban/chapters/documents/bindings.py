"""The settings of documents in `toban.toml`: where each is kept, and how soon it follows a change."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from toban.design.clauses.base import Clause
from toban.design.clauses.documents import DocumentRule, ManagedDocument
from toban.design.reader import Design
from toban.engine.amounts import length
from toban.engine.bindings.model import Bindings
from toban.engine.bindings.section import Assumed, Section, invalid
from toban.engine.bindings.table import single
from toban.engine.bindings.values import Length
from toban.message import Message

type Names = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(min_length=1, max_length=50)
]


def row_of(design: Design, name: str, entry: "DocumentBinding") -> ManagedDocument | None:
    """Return the row of the document that is kept where the *entry* called *name* says."""
    wanted = entry.document or name
    return next((row for row in design.of(ManagedDocument) if row.name == wanted), None)


def _row(design: Design, entry: Any, name: str) -> Iterator[Clause]:
    row = row_of(design, name, entry)
    # What Toban writes itself follows every change.
    if row is not None and row.follows_changes and not entry.is_written:
        yield row


def _following(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    yield from (row for row in design.of(ManagedDocument) if row.follows_changes)


def _leaves_time_open(design: Design, _bindings: Bindings, _name: str) -> bool:
    return not any(rule.is_same_day for rule in design.of(DocumentRule))


def _reviews(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    yield from (row for row in design.of(DocumentRule) if not row.follows_changes)


def _within(least: timedelta, most: timedelta) -> Callable[[timedelta], timedelta]:
    def check(written: timedelta) -> timedelta:
        if not least <= written <= most:
            raise invalid(Message("documents.not-within", least=length(least), most=length(most)))
        return written

    return check


class DocumentBinding(Section):
    """`[documents.NAME]`: the settings of every kind of place."""

    spot: ClassVar[tuple[str, ...]] = ()
    """The keys that say where the document stands: other words at another spot are no update."""

    is_written: ClassVar[bool] = False
    """Whether Toban itself writes it there."""

    document: str = ""
    """The document's name in chapter 12, if the entry has another: for a document kept in two places."""
    about: Annotated[
        Names | None, Assumed("documents.assumed-about", Message("documents.why-about"), _row)
    ] = None
    """What it is about: targets, hosts, batches and so on, chapters, and kinds of changes."""


class KeepingBinding(Section):
    """`[document_keeping]`: how documents are kept current."""

    update_within: Annotated[
        int,
        Field(ge=1, le=60),
        Assumed(
            "documents.assumed-update",
            Message("documents.why-update"),
            _following,
            where=_leaves_time_open,
        ),
    ] = 5
    """Business days from a change until the documents about it are updated."""
    read_for: Annotated[
        Length,
        AfterValidator(_within(timedelta(seconds=1), timedelta(hours=1))),
        Assumed("documents.assumed-reading", Message("documents.why-reading"), _reviews),
    ] = timedelta(seconds=30)
    """A document counts as read once it was in view for so long."""
    every: Annotated[Length, AfterValidator(_within(timedelta(minutes=1), timedelta(days=1)))] = timedelta(
        hours=1
    )
    """How often the places are looked at."""


DOCUMENT_KEEPING = single("document_keeping", KeepingBinding, KeepingBinding())
"""How documents are kept current."""
