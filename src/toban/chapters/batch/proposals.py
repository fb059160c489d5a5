"""What `toban init` proposes for chapter 6: what each batch runs. Pure."""

from collections.abc import Iterator

from toban.chapters.batch.kinds.command import CommandBatch
from toban.design.clauses.batch import Batch
from toban.design.reader import Design
from toban.engine.bindings.draft import BindingProposal, OpenTable
from toban.engine.registry.kinds import Kinds
from toban.engine.runs.kinds import BATCH_KINDS, key_of
from toban.message import Message


def open_tables(design: Design, kinds: Kinds) -> Iterator[OpenTable]:
    """Yield every batch of *design*, as a command of the operator's own."""
    others = tuple(name for name in sorted(kinds.of(BATCH_KINDS)) if name != "command")
    note = Message("batch.name-what-it-runs", kinds=others)
    rows: dict[str, Batch] = {}
    for row in design.of(Batch):
        rows.setdefault(key_of(row), row)
    for key, row in rows.items():
        proposal = BindingProposal("", CommandBatch, {"command": [f"./batches/{key}"]})
        yield OpenTable("batches", key, [row], [proposal], [note])
