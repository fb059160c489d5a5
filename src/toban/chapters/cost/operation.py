"""The operation of chapter 11: bills are read, budgets are judged, and checks run when they are due."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from toban.chapters.cost import checks, taking
from toban.chapters.cost import plan as planning
from toban.chapters.cost.bill import BILLS, BillUnknown
from toban.chapters.cost.plan import BoundBill, CostPlan
from toban.chapters.cost.rows import report
from toban.engine.editions.edition import Edition
from toban.engine.operation import EditionLoop, Operation, WorkerShift, Workplace
from toban.engine.runs.work import Work
from toban.engine.trial import Doubt, Trial, TrialCode, place_of, quote_of
from toban.message import Message


def _plan(edition: Edition) -> CostPlan:
    made = planning.plan(edition)
    return replace(made, works=checks.works(made, edition.design, edition.bindings))


def _works(made: CostPlan) -> Mapping[str, Work]:
    return made.works


def _look(edition: Edition, now: datetime) -> None:
    taking.look(edition.plan(OPERATION), edition.design.digest, now)


def _tell(edition: Edition, now: datetime) -> None:
    report.tell(edition.plan(OPERATION), now, edition.design.digest)


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift(
        [
            EditionLoop("costs-look", _look, every=30.0, leads=True),
            EditionLoop("costs-status", _tell, every=30.0, leads=True),
        ]
    )


def _trials(edition: Edition, now: datetime) -> Iterator[Trial]:
    made, bindings = edition.plan(OPERATION), edition.bindings
    for each in made.bills:
        yield Trial(
            TrialCode.BILL,
            Message("cost.trial", name=each.name),
            place_of(bindings, "bills", each.name),
            quote_of("bills", each.name, BILLS.of(bindings)[each.name]),
            partial(_doubts, each, made, now),
            Message("cost.check-bill"),
        )


def _doubts(each: BoundBill, plan: CostPlan, now: datetime) -> Iterator[Doubt]:
    try:
        taking.tried(each.opened(), plan, now)
    except BillUnknown as unknown:
        yield unknown.doubt


OPERATION = Operation(plan=_plan, works=_works, shift=_shift, trials=_trials)
"""See `Operation`."""
