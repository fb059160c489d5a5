"""The operation of vulnerabilities: scans run when they are due, and what they found is shown."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from toban.chapters.vulnerabilities import plan as planning
from toban.chapters.vulnerabilities import report, scanning
from toban.chapters.vulnerabilities.advisories.mirror import folder_doubts
from toban.chapters.vulnerabilities.bindings import ADVISORIES
from toban.chapters.vulnerabilities.inventory import INVENTORY, InventoryUnknown
from toban.chapters.vulnerabilities.plan import BoundInventory, ScanPlan
from toban.design.origin import Origin
from toban.engine.editions.edition import Edition
from toban.engine.operation import EditionLoop, Operation, WorkerShift, Workplace
from toban.engine.runs.work import Work
from toban.engine.trial import Doubt, Trial, TrialCode, place_of, quote_of
from toban.message import Message


def _plan(edition: Edition) -> ScanPlan:
    made = planning.plan(edition)
    return replace(made, works=scanning.works(made, edition.design, edition.bindings))


def _works(made: ScanPlan) -> Mapping[str, Work]:
    return made.works


def _tell(edition: Edition, now: datetime) -> None:
    report.tell(edition.plan(OPERATION), now, edition.design.digest)


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift([EditionLoop("vulnerabilities-status", _tell, every=5.0, leads=True)])


def _trials(edition: Edition, now: datetime) -> Iterator[Trial]:
    made, bindings = edition.plan(OPERATION), edition.bindings
    for each in made.inventories:
        yield Trial(
            TrialCode.INVENTORY,
            Message("vulnerabilities.trial-inventory", name=each.name),
            place_of(bindings, "inventory", each.name),
            quote_of("inventory", each.name, INVENTORY.of(bindings)[each.name]),
            partial(_doubts, each, now),
            Message("vulnerabilities.check-inventory"),
        )
    advisories = ADVISORIES.of(bindings)
    if advisories is not None:
        yield Trial(
            TrialCode.INVENTORY,
            Message("vulnerabilities.trial-advisories"),
            Origin(bindings.file, bindings.lines.get(("advisories", ""), 1)),
            "[advisories]",
            partial(folder_doubts, advisories.folder, is_refreshed=advisories.at is not None),
            Message("vulnerabilities.fill-the-folder"),
        )


def _doubts(each: BoundInventory, now: datetime) -> Iterator[Doubt]:
    try:
        each.opened().read(now)
        yield from each.kind.doubts(each.config)
    except InventoryUnknown as unknown:
        yield unknown.doubt


OPERATION = Operation(plan=_plan, works=_works, shift=_shift, trials=_trials)
