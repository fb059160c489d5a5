"""Chapter 12, ドキュメント管理: documents and how they are kept current."""

from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.values.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedDocument(Clause):
    """A document, when it is updated and where it lives."""

    chapter: ClassVar[Chapter] = Chapter.DOCUMENTS
    kind: ClassVar[str] = "managed-document"

    name: str
    update: Schedule | None
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRule(Clause):
    """A rule for keeping documents current."""

    chapter: ClassVar[Chapter] = Chapter.DOCUMENTS
    kind: ClassVar[str] = "document-rule"

    content: str
    schedule: Schedule | None
