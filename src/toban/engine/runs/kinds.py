"""The extension point for what a batch may be: a config, a function of steps, a line of registration."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from toban.design.clauses.batch import Batch
from toban.design.reader import Design
from toban.engine.bindings.model import Bindings
from toban.engine.bindings.section import Section
from toban.engine.bindings.table import kinded
from toban.engine.bindings.values import Length
from toban.engine.registry.kinds import KindPoint, Kinds
from toban.engine.runs.parameters import Parameters
from toban.engine.runs.work import Reported, Step


class BatchBinding(Section):
    """What every batch's table may say; the config of each kind of work derives from it."""

    timeout: Length | None = None
    """The longest that one attempt may take."""
    catch_up: Literal["once", "skip"] = "once"
    """What to do after due times that passed while nothing ran here: make up for the last, or for none."""
    depends_on: tuple[str, ...] = ()
    """Batches that must have succeeded for this one's due time."""
    start_within: Length = timedelta(minutes=10)
    """A run that has not begun so long after its time is announced."""
    expected_within: Length | None = None
    """A run that takes longer is announced, and goes on."""
    announce: tuple[Literal["start", "end"], ...] = ()
    """What the matrix's 情報 row is told of, though nothing is wrong."""
    approval: str = ""
    """Whose consent every run needs before it begins, in the document's words (運用責任者)."""


def no_doubts(*_: object) -> Iterable[str]:
    """Say nothing: there is nothing that could be tried."""
    return ()


class NotBindable(Exception):
    """The table is right in itself, but asks for what is not there; the message says what to write where."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a batch stands: its row, and all that the document and the bindings say around it."""

    batch: Batch
    design: Design
    bindings: Bindings
    kinds: Kinds = field(default_factory=Kinds)
    """What is registered, for a kind that needs others: one that makes backups needs their engines."""

    @property
    def folder(self) -> Path:
        """The folder of `toban.toml`: relative paths and commands start there."""
        return self.bindings.folder.absolute()


@dataclass(frozen=True, slots=True)
class WorkKind:
    """A kind of batch as `toban.toml` names it; the registration in `wiring.py` gives it that name."""

    config: type[BatchBinding]
    steps: Callable[[Any, Site], tuple[Step, ...]]
    """Makes the steps of a valid config, or raises `NotBindable`; connects to nothing yet."""
    reported: Callable[[Any], Reported] | None = None
    """For batches that are done elsewhere, how they are reported of; such a kind makes no steps."""
    doubts: Callable[[Any, Site], Iterable[str]] = no_doubts
    """Says what would keep it from working tonight, as the real world answers; each with a line `HINT: …`.

    Changes nothing anywhere, and takes seconds.
    """
    parameters: Parameters = ()
    """What whoever orders a run may give it."""


BATCH_KINDS = KindPoint("batches", WorkKind)
"""`kind = "…"` of `[batches.ID]`."""


def key_of(batch: Batch) -> str:
    """Return the name by which a batch is bound and ordered."""
    return batch.batch_id or batch.name


def _batches(design: Design) -> set[str]:
    return set(map(key_of, design.of(Batch)))


BATCHES = kinded("batches", BatchBinding, BATCH_KINDS, default_kind="command", names=_batches)
"""A batch's id in the document → what it runs."""
