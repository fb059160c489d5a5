"""The extension point for where a document is kept: one small Protocol, one failure type."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from toban.chapters.documents.bindings import DocumentBinding
from toban.engine.bindings.table import kinded
from toban.engine.registry.kinds import KindPoint
from toban.engine.trial import ActFailed


class PlaceUnknown(ActFailed):
    """The place can't be read, so that nobody knows what stands there; see `ActFailed`."""


class DocumentMissing(PlaceUnknown):
    """The place can be read, and the document is not there."""


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document as it stands in its place."""

    text: str
    """What people read, without markup that a browser would act on; empty for a file that is no text."""
    version: str = ""
    """How the place itself calls it: a commit, an entity tag."""
    changed_at: datetime | None = None
    """When it was last changed, as the place says it; None if it does not."""
    changed_by: str = ""
    links: tuple[str, ...] = ()
    """What it refers to, as written."""
    file_digest: str = ""
    """Of a file that is no text, such as PDF or Excel: what tells two versions of it apart."""


class DocumentPlace(Protocol):
    """Where a document is kept, ready to be asked."""

    def read(self) -> FoundDocument:
        """Return the document, or raise `PlaceUnknown`."""

    def is_there(self, link: str) -> bool | None:
        """Return whether what the document refers to is there; None if this place doesn't know.

        Documents are written by many, and must not have Toban ask any address that they name: a place
        answers for what it holds itself, and for nothing else.
        """


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """A kind of place as `toban.toml` names it."""

    config: type[DocumentBinding]
    open: Callable[[Any, Path], DocumentPlace]
    """Returns the place of a config; the folder is its own, and connects not yet."""


DOCUMENT_KINDS = KindPoint("document", DocumentKind)
"""`kind = "…"` of `[documents.NAME]`."""

DOCUMENTS = kinded("documents", DocumentBinding, DOCUMENT_KINDS)
"""A document of chapter 12 → where it is kept."""
