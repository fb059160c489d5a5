"""The extension point for kinds of batches: a config, a function that makes steps, a line of registration."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from toban.design.clauses.backup import BackupPolicy
from toban.design.clauses.base import Clause
from toban.design.clauses.batch import Batch, BatchRetry
from toban.design.reader import Design
from toban.design.values.retry import FailureAction, read_retry
from toban.engine.approvals.rules import ASSUMED_WITHIN
from toban.engine.bindings.model import Bindings
from toban.engine.bindings.section import Assumed, Section
from toban.engine.bindings.table import kinded, single
from toban.engine.bindings.values import Length
from toban.engine.modes.rules import Mode
from toban.engine.registry.kinds import KindPoint, Kinds
from toban.engine.runs.parameters import Parameters
from toban.engine.runs.work import ElsewhereReporting, Step
from toban.engine.trial import Doubt
from toban.message import Message


def _retried(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    """Yield the rows that order a retry without saying after how long."""
    rules = design.of(BatchRetry)
    yield from (row for row in rules if not row.rule.delays)
    for row in design.of(Batch):
        own = read_retry(row.on_failure_text)
        is_again = FailureAction.RERUN in row.on_failure
        if (own is not None and not own.delays) or (own is None and is_again and not rules):
            yield row
    if not rules:
        yield from design.of(BackupPolicy)


class RunBinding(Section):
    """`[runs]`: what the document leaves open about runs."""

    retry_after: Annotated[Length, Assumed("runs.assumed-retry", Message("runs.why-retry"), _retried)] = (
        timedelta(minutes=5)
    )
    """The wait before a retry if the document does not say after how long."""


RUNS = single("runs", RunBinding, RunBinding())
"""What the document leaves open about runs."""


def _batch(design: Design, _bound: Section, name: str) -> Iterator[Clause]:
    return (row for row in design.of(Batch) if key_of(row) == name)


def _approved(design: Design, bound: "BatchBinding", name: str) -> Iterator[Clause]:
    return _batch(design, bound, name) if bound.approval else iter(())


class BatchBinding(Section):
    """The common keys of every batch's table; the config of each kind of work derives from it."""

    harmless = frozenset({"timeout", "catch_up", "start_within", "expected_within", "announce"})

    timeout: Length | None = None
    """The longest that one attempt may take."""
    catch_up: Literal["once", "skip"] = "once"
    """What to do about due times that passed while nothing ran here: catch up on the last, or on none."""
    depends_on: tuple[str, ...] = ()
    """Batches that must have succeeded for this one's due time."""
    start_within: Annotated[Length, Assumed("runs.assumed-start", Message("runs.why-start"), _batch)] = (
        timedelta(minutes=10)
    )
    """A run that has not begun this long after its due time is announced."""
    expected_within: Length | None = None
    """A run that takes longer is announced, and continues."""
    announce: tuple[Literal["start", "end"], ...] = ()
    """The events that are notified to the matrix's 情報 row, although nothing is wrong."""
    approval: str = ""
    """Whose approval every run needs before it begins, in the document's words (運用責任者)."""
    approvers: int = Field(default=1, ge=1, le=5)
    """How many different people must approve."""
    approval_within: Annotated[
        Length, Assumed("runs.assumed-approval", Message("runs.why-approval"), _approved)
    ] = ASSUMED_WITHIN
    """How long a run waits for approval before it ends."""
    irreversible: bool = False
    """It can't be undone: those who approve sign in again, on the page."""
    mode: Mode = Mode.ACT
    """What Toban does when it is due: only record what it would do, ask first, or run it."""
    rerun: Mode = Mode.ACT
    """The same for the repeats of a failed run that the document orders."""


def no_doubts(*_: object) -> Iterable[Doubt]:
    """Return nothing: there is nothing to try."""
    return ()


class NotBindable(Exception):
    """The table is valid in itself, but refers to something missing; the message says what to write where."""


@dataclass(frozen=True, slots=True)
class Site:
    """A batch's context: its row, and the whole document and bindings around it."""

    batch: Batch
    design: Design
    bindings: Bindings
    kinds: Kinds = field(default_factory=Kinds)
    """The registered kinds, for a kind that needs others: one that makes backups needs their engines."""

    @property
    def folder(self) -> Path:
        """The folder of `toban.toml`: relative paths and commands start there."""
        return self.bindings.folder.absolute()


@dataclass(frozen=True, slots=True)
class WorkKind:
    """A kind of batch as `toban.toml` names it; the registration in `wiring.py` gives it that name."""

    config: type[BatchBinding]
    steps: Callable[[Any, Site], tuple[Step, ...]]
    """Makes the steps from a valid config, or raises `NotBindable`; does not connect yet."""
    reported: Callable[[Any], ElsewhereReporting] | None = None
    """For batches that are done elsewhere: how they are reported. Such a kind makes no steps."""
    doubts: Callable[[Any, Site], Iterable[Doubt]] = no_doubts
    """Returns what would keep it from working now, by asking real systems.

    It changes nothing anywhere, and takes seconds.
    """
    parameters: Parameters = ()
    """The parameters that an order of a run may give."""
    declared: Callable[[Any], Parameters] | None = None
    """For kinds whose tables declare them: returns the parameters of a config, in place of *parameters*."""

    def takes(self, config: BatchBinding) -> Parameters:
        """Return the parameters that an order of a run of *config* may give."""
        return self.parameters if self.declared is None else self.declared(config)


BATCH_KINDS = KindPoint("batches", WorkKind)
"""`kind = "…"` of `[batches.ID]`."""


def key_of(batch: Batch) -> str:
    """Return the name by which a batch is bound and ordered."""
    return batch.batch_id or batch.name


def _batches(design: Design) -> set[str]:
    return set(map(key_of, design.of(Batch)))


BATCHES = kinded("batches", BatchBinding, BATCH_KINDS, default_kind="command", names=_batches)
"""A batch's id in the document → what it runs."""
