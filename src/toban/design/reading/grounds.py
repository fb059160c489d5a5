"""By what a row was taken for its kind: kept so that it can be explained, never acted on."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields

from toban.design.clauses.base import Clause
from toban.design.clauses.labels import KINDS, field_label
from toban.design.origin import Origin
from toban.design.section import DocumentSection, heading_text, heading_words
from toban.message import Message


@dataclass(frozen=True, slots=True)
class Grounds:
    """The headings, columns or words that decided the kind of one row."""

    kind: type[Clause]
    headings: re.Pattern[str]
    """What a heading above must contain."""
    section: DocumentSection
    columns: tuple[tuple[str, str], ...] = ()
    """Each role with the column that has it, as headed in the document."""
    key: str = ""
    """The key of a list entry, where the kind is known by it."""
    telling: int = 0
    """How much the columns, or the key, speak for the kind beside the heading: see `reading.weight`."""
    is_sentence: bool = False
    """Whether it is a list entry without `key:`, like any running text."""
    declared: Origin | None = None
    """Where the owner says that it is of this kind; None if the reader found it by itself."""
    is_formed: bool = False
    """Whether its own form shows the kind (応答時間: 3秒以内), so that its heading may say more than that."""


def explanation(grounds: Grounds, clauses: tuple[Clause, ...]) -> Iterator[Message]:
    """Yield why a row became *clauses*, line by line: heading, columns, and the value of each field."""
    if grounds.declared is not None:
        document = clauses[0].origin.document
        yield Message("design.explained-declared", where=declared_at(grounds.declared, document))
    found = None if grounds.declared is not None else _deciding_heading(grounds)
    if found is not None:
        heading, word = found
        yield Message("design.explained-heading", heading=heading, word=word)
    if grounds.key:
        yield Message("design.explained-key", key=grounds.key)
    for role, column in grounds.columns:
        yield Message("design.explained-column", column=column, role=column_of(grounds.kind, role))
    for clause in clauses:
        yield Message("design.explained-kind", kind=KINDS[clause.kind])
        yield from said_fields(clause)


def declared_at(declared: Origin, document: str) -> Message:
    """Return where a declaration stands, for a reader of *document*."""
    if declared.document == document:
        return Message("design.declared-at-line", line=declared.line)
    return Message("design.declared-in-file", at=declared)


def column_of(kind: type[Clause], role: str) -> Message:
    """Return the operator's word for the column that has *role* in a table of *kind*."""
    # What is watched, and what is aimed at.
    if role == "target" and kind.kind == "monitor":
        return Message("design.column-subject")
    return Message(f"design.column-{role.replace('_', '-')}")


def _deciding_heading(grounds: Grounds) -> tuple[str, str] | None:
    """Return the nearest heading with a word of the kind, and that word."""
    section = grounds.section
    near = [section.caption, *(heading.text for heading in reversed(section.headings)), section.document]
    for heading in filter(None, near):
        match = grounds.headings.search(heading_words(heading))
        if match is not None:
            return heading_text(heading), match.group()
    return None


def said_fields(clause: Clause) -> Iterator[Message]:
    """Yield the value of each field that the row states, and what was assumed."""
    for field in fields(clause):
        value = getattr(clause, field.name)
        if field.name in _COMMON or value in (None, "", ()):
            continue
        label = field_label(type(clause), field.name)
        if label is not None:
            yield Message("design.explained-field", field=label, value=_said(value))
    for assumption in clause.assumptions:
        yield Message("design.explained-assumption", assumption=assumption.said)


_COMMON = frozenset(field.name for field in fields(Clause))


def _said(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(_said(part) for part in value)
    said = getattr(value, "message", None)
    return said if isinstance(said, Message) else str(value)
