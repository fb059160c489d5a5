"""Which bills are read, which rows they are compared with, and when that is checked. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from toban.chapters.cost.bill import BILL_KINDS, BILLS, BillKind, BillSource
from toban.chapters.cost.bindings import (
    COMMITMENTS,
    COSTS,
    LIFECYCLES,
    OFF_HOURS,
    BillBinding,
    CommitmentBinding,
    CostsBinding,
    LifecycleBinding,
    OffHoursBinding,
)
from toban.chapters.cost.off_hours.level import QuietTerms
from toban.chapters.cost.off_hours.meant import busy_hours, least_sizes
from toban.design.clauses.batch import Batch
from toban.design.clauses.cost import Budget, CostMeasure, MeasurePurpose
from toban.design.values.hours import Hours
from toban.design.values.schedule import Cadence, Schedule
from toban.design.values.schedule.rule import DayOfMonth, Weekday
from toban.engine.bindings.model import System
from toban.engine.calendar.due import is_ever_due
from toban.engine.editions.edition import Edition
from toban.engine.operation import Declared, RowAnswer
from toban.engine.runs.kinds import key_of
from toban.engine.runs.work import Work
from toban.message import NOTHING, Message
from toban.text import fitting_key


@dataclass(frozen=True, slots=True)
class BoundBill:
    """A bill as `toban.toml` binds it."""

    name: str
    config: BillBinding
    kind: BillKind

    def opened(self) -> BillSource:
        """Return its source."""
        return self.kind.open(self.config)


@dataclass(frozen=True, slots=True)
class BoundCommitment:
    """A measure, and what it has bought."""

    row: CostMeasure
    bought: CommitmentBinding


@dataclass(frozen=True, slots=True)
class BoundQuiet:
    """A group of a measure that has fewer instances when few are needed."""

    row: CostMeasure
    config: OffHoursBinding
    group: str
    """The name of its `[scaling.GROUP]`."""
    busy: Hours
    """When as many are needed as there are."""
    least: int
    """How many are left at all other times."""
    needed_by: Sequence[str]
    """The works during which it stays as it is."""

    @property
    def key(self) -> str:
        """The key of the work that takes instances from it."""
        return fitting_key(f"off-hours/{self.group}", 200)

    @property
    def terms(self) -> QuietTerms:
        """When it is needed, and how many are left while it is not."""
        return QuietTerms(self.busy, self.least, self.config.ready_before)


@dataclass(frozen=True, slots=True)
class BoundLifecycle:
    """A measure, and the bucket whose old objects move."""

    row: CostMeasure
    config: LifecycleBinding


@dataclass(frozen=True, slots=True)
class CheckOrder:
    """A row that orders a check of its costs, and when that is due."""

    row: Budget
    schedule: Schedule

    @property
    def key(self) -> str:
        """The key of its work."""
        return fitting_key(f"cost/{self.row.id}", 200)


@dataclass(frozen=True, slots=True)
class CostPlan:
    """What is compared with what."""

    bills: Sequence[BoundBill]
    terms: CostsBinding
    budgets: Sequence[Budget]
    """The rows that are judged."""
    commitments: Sequence[BoundCommitment]
    """The measures that bought something for a term."""
    quiet: Sequence[BoundQuiet]
    """The groups that have fewer instances when few are needed."""
    lifecycles: Sequence[BoundLifecycle]
    """The buckets whose old objects move to where they cost less."""
    checks: Sequence[CheckOrder]
    system: System
    rows: Mapping[str, RowAnswer]
    works: Mapping[str, Work] = field(default_factory=dict)


def plan(edition: Edition) -> CostPlan:
    """Return what *edition* says of costs, without the works."""
    design, bindings = edition.design, edition.bindings
    kinds: Mapping[str, Any] = edition.kinds.of(BILL_KINDS)
    bills = [BoundBill(name, each.config, kinds[each.kind]) for name, each in BILLS.of(bindings).items()]
    terms = COSTS.of(bindings)
    unbound = Message("cost.not-bound", file=bindings.file)
    rows: dict[str, RowAnswer] = {row.id: _measured(row, edition) for row in design.of(CostMeasure)}
    budgets = []
    for row in design.of(Budget):
        if row.monthly is None and (row.alert is None or row.alert.amount is None):
            rows[row.id] = Declared(Message("cost.no-amount"))
        elif not bills:
            rows[row.id] = unbound
        else:
            rows[row.id] = NOTHING
            budgets.append(row)
    bought = COMMITMENTS.of(bindings)
    commitments = tuple(
        BoundCommitment(row, bought[row.name])
        for row in design.of(CostMeasure)
        if row.purpose is MeasurePurpose.COMMITMENT and rows[row.id] is NOTHING
    )
    quiet = tuple(_quiet(edition, rows))
    moved = LIFECYCLES.of(bindings)
    lifecycles = tuple(
        BoundLifecycle(row, moved[row.name])
        for row in design.of(CostMeasure)
        if row.purpose is MeasurePurpose.LIFECYCLE and rows[row.id] is NOTHING
    )
    checks = tuple(_checks(budgets, terms, bindings.system))
    return CostPlan(bills, terms, budgets, commitments, quiet, lifecycles, checks, bindings.system, rows)


def _measured(row: CostMeasure, edition: Edition) -> RowAnswer:
    """Return whether anything can show that *row* is kept."""
    bindings = edition.bindings
    match row.purpose:
        case MeasurePurpose.COMMITMENT:
            if not BILLS.of(bindings):
                return Message("cost.not-bound", file=bindings.file)
            is_bound, code = row.name in COMMITMENTS.of(bindings), "cost.not-bought"
        case MeasurePurpose.FEWER:
            return _lowered(row, edition)
        case MeasurePurpose.LIFECYCLE:
            is_bound, code = row.name in LIFECYCLES.of(bindings), "lifecycles.not-bound"
        case _:
            return Declared(Message("cost.measure-not-shown"))
    return NOTHING if is_bound else Message(code, file=bindings.file)


def _lowered(row: CostMeasure, edition: Edition) -> Message:
    """Return what `[off_hours]` has to say of *row* before its groups can be lowered."""
    bindings = edition.bindings
    bound = OFF_HOURS.of(bindings).get(row.name)
    if bound is None:
        return Message("off-hours.not-bound", file=bindings.file)
    if bound.busy is None and busy_hours(row, edition.design, bindings) is None:
        return Message("off-hours.hours-not-said", file=bindings.file, name=row.name)
    if not bound.groups and not least_sizes(row, edition.design, bindings):
        code = "off-hours.size-not-said" if row.states_size else "off-hours.no-group"
        return Message(code, file=bindings.file, name=row.name)
    return NOTHING


def _quiet(edition: Edition, rows: Mapping[str, RowAnswer]) -> Iterator[BoundQuiet]:
    bound = OFF_HOURS.of(edition.bindings)
    batches = tuple(dict.fromkeys(map(key_of, edition.design.of(Batch))))
    taken = set[str]()
    for row in edition.design.of(CostMeasure):
        if row.purpose is not MeasurePurpose.FEWER or rows[row.id] is not NOTHING:
            continue
        config = bound[row.name]
        busy = config.busy or busy_hours(row, edition.design, edition.bindings)
        if busy is None:
            raise AssertionError("a measure whose hours nobody has said has been left out")
        groups = config.groups or least_sizes(row, edition.design, edition.bindings)
        for group, least in groups.items():
            # Two measures about one group would take and give by turns: the first one counts.
            if group not in taken:
                taken.add(group)
                needed_by = batches if config.needed_by is None else config.needed_by
                yield BoundQuiet(row, config, group, busy, least, needed_by)


def _checks(budgets: Sequence[Budget], terms: CostsBinding, system: System) -> Iterator[CheckOrder]:
    for row in budgets:
        if row.check is not None:
            schedule = _timed(row.check, terms)
            if is_ever_due(schedule, system):
                yield CheckOrder(row, schedule)


def _timed(schedule: Schedule, terms: CostsBinding) -> Schedule:
    """Return *schedule* with what the document leaves open: the clock time, the day of a week or month."""
    if schedule.is_timed:
        return schedule
    found = replace(schedule, at=terms.check_at)
    if found.cadence is Cadence.WEEKLY and not found.weekdays:
        return replace(found, weekdays=(Weekday.MONDAY,))
    if found.cadence is Cadence.MONTHLY and found.day is None:
        return replace(found, day=DayOfMonth(1))
    return found
