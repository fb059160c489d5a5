"""What `toban init` proposes for error tracking. Pure."""

from collections.abc import Iterator

from toban.chapters.errors import clauses
from toban.chapters.errors.bindings import ErrorBinding
from toban.design.reader import Design
from toban.engine.bindings.draft import BindingProposal, OpenTable
from toban.engine.registry.kinds import Kinds


def open_tables(design: Design, _kinds: Kinds) -> Iterator[OpenTable]:
    """Yield an application to be named, if the document says that errors are collected."""
    row = clauses.tracking(design)
    if row is not None:
        yield OpenTable("errors", "app", [row], [BindingProposal("", ErrorBinding)])
