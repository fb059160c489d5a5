"""What an extension does: its plan of an edition, its loops, its trials. See `Extension`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol

from toban.design.clauses.base import Clause
from toban.design.finding import Finding
from toban.design.values.metric import Metric
from toban.engine.clock import Clock
from toban.engine.editions.edition import Edition
from toban.engine.extension import Extension
from toban.engine.notify.delivery.lead import Lead
from toban.engine.overview import EditionStatus, OverviewFigure, ToDo
from toban.engine.registry.kinds import Kinds
from toban.engine.registry.ports import Ports
from toban.engine.runs.work import Work
from toban.engine.telemetry.buffer import SampleBuffer
from toban.engine.telemetry.store import Telemetry
from toban.engine.trial import Trial
from toban.message import NOTHING, Message


@dataclass(frozen=True, slots=True)
class Declared:
    """The answer for a row that says something on which there is nothing to act, and nothing to measure."""

    reason: Message


type RowAnswer = Message | Declared
"""Why a row is not bound, with the way out; `NOTHING` if it runs; `Declared` if no binding could help."""


class Plan(Protocol):
    """What an extension derives from an edition."""

    @property
    def rows(self) -> Mapping[str, RowAnswer]:
        """The answers for the rows that it handles, by id."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The plan of an extension that handles some rows and plans nothing else. See `Plan`."""

    rows: Mapping[str, RowAnswer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Workplace:
    """What the engine provides to the loops of extensions."""

    clock: Clock
    telemetry: Telemetry
    samples: SampleBuffer
    """Where measured samples wait for the store."""
    lead: Lead
    kinds: Kinds
    ports: Ports


@dataclass(frozen=True, slots=True)
class EditionLoop:
    """A step of an extension, repeated while an edition is in force."""

    name: str
    step: Callable[[Edition, datetime], None]
    every: float
    """Seconds after the last step ended."""
    leads: bool = False
    """Whether only the leading worker runs it."""
    needs_state: bool = True
    """False if it must continue while the state database is unavailable."""


def _nothing_to_close() -> None:
    pass


@dataclass(frozen=True, slots=True)
class WorkerShift:
    """What a worker does for one extension until it stops."""

    loops: Sequence[EditionLoop] = ()
    close: Callable[[], None] = _nothing_to_close


@dataclass(frozen=True, slots=True)
class ChartLimit:
    """A line in a chart at a threshold."""

    kind: str
    """normal, warning or critical."""
    value: float
    text: Message
    """The threshold as the document writes it."""


@dataclass(frozen=True, slots=True)
class ChartedSeries:
    """The chart of a row: a series of the telemetry store, and its limits."""

    metric: Metric
    target: str
    """What is measured, by its name in the bindings."""
    series: str
    """The name under which its samples are stored."""
    limits: tuple[ChartLimit, ...] = ()


def _does_nothing(_at: Workplace) -> WorkerShift:
    return WorkerShift()


def _orders_nothing(_plan: Any) -> Mapping[str, Work]:
    return {}


def _foresees_nothing(_edition: Edition) -> Iterable[Finding]:
    return ()


def _tries_nothing(_edition: Edition, _now: datetime) -> Iterable[Trial]:
    return ()


def _charts_nothing(_clause: Clause) -> ChartedSeries | None:
    return None


def _shows_nothing(_edition: Edition, _seen: EditionStatus) -> Iterable[OverviewFigure]:
    return ()


def _asks_nothing(_edition: Edition, _seen: EditionStatus) -> Iterable[ToDo]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operation[P: Plan]:
    """What an extension does. `edition.plan(OPERATION)` is its plan, computed once for each edition."""

    plan: Callable[[Edition], P]
    works: Callable[[P], Mapping[str, Work]] = _orders_nothing
    """Returns the part of the plan that the run ledger must run, by key."""
    shift: Callable[[Workplace], WorkerShift] = _does_nothing
    """Makes the loops of one worker."""
    foreseen: Callable[[Edition], Iterable[Finding]] = _foresees_nothing
    """What `toban check --live` reports without a trial: what can't run, what costs money."""
    trials: Callable[[Edition, datetime], Iterable[Trial]] = _tries_nothing
    """What `toban check --live` tries: everything in its tables that could fail."""
    chart: Callable[[Clause], ChartedSeries | None] = _charts_nothing
    figures: Callable[[Edition, EditionStatus], Iterable[OverviewFigure]] = _shows_nothing
    """Its figures in the top bar and on the first screen."""
    to_do: Callable[[Edition, EditionStatus], Iterable[ToDo]] = _asks_nothing
    """What people must do today."""


def operations_of(extensions: Iterable[Extension]) -> tuple[Operation[Any], ...]:
    """Load the operations of *extensions*; raise `TypeError` for a module without one."""
    return tuple(_operation(each.operation) for each in extensions if each.operation)


def _operation(module: str) -> Operation[Any]:
    found = getattr(import_module(module), "OPERATION", None)
    if not isinstance(found, Operation):
        raise TypeError(f"{module}.OPERATION is no Operation")
    return found


def works_of(edition: Edition, operations: Iterable[Operation[Any]]) -> dict[str, Work]:
    """Return all works of *operations*, by key."""
    return {key: work for each in operations for key, work in each.works(edition.plan(each)).items()}


def running_works(edition: Edition, operations: Iterable[Operation[Any]]) -> Mapping[str, Sequence[str]]:
    """Return the works that Toban itself runs, by key, with what the document says about what lets them."""
    works = works_of(edition, operations)
    return {key: work.conditions for key, work in works.items() if work.is_run_here}


def rows_of(edition: Edition, operations: Iterable[Operation[Any]]) -> dict[str, RowAnswer]:
    """Return the answers of *operations* for the rows that they handle.

    If two handle the same row and only one gives a reason, the row counts as running.
    """
    found: dict[str, RowAnswer] = {}
    for operation in operations:
        for clause_id, reason in edition.plan(operation).rows.items():
            found[clause_id] = reason if found.get(clause_id, reason) else NOTHING
    return found
