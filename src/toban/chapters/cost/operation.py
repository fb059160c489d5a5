"""The operation of chapter 11: bills are read, budgets judged, checks run, and groups kept at their level."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from toban.chapters.cost import checks, taking
from toban.chapters.cost import plan as planning
from toban.chapters.cost.bill import BILLS, BillUnknown
from toban.chapters.cost.lifecycles import looking as moving
from toban.chapters.cost.off_hours import looking as leveling
from toban.chapters.cost.off_hours import works as off_hours
from toban.chapters.cost.own_budgets import settings as own_budgets
from toban.chapters.cost.plan import BoundBill, BoundLifecycle, BoundQuiet, CostPlan
from toban.chapters.cost.rows import report
from toban.engine.bindings import toml
from toban.engine.editions.edition import Edition
from toban.engine.instances.offered import NotScaled
from toban.engine.operation import EditionLoop, Operation, WorkerShift, Workplace
from toban.engine.runs.work import Work
from toban.engine.trial import Doubt, Trial, TrialCode, place_of, quote_of
from toban.message import Message


def _plan(edition: Edition) -> CostPlan:
    made = planning.plan(edition)
    checked = checks.works(made, edition.design, edition.bindings)
    return replace(made, works={**checked, **off_hours.works(made, edition)})


def _works(made: CostPlan) -> Mapping[str, Work]:
    return made.works


def _look(edition: Edition, now: datetime) -> None:
    taking.look(edition.plan(OPERATION), edition.design.digest, now)


def _moves(edition: Edition, now: datetime) -> None:
    moving.look(edition.plan(OPERATION), now)


def _tell(edition: Edition, now: datetime) -> None:
    report.tell(edition.plan(OPERATION), now, edition.design.digest)


def _level(edition: Edition, now: datetime) -> None:
    made = edition.plan(OPERATION)
    leveling.look(made, made.works, edition, now)


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift(
        [
            EditionLoop("costs-look", _look, every=30.0, leads=True),
            EditionLoop("costs-off-hours", _level, every=60.0, leads=True),
            EditionLoop("costs-lifecycles", _moves, every=60.0, leads=True),
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
    yield from _trials_of_measures(made, edition)
    yield from own_budgets.trials(edition)


def _trials_of_measures(made: CostPlan, edition: Edition) -> Iterator[Trial]:
    bindings = edition.bindings
    for quiet in made.quiet:
        yield Trial(
            TrialCode.CAPACITY,
            Message("off-hours.trial", group=quiet.group),
            place_of(bindings, "off_hours", quiet.row.name),
            f"[off_hours.{toml.key(quiet.row.name)}]",
            partial(_quiet_doubts, quiet, edition),
            Message("off-hours.check"),
        )
    for moved in made.lifecycles:
        yield Trial(
            TrialCode.BILL,
            Message("lifecycles.trial", bucket=moved.config.bucket),
            place_of(bindings, "lifecycles", moved.row.name),
            f"[lifecycles.{toml.key(moved.row.name)}]",
            partial(_lifecycle_doubts, moved),
            Message("lifecycles.check"),
        )


def _doubts(each: BoundBill, plan: CostPlan, now: datetime) -> Iterator[Doubt]:
    try:
        taking.tried(each.opened(), plan, now)
    except BillUnknown as unknown:
        yield unknown.doubt


def _quiet_doubts(quiet: BoundQuiet, edition: Edition) -> Iterator[Doubt]:
    try:
        size = leveling.find(edition, quiet.group).size()
    except NotScaled as failed:
        yield failed.doubt
        return
    if quiet.terms.least >= size.most:
        yield Message("off-hours.nothing-to-take", group=quiet.group, least=quiet.terms.least, most=size.most)


def _lifecycle_doubts(moved: BoundLifecycle) -> Iterator[Doubt]:
    # Imported here: AWS's client takes 10 MB of each process, and most designs have no bucket.
    from toban.chapters.cost.lifecycles.bucket import RulesUnknown, read  # noqa: PLC0415

    try:
        read(moved)
    except RulesUnknown as unknown:
        yield unknown.doubt


OPERATION = Operation(plan=_plan, works=_works, shift=_shift, trials=_trials)
"""See `Operation`."""
