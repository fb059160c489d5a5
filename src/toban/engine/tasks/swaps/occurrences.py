"""The tasks that can be swapped: those that are open, and those of the next weeks, each with whose it is."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from toban.engine.approvals.holders import account_of, holders_of
from toban.engine.approvals.identity import is_self_made
from toban.engine.calendar.due import due_times
from toban.engine.editions.edition import Edition
from toban.engine.people.models import Operator
from toban.engine.registry.parts import Parts
from toban.engine.runs.work import Work
from toban.engine.tasks.entitlement import people_of_task
from toban.engine.tasks.lists import tasks_of, terms_of
from toban.engine.tasks.models import Swap, SwapLeg
from toban.engine.tasks.windows import open_tasks

_AHEAD = timedelta(days=31)
_SHORT = 12


@dataclass(frozen=True, slots=True)
class TaskOccurrence:
    """One person's task at one due time."""

    work: str
    clause_id: str
    name: str
    due_at: datetime
    person: str
    """The name in `[people]`."""
    account: Operator
    deputy: int | None = None
    """The number of the override by which it is theirs."""

    @property
    def code(self) -> str:
        """What people and forms call it by."""
        named = f"{self.work}\n{self.due_at.astimezone(UTC).isoformat()}\n{self.person}"
        return hashlib.sha256(named.encode()).hexdigest()[:_SHORT]


def upcoming(edition: Edition, parts: Parts, now: datetime) -> Sequence[TaskOccurrence]:
    """Return what can be swapped at *now*, in the order of the due times."""
    works = tasks_of(edition, parts)
    found = [*_open(works, edition, now), *coming(works, edition, now)]
    return sorted(found, key=lambda each: (each.due_at, each.name, each.person))


def _open(works: Mapping[str, Work], edition: Edition, now: datetime) -> Iterator[TaskOccurrence]:
    for run in open_tasks().filter(work__in=list(works)):
        if (terms := terms_of(works, run.work)) is not None:
            people = people_of_task(run, terms, edition, now)
            for person in people.able:
                if (account := account_of(edition, person)) is not None:
                    deputy = people.deputy_of(account)
                    yield TaskOccurrence(
                        run.work, run.clause_id, terms.name, run.due_at, person, account, deputy
                    )


def coming(works: Mapping[str, Work], edition: Edition, now: datetime) -> Iterator[TaskOccurrence]:
    """Yield the tasks of the next weeks, each for everybody whose it will be."""
    agreed = SwapLeg.objects.filter(swap__state=Swap.State.AGREED, due_at__gt=now)
    legs = agreed.select_related("swap__asker", "swap__answerer", "deputy__account")
    newest = {(leg.work, leg.due_at): leg for leg in legs.order_by("swap__answered_at", "pk")}
    # What stands no more is the role's again: nobody gives it away once more.
    swapped = {key: {leg.taker_person: leg.deputy_id} for key, leg in newest.items() if leg.stands}
    for key, work in works.items():
        for due_at in due_times(work.schedule, work.system, now + timedelta.resolution, now + _AHEAD):
            taken = swapped.get((key, due_at.astimezone(UTC)))
            people = _holders(work, edition, due_at) if taken is None else taken
            for person, deputy in people.items():
                if (account := account_of(edition, person)) is not None:
                    name = work.task.name if work.task is not None else key
                    yield TaskOccurrence(key, work.clause_id, name, due_at, person, account, deputy)


def _holders(work: Work, edition: Edition, at: datetime) -> Mapping[str, int | None]:
    """Return who holds a role of *work* at *at*, as known now, and as which deputy.

    Those who gave it to themselves do not.
    """
    roles = work.task.roles if work.task is not None else ()
    found = [each for role in roles for each in holders_of(edition, role, at)]
    return {each.person: each.deputy for each in found if not is_self_made(edition, each)}
