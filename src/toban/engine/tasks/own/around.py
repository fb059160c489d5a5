"""The tasks of an account around a moment, each with its window, for its calendar."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from toban.engine.approvals.holders import account_of
from toban.engine.editions.edition import Edition
from toban.engine.people.models import Operator
from toban.engine.registry.parts import Parts
from toban.engine.runs.models import Run
from toban.engine.runs.work import Work
from toban.engine.tasks.entitlement import people_of_task
from toban.engine.tasks.lists import tasks_of, terms_of_run
from toban.engine.tasks.models import SignOff
from toban.engine.tasks.rules import window_end
from toban.engine.tasks.swaps.occurrences import coming
from toban.engine.tasks.windows import open_tasks

_BEHIND = timedelta(days=31)


class OwnTaskState(StrEnum):
    """How far a task is."""

    DONE = "done"
    NOT_PERFORMED = "not-performed"
    OPEN = "open"
    LATE = "late"
    """Its window is over, and it is still owed."""
    COMING = "coming"


@dataclass(frozen=True, slots=True)
class OwnTask:
    """A task of one account."""

    key: str
    """Together with its start: the same while it is coming, open and done."""
    name: str
    clause_id: str
    """Empty for what no row orders."""
    start: datetime
    end: datetime
    state: OwnTaskState


def own_tasks(account: Operator, edition: Edition, parts: Parts, now: datetime) -> list[OwnTask]:
    """Return what *account* signed in the last month, what waits for it, and what comes within a month.

    What it handed on or swapped is the other's, as far as that is known now.
    """
    works = tasks_of(edition, parts)
    found = [*_signed(account, works, now), *_open(account, works, edition, now)]
    known = {(each.key, each.start) for each in found}
    later = (each for each in _coming(account, works, edition, now) if (each.key, each.start) not in known)
    return sorted((*found, *later), key=lambda each: (each.start, each.name))


def _signed(account: Operator, works: Mapping[str, Work], now: datetime) -> Iterator[OwnTask]:
    signed = SignOff.objects.filter(account=account, at__gte=now - _BEHIND).select_related("run")
    for each in signed:
        state = OwnTaskState.DONE if each.is_performed else OwnTaskState.NOT_PERFORMED
        yield _of_run(each.run, works, state)


def _open(account: Operator, works: Mapping[str, Work], edition: Edition, now: datetime) -> Iterator[OwnTask]:
    for run in open_tasks():
        terms = terms_of_run(works, run)
        if terms is None:
            continue
        able = people_of_task(run, terms, edition, now).able
        if any(account_of(edition, person) == account for person in able):
            is_late = run.due_until is not None and now >= run.due_until
            yield _of_run(run, works, OwnTaskState.LATE if is_late else OwnTaskState.OPEN)


def _coming(
    account: Operator, works: Mapping[str, Work], edition: Edition, now: datetime
) -> Iterator[OwnTask]:
    for each in coming(works, edition, now):
        work = works[each.work]
        if each.account == account and work.task is not None:
            end = window_end(each.due_at, work.task, work.system)
            yield OwnTask(each.work, each.name, each.clause_id, each.due_at, end, OwnTaskState.COMING)


def _of_run(run: Run, works: Mapping[str, Work], state: OwnTaskState) -> OwnTask:
    terms = terms_of_run(works, run)
    # What no row orders may be ordered twice for the same moment.
    key = run.work if run.clause_id else f"{run.work} {run.pk}"
    name = terms.name if terms is not None else run.work
    return OwnTask(key, name, run.clause_id, run.due_at, run.due_until or run.due_at, state)
