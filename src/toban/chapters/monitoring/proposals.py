"""What `toban init` proposes for chapter 2: where each target is measured. Pure."""

from collections.abc import Iterator

from toban.chapters.monitoring.measuring.feeds import open_targets
from toban.chapters.monitoring.source import SOURCE_KINDS
from toban.design.reader import Design
from toban.engine.bindings.draft import BindingProposal, OpenTable
from toban.engine.registry.kinds import Kinds


def open_tables(design: Design, kinds: Kinds) -> Iterator[OpenTable]:
    """Yield every target that monitors of *design* watch, with sources that can measure them."""
    known = kinds.of(SOURCE_KINDS)
    for name, rows, able in open_targets(design, known):
        proposals = [BindingProposal(kind, known[kind].config) for kind in able]
        yield OpenTable("targets", name, rows, proposals, within="sources")
