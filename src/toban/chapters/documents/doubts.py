"""Doubtful entries of a valid `toban.toml`: places of documents that no row names. Pure."""

from collections.abc import Iterator

from toban.chapters.documents.bindings import row_of
from toban.chapters.documents.places.place import DOCUMENTS
from toban.design.clauses.documents import ManagedDocument
from toban.design.finding import Finding, FindingLevel
from toban.design.origin import Origin
from toban.design.reader import Design
from toban.engine.bindings.model import Bindings
from toban.engine.bindings.near import nearest
from toban.engine.bindings.toml import key
from toban.message import Message


def doubts(design: Design, bindings: Bindings) -> Iterator[Finding]:
    """Name the entries whose document is in no row."""
    known = {row.name for row in design.of(ManagedDocument)}
    for name, entry in DOCUMENTS.of(bindings).items():
        if row_of(design, name, entry.config) is not None:
            continue
        wanted = entry.config.document or name
        near = nearest(wanted, known)
        choices = tuple(Message("bindings.quoted", name=each) for each in sorted(known))
        yield Finding(
            "BD009",
            FindingLevel.WARNING,
            Origin(bindings.file, bindings.lines["documents", name]),
            Message("bindings.in-no-row", name=wanted, document=design.document),
            f"[documents.{key(name)}]",
            Message("bindings.did-you-mean", near=near)
            if near
            else Message("bindings.write-the-documents-word", choices=choices or Message("bindings.none")),
        )
