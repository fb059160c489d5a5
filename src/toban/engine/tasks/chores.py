"""Tasks on the first screen."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from toban.engine.editions.edition import Edition
from toban.engine.evidence.verdict import Verdict
from toban.engine.extension import Link
from toban.engine.overview import EditionStatus, ToDo
from toban.engine.runs.models import Run
from toban.engine.runs.work import Work
from toban.engine.tasks.entitlement import people_of_task
from toban.engine.tasks.lists import coming, terms_of
from toban.engine.tasks.rules import TaskTerms
from toban.engine.tasks.windows import open_tasks
from toban.message import Message, plain

_LINK = Link("tasks", Message("tasks.sign-off"))


def to_do(works: Mapping[str, Work], edition: Edition, seen: EditionStatus) -> Iterator[ToDo]:
    """Yield the open tasks among *works*, and those that are due later today."""
    for run in open_tasks().filter(work__in=list(works)):
        if (terms := terms_of(works, run.work)) is not None:
            yield _open(run, terms, edition, seen.now)
    for each in coming(works, edition, seen.now):
        yield ToDo(plain(each.name), _LINK, each.due_at, each.clause_id, assignee="、".join(each.roles))


def _open(run: Run, terms: TaskTerms, edition: Edition, now: datetime) -> ToDo:
    people = people_of_task(run, terms, edition, now)
    is_late = run.due_until is not None and now >= run.due_until
    verdict = Verdict.DEVIATING if people.why_nobody else Verdict.NOT_PERFORMED if is_late else None
    taker = people.handover.taker_person if people.handover is not None else ""
    assignee = taker or "、".join(terms.roles)
    return ToDo(plain(terms.name), _LINK, run.due_at, run.clause_id, verdict, assignee)
