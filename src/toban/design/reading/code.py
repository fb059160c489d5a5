"""Code blocks as clauses, where the heading makes them one."""

import re

from toban.design.markdown import CodeBlock
from toban.design.origin import Origin
from toban.design.reading.entries import is_drawn, read_step_text, steps_shapes
from toban.design.reading.grounds import Grounds
from toban.design.reading.outcome import RowOutcome, read, unread
from toban.design.reading.registry import CODE
from toban.design.section import DocumentSection
from toban.design.shapes.shape import ClausePlace, CodeShape, NotUnderstood, PlacedCode
from toban.message import NOTHING, Message, message_of

_COMMANDS = 2
"""What commands of the kind weigh beside the heading: see `reading.weight`."""
_PLAIN = frozenset({"text", "txt", "plaintext", "markdown", "md", ""})
_DOCUMENT = re.compile(r"^#{2,6} \S", re.MULTILINE)
"""A sample of a document has headings of its own: a postmortem, a handover, an error report."""
_DIAGRAMS = frozenset({"mermaid", "plantuml", "puml", "dot", "graphviz"})


def read_code(block: CodeBlock, section: DocumentSection, document: str) -> RowOutcome | None:
    """Return what became of the block; None if it is a mere illustration."""
    language = block.language.lower()
    place = ClausePlace(Origin(document, block.line), block.text, section)
    reason = NOTHING
    # What a drawing names, nobody runs.
    shapes = () if not language and is_drawn(block.text) else CODE
    for shape in sorted(shapes, key=lambda shape: -section.nearness(shape.headings)):
        if language not in shape.languages or not _is_under(shape, section):
            continue
        try:
            built = shape.build(PlacedCode(place, block))
            grounds = Grounds(shape.kind, shape.headings, section, telling=_COMMANDS)
            return read(block.line, block.text, built, grounds)
        except NotUnderstood as flaw:
            reason = reason or message_of(flaw)
    # Without a language it may be a drawing or text in columns, which nobody meant as commands.
    if reason and language:
        return unread(block.line, block.text, reason)
    if language in _PLAIN and not _DOCUMENT.search(block.text):
        return read_step_text(block.text, block.line, section, document)
    if language in _DIAGRAMS and steps_shapes(section):
        return unread(block.line, block.text, Message("design.steps-as-diagram"))
    return None


def _is_under(shape: CodeShape, section: DocumentSection) -> bool:
    """Say whether the headings mean this kind. バックアップ・リストア over バックアップ手順 means backup."""
    if shape.never is not None and any(shape.never.search(heading) for heading in section.words):
        return False
    near = section.nearness(shape.headings)
    # A caption alone names a step: a heading, or the title, must be about the act or its kin, too.
    if not section.captioned("").nearness(shape.kin or shape.headings):
        return False
    return near >= 2 and (shape.avoid is None or section.nearness(shape.avoid) < near)
