"""What an extension does: its plan of an edition, its loops, what it tries beforehand. See `Extension`."""

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
from toban.engine.overview import Figure, Seen, ToDo
from toban.engine.registry.kinds import Kinds
from toban.engine.registry.ports import Ports
from toban.engine.runs.work import Work
from toban.engine.telemetry.buffer import SampleBuffer
from toban.engine.telemetry.store import Telemetry
from toban.engine.trial import Trial


class Plan(Protocol):
    """What an extension makes of an edition."""

    @property
    def rows(self) -> Mapping[str, str]:
        """The ids of the rows that it answers for, each with why it is not bound; empty where it runs."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The plan of an extension that plans nothing but answers for some rows. See `Plan`."""

    rows: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Workplace:
    """What the engine gives to the loops of extensions."""

    clock: Clock
    telemetry: Telemetry
    samples: SampleBuffer
    """Where measured samples wait for the store."""
    lead: Lead
    kinds: Kinds
    ports: Ports


@dataclass(frozen=True, slots=True)
class EditionLoop:
    """A step of an extension, done again and again while an edition is in force."""

    name: str
    step: Callable[[Edition, datetime], None]
    every: float
    """Seconds after the last step ended."""
    leads: bool = False
    """Whether only the worker that leads does it."""
    needs_state: bool = True
    """False where it must go on while the state database is away."""


def _nothing_to_close() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Shift:
    """What a worker does for one extension until it stops."""

    loops: Sequence[EditionLoop] = ()
    close: Callable[[], None] = _nothing_to_close


@dataclass(frozen=True, slots=True)
class Limit:
    """A line that a chart draws where a value begins to count."""

    kind: str
    """normal, warning or critical."""
    value: float
    text: str
    """As the document says it."""


@dataclass(frozen=True, slots=True)
class Charted:
    """What the page draws for a row: a series of the telemetry store, and its limits."""

    metric: Metric
    target: str
    """What is measured, by its name in the bindings."""
    series: str
    """The name under which its samples are stored."""
    limits: tuple[Limit, ...] = ()


def _does_nothing(_at: Workplace) -> Shift:
    return Shift()


def _orders_nothing(_plan: Any) -> Mapping[str, Work]:
    return {}


def _foresees_nothing(_edition: Edition) -> Iterable[Finding]:
    return ()


def _tries_nothing(_edition: Edition, _now: datetime) -> Iterable[Trial]:
    return ()


def _charts_nothing(_clause: Clause) -> Charted | None:
    return None


def _shows_nothing(_edition: Edition, _seen: Seen) -> Iterable[Figure]:
    return ()


def _asks_nothing(_edition: Edition, _seen: Seen) -> Iterable[ToDo]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operation[P: Plan]:
    """What an extension does. `edition.plan(OPERATION)` is its plan, computed once for each edition."""

    plan: Callable[[Edition], P]
    works: Callable[[P], Mapping[str, Work]] = _orders_nothing
    """What of the plan the run ledger is to run, by key."""
    shift: Callable[[Workplace], Shift] = _does_nothing
    """Makes the loops of one worker."""
    foreseen: Callable[[Edition], Iterable[Finding]] = _foresees_nothing
    """What `toban check --live` says without trying anything: what can't run, what costs money."""
    trials: Callable[[Edition, datetime], Iterable[Trial]] = _tries_nothing
    """What `toban check --live` tries: everything of its tables that could fail tonight."""
    chart: Callable[[Clause], Charted | None] = _charts_nothing
    figures: Callable[[Edition, Seen], Iterable[Figure]] = _shows_nothing
    """What it puts into the top bar and on the first screen."""
    to_do: Callable[[Edition, Seen], Iterable[ToDo]] = _asks_nothing
    """What people must do today."""


def operations_of(extensions: Iterable[Extension]) -> tuple[Operation[Any], ...]:
    """Load what *extensions* do; raise `TypeError` for a module that holds no operation."""
    return tuple(_operation(each.operation) for each in extensions if each.operation)


def _operation(module: str) -> Operation[Any]:
    found = getattr(import_module(module), "OPERATION", None)
    if not isinstance(found, Operation):
        raise TypeError(f"{module}.OPERATION is no Operation")
    return found


def works_of(edition: Edition, operations: Iterable[Operation[Any]]) -> dict[str, Work]:
    """Return all that *operations* order to be run, by key."""
    return {key: work for each in operations for key, work in each.works(edition.plan(each)).items()}


def rows_of(edition: Edition, operations: Iterable[Operation[Any]]) -> dict[str, str]:
    """Return the rows that *operations* answer for, each with why it is not bound; empty where it runs.

    Two may speak for a row, one of them because it knows why it does not run: then it is the one that runs.
    """
    found: dict[str, str] = {}
    for operation in operations:
        for clause_id, reason in edition.plan(operation).rows.items():
            found[clause_id] = reason if found.get(clause_id, reason) else ""
    return found
