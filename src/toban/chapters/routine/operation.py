"""The operation of chapter 10: rows that people perform become tasks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from toban.chapters.routine import elsewhere
from toban.design.acts import SameAct, is_patching, is_restore_test, same_acts
from toban.design.clauses.base import Clause
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import SecurityRoutine
from toban.engine.editions.announcements import managing_role
from toban.engine.editions.edition import Edition
from toban.engine.evidence import status
from toban.engine.evidence.acts import also_answered, also_shown
from toban.engine.operation import EditionLoop, Operation, WorkerShift, Workplace
from toban.engine.overview import EditionStatus, ToDo
from toban.engine.runs.work import Work
from toban.engine.tasks import chores
from toban.engine.tasks.standing import statuses
from toban.engine.tasks.telling import tell
from toban.engine.tasks.works import ordered, task_of
from toban.message import NOTHING, Message

_PATCHING = "patching"
"""The table of the hosts that Toban patches: what it does itself, nobody is asked for."""


@dataclass(frozen=True, slots=True)
class RoutinePlan:
    """The rows that people perform, and why the others are not asked for."""

    works: Mapping[str, Work]
    rows: Mapping[str, Message]
    acts: tuple[SameAct, ...]
    """The acts that a row of chapter 10 leads."""


def _plan(edition: Edition) -> RoutinePlan:
    acts = tuple(act for act in same_acts(edition.design) if isinstance(act.leading, Routine))
    exact = {act.leading.id: act.schedule for act in acts if act.schedule is not None}
    works: dict[str, Work] = {}
    answers: dict[str, Message] = {}
    for row in edition.design.of(Routine):
        # Chapter 4 carries out the tests of restores, and shows their rows.
        if row.is_automatic or is_restore_test(row) or _is_patched(row, edition):
            continue
        found = task_of(row, exact.get(row.id, row.schedule), edition.design, edition.bindings)
        _add(row, found, works, answers)
    for other, task in elsewhere.orders(edition.design, managing_role(edition.design)):
        if _is_patched(other, edition):
            continue
        _add(other, ordered(other, task, edition.design, edition.bindings), works, answers)
    return RoutinePlan(works, also_answered(answers, acts), acts)


def _is_patched(row: Clause, edition: Edition) -> bool:
    """Return whether Toban itself installs the fixes that *row* orders: `[patching]` says on which hosts."""
    is_bound = bool(edition.bindings.tables.get(_PATCHING))
    return is_bound and isinstance(row, Routine | SecurityRoutine) and is_patching(row)


def _add(row: Clause, found: Work | Message, works: dict[str, Work], answers: dict[str, Message]) -> None:
    if isinstance(found, Message):
        answers[row.id] = found
    else:
        works[found.key], answers[row.id] = found, NOTHING


def _works(plan: RoutinePlan) -> Mapping[str, Work]:
    return plan.works


def _show(edition: Edition, now: datetime) -> None:
    plan, design = edition.plan(OPERATION), edition.design
    if not plan.works:
        return
    found = list(statuses(plan.works.values(), edition, now))
    status.show(list(also_shown(found, plan.acts)), now, design.digest)
    tell(found, plan.works.values(), edition, now)


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift([EditionLoop("routine-status", _show, every=2.0)])


def _to_do(edition: Edition, seen: EditionStatus) -> Iterator[ToDo]:
    return chores.to_do(edition.plan(OPERATION).works, edition, seen)


OPERATION = Operation(plan=_plan, works=_works, shift=_shift, to_do=_to_do)
