"""What `toban init` proposes for chapter 11: where the bill is read. Pure."""

from collections.abc import Iterator

from toban.chapters.cost.bill import BILL_KINDS
from toban.design.clauses.cost import Budget
from toban.design.reader import Design
from toban.engine.bindings.draft import BindingProposal, OpenTable
from toban.engine.registry.kinds import Kinds
from toban.message import Message

_NAME = "cloud"


def open_tables(design: Design, kinds: Kinds) -> Iterator[OpenTable]:
    """Yield one bill for all budgets of *design*."""
    rows, found = design.of(Budget), kinds.of(BILL_KINDS)
    if rows and "focus" in found:
        proposal = BindingProposal("focus", found["focus"].config, {})
        yield OpenTable("bills", _NAME, list(rows), [proposal], [Message("cost.say-the-rate")])
