"""Doubtful entries of a valid `toban.toml`: places of documents that no row names, words that touch nothing.
Pure."""

from collections.abc import Iterator

from toban.chapters.documents.bindings import row_of
from toban.chapters.documents.places.place import DOCUMENTS
from toban.chapters.documents.subjects import known_names, near_names, unknown_words
from toban.design.clauses.documents import ManagedDocument
from toban.design.finding import Finding, FindingLevel
from toban.design.origin import Origin
from toban.design.reader import Design
from toban.engine.bindings.model import Bindings
from toban.engine.bindings.near import nearest
from toban.engine.bindings.toml import key
from toban.message import Message


def doubts(design: Design, bindings: Bindings) -> Iterator[Finding]:
    """Name the entries whose document is in no row, and the words of `about` that are no name of anything."""
    yield from _in_no_row(design, bindings)
    yield from _about_nothing(design, bindings)


def _about_nothing(design: Design, bindings: Bindings) -> Iterator[Finding]:
    known = known_names(design, bindings)
    for name, entry in DOCUMENTS.of(bindings).items():
        for word in unknown_words(entry.config.about or (), known):
            near = tuple(Message("bindings.quoted", name=each) for each in near_names(word, known))
            yield Finding(
                "BD012",
                FindingLevel.WARNING,
                Origin(bindings.file, bindings.lines["documents", name]),
                Message("documents.about-nothing", word=word, name=name),
                f'about = ["{word}"]',
                Message("documents.near-names", near=near) if near else Message("documents.write-a-name"),
            )


def _in_no_row(design: Design, bindings: Bindings) -> Iterator[Finding]:
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
