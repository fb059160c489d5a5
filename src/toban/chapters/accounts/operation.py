"""The operation of accounts: systems are read, leavers' accounts are found, asked for and locked."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from toban.chapters.accounts import collecting, removing
from toban.chapters.accounts import plan as planning
from toban.chapters.accounts.collector import ACCOUNTS, AccountsUnknown
from toban.chapters.accounts.plan import AccountsPlan, AccountSystem
from toban.chapters.accounts.rows import report
from toban.chapters.accounts.suspicion import watching
from toban.chapters.accounts.suspicion.rules import WatchTerms
from toban.design.values.delivery import OFFICE_HOURS
from toban.engine.editions.edition import Edition
from toban.engine.operation import EditionLoop, Operation, WorkerShift, Workplace
from toban.engine.overview import EditionStatus, ToDo
from toban.engine.runs.work import Work
from toban.engine.tasks import chores
from toban.engine.trial import Doubt, Trial, TrialCode, place_of, quote_of
from toban.message import Message


def _plan(edition: Edition) -> AccountsPlan:
    made = planning.plan(edition)
    return replace(made, works=removing.works(made, edition))


def _works(made: AccountsPlan) -> Mapping[str, Work]:
    return made.works


def _collect(edition: Edition, now: datetime) -> None:
    collecting.collect(edition.plan(OPERATION), now)


def _tell(edition: Edition, now: datetime) -> None:
    plan = edition.plan(OPERATION)
    removing.settle(plan, now)
    report.tell(plan, now, edition.design.digest)


def _watch(edition: Edition, now: datetime) -> None:
    plan, system = edition.plan(OPERATION), edition.bindings.system
    terms = WatchTerms(system.office_hours or OFFICE_HOURS, system.business, plan.access.dormant)
    watching.look(plan, terms, now)


def _shift(_at: Workplace) -> WorkerShift:
    loops = (
        EditionLoop("accounts-collect", _collect, every=5.0, leads=True),
        EditionLoop("accounts-watch", _watch, every=30.0, leads=True),
        EditionLoop("accounts-status", _tell, every=10.0, leads=True),
    )
    return WorkerShift(loops)


def _trials(edition: Edition, now: datetime) -> Iterator[Trial]:
    bindings = edition.bindings
    bound = ACCOUNTS.of(bindings)
    for system in edition.plan(OPERATION).systems:
        if system.name in bound and not system.is_own:
            yield Trial(
                TrialCode.ACCOUNTS,
                Message("accounts.trial", name=system.name),
                place_of(bindings, "accounts", system.name),
                quote_of("accounts", system.name, bound[system.name]),
                partial(_doubts, system, now),
                Message("accounts.check-the-system"),
            )


def _doubts(system: AccountSystem, now: datetime) -> Iterator[Doubt]:
    try:
        yield from system.read(now).gaps
    except AccountsUnknown as unknown:
        yield unknown.doubt


def _to_do(edition: Edition, seen: EditionStatus) -> Iterator[ToDo]:
    tasks = {key: work for key, work in edition.plan(OPERATION).works.items() if work.task is not None}
    return chores.to_do(tasks, edition, seen)


OPERATION = Operation(plan=_plan, works=_works, shift=_shift, trials=_trials, to_do=_to_do)
