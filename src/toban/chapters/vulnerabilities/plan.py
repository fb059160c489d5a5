"""What is scanned for vulnerabilities, and which rows order it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from toban.chapters.vulnerabilities.bindings import (
    ADVISORIES,
    VULNERABILITIES,
    AdvisoriesBinding,
    InventoryBinding,
    VulnerabilitiesBinding,
)
from toban.chapters.vulnerabilities.inventory import (
    INVENTORY,
    INVENTORY_KINDS,
    InventoryKind,
    InventorySource,
)
from toban.design.acts import SameAct, each_once, is_vulnerability_scan, same_acts
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import SecurityRoutine
from toban.design.reader import Design
from toban.design.values.schedule import Schedule
from toban.engine.calendar.due import is_ever_due
from toban.engine.editions.edition import Edition
from toban.engine.evidence.acts import also_answered
from toban.engine.operation import RowAnswer
from toban.engine.runs.work import Work
from toban.message import NOTHING, Message
from toban.text import fitting_key

type ScanRow = SecurityRoutine | Routine


@dataclass(frozen=True, slots=True)
class BoundInventory:
    """An inventory as `toban.toml` binds it."""

    name: str
    config: InventoryBinding
    kind: InventoryKind

    def opened(self) -> InventorySource:
        """Return its source."""
        return self.kind.open(self.config)


@dataclass(frozen=True, slots=True)
class ScanOrder:
    """A row that orders a scan, and when it is due."""

    row: ScanRow
    schedule: Schedule

    @property
    def key(self) -> str:
        """The key of its work."""
        return fitting_key(f"scan/{self.row.id}", 200)


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """What is scanned, by which advisories, and why rows that order it are left out."""

    inventories: Sequence[BoundInventory]
    advisories: AdvisoriesBinding | None
    terms: VulnerabilitiesBinding
    orders: Sequence[ScanOrder]
    zone: ZoneInfo
    """Of the times that are told."""
    acts: Sequence[SameAct]
    """The acts that one of the rows leads."""
    unbound: Mapping[str, RowAnswer]
    works: Mapping[str, Work] = field(default_factory=dict)

    @property
    def rows(self) -> Mapping[str, RowAnswer]:
        """See `Plan`."""
        answers = {**self.unbound, **dict.fromkeys((each.row.id for each in self.orders), NOTHING)}
        return also_answered(answers, self.acts)


def plan(edition: Edition) -> ScanPlan:
    """Return what is scanned by *edition*, without the works."""
    bindings = edition.bindings
    kinds: Mapping[str, Any] = edition.kinds.of(INVENTORY_KINDS)
    inventories = [
        BoundInventory(name, each.config, kinds[each.kind]) for name, each in INVENTORY.of(bindings).items()
    ]
    advisories = ADVISORIES.of(bindings)
    unbound: dict[str, RowAnswer] = {}
    orders: list[ScanOrder] = []
    acts = tuple(act for act in same_acts(edition.design) if _is_scan(act.leading))
    for row, schedule in each_once(_scan_rows(edition.design), edition.design):
        if not inventories or advisories is None:
            unbound[row.id] = Message("vulnerabilities.not-bound", file=bindings.file)
        elif not is_ever_due(schedule, bindings.system):
            unbound[row.id] = Message("vulnerabilities.never-due", schedule=schedule.text)
        else:
            orders.append(ScanOrder(row, schedule))
    return ScanPlan(
        inventories, advisories, VULNERABILITIES.of(bindings), orders, bindings.system.zone, acts, unbound
    )


def _scan_rows(design: Design) -> Iterator[ScanRow]:
    """Yield the rows that order scans which Toban carries out."""
    rows: tuple[ScanRow, ...] = (*design.of(SecurityRoutine), *design.of(Routine))
    return filter(_is_scan, rows)


def _is_scan(row: object) -> bool:
    # What people do is their task, and theirs alone to prove.
    if isinstance(row, Routine):
        return row.is_automatic and is_vulnerability_scan(row)
    return isinstance(row, SecurityRoutine) and is_vulnerability_scan(row)
