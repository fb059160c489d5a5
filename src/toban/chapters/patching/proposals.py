"""What `toban init` proposes for rows that order patches: one group of hosts. Pure."""

from collections.abc import Iterator

from toban.chapters.patching.bindings import PatchesBinding, patch_rows
from toban.chapters.patching.manager import MANAGER_KINDS
from toban.design.reader import Design
from toban.engine.bindings.draft import BindingProposal, OpenTable
from toban.engine.registry.kinds import Kinds
from toban.message import Message

_KIND = "apt"


def open_tables(design: Design, kinds: Kinds) -> Iterator[OpenTable]:
    """Yield a group of hosts, and when they are patched, if a row of *design* orders it."""
    rows, found = patch_rows(design), kinds.of(MANAGER_KINDS)
    if rows and _KIND in found:
        said = [Message("patching.bind-each-group")]
        yield OpenTable("patching", _KIND, rows, [BindingProposal(_KIND, found[_KIND].config)], said)
        said = [Message("patching.say-when")]
        proposal = BindingProposal("", PatchesBinding, {"mode": "shadow"})
        yield OpenTable("patches", "", rows, [proposal], said)
