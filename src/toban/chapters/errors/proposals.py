"""What `toban init` proposes for error tracking. Pure."""

from collections.abc import Iterator

from toban.chapters.errors import clauses
from toban.design.reader import Design
from toban.engine.bindings.draft import OpenTable, Proposal
from toban.engine.bindings.model import ErrorBinding


def open_tables(design: Design) -> Iterator[OpenTable]:
    """Yield an application to name, where the document says that errors are collected."""
    row = clauses.tracking(design)
    if row is not None:
        yield OpenTable("errors", "app", [row], Proposal("", ErrorBinding))
