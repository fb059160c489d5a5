"""Tasks as pages, commands and the API list them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from toban.design.clauses.base import Clause
from toban.design.values.schedule import Schedule
from toban.design.values.schedule.occurrence import existing
from toban.engine.calendar.due import schedules_of
from toban.engine.editions.edition import Edition
from toban.engine.operation import works_of
from toban.engine.people.models import Operator
from toban.engine.registry.parts import Parts
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.work import Work
from toban.engine.tasks.entitlement import TaskPeople, people_of_task
from toban.engine.tasks.facts import TaskFact, TaskOccasion, digest_of_facts, gathered
from toban.engine.tasks.models import ExtraTask, SignOff
from toban.engine.tasks.rules import TaskRefusal, TaskTerms
from toban.engine.tasks.windows import open_tasks
from toban.message import Message, plain

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task that waits for a sign-off."""

    run: Run
    clause: Clause | None
    """The row that orders it; None for what somebody has ordered once."""
    people: TaskPeople
    facts: tuple[TaskFact, ...]
    is_late: bool

    @property
    def name(self) -> str:
        """As the document calls it."""
        return self.people.terms.name

    @property
    def content(self) -> str:
        """What is to be done, in the words of the row or of whoever ordered it."""
        extra = extra_of(self.run)
        return extra.content if extra is not None else str(getattr(self.clause, "content", ""))

    @property
    def shown(self) -> str:
        """The digest that a sign-off binds to."""
        return digest_of_facts(self.run.pk, self.facts)

    @property
    def has_exceptions(self) -> bool:
        """Whether a sign-off needs a remark."""
        return any(fact.is_exception for fact in self.facts)

    def why_not(self, account: Operator) -> TaskRefusal | None:
        """Return why *account* may not sign it off now."""
        return self.people.why_not(account)


def tasks_of(edition: Edition, parts: Parts) -> Mapping[str, Work]:
    """Return the works of *edition* that people perform, by key."""
    return {key: work for key, work in works_of(edition, parts.operations).items() if work.task is not None}


def terms_of(works: Mapping[str, Work], key: str) -> TaskTerms | None:
    """Return the terms of the task *key*; None if it is no task of *works*."""
    work = works.get(key)
    return work.task if work is not None else None


def extra_of(run: Run) -> ExtraTask | None:
    """Return what *run* is if somebody has ordered it once; None if a row orders it."""
    # Only what no row orders cites none: the others need no look at the table.
    return None if run.clause_id else ExtraTask.objects.filter(run=run).first()


def terms_of_run(works: Mapping[str, Work], run: Run) -> TaskTerms | None:
    """Return the terms of *run*: those of its work, or of what somebody has ordered once."""
    extra = extra_of(run)
    return extra.terms if extra is not None else terms_of(works, run.work)


def listed(edition: Edition, parts: Parts, now: datetime) -> Sequence[OpenTask]:
    """Return the open tasks in the order of their due times, then of their rows, with their facts."""
    works, clauses = tasks_of(edition, parts), {each.id: each for each in edition.design.clauses}
    found = [
        opened(run, terms, clauses.get(run.clause_id), edition, parts, now)
        for run in open_tasks().filter(due_at__lte=now)
        if (terms := terms_of_run(works, run)) is not None and run.clause_id in {*clauses, ""}
    ]
    return sorted(found, key=_in_turn)


def opened(
    run: Run, terms: TaskTerms, clause: Clause | None, edition: Edition, parts: Parts, now: datetime
) -> OpenTask:
    """Return the open task *run* of the row *clause*, or of none, with its facts."""
    people, facts = people_of_task(run, terms, edition, now), facts_of(run, edition, parts, now)
    is_late = run.due_until is not None and now >= run.due_until
    return OpenTask(run, clause, people, facts, is_late=is_late)


def _in_turn(task: OpenTask) -> tuple[datetime, int]:
    return task.run.due_at, task.clause.origin.line if task.clause is not None else 0


@dataclass(frozen=True, slots=True)
class ComingTask:
    """A task that is due later today."""

    name: str
    roles: tuple[str, ...]
    due_at: datetime
    clause_id: str


def schedules_of_people(edition: Edition, parts: Parts) -> Callable[[Clause], Iterable[Schedule]]:
    """Return when each clause is due: a task by the hours of its role, all others by their words."""
    tasks = {work.clause_id: work.schedule.each for work in tasks_of(edition, parts).values()}
    return lambda clause: tasks[clause.id] if clause.id in tasks else schedules_of(clause)


def coming_today(edition: Edition, parts: Parts, now: datetime) -> Sequence[ComingTask]:
    """Return the tasks that are due later today, in the document's zone."""
    return coming(tasks_of(edition, parts), edition, now)


def coming(works: Mapping[str, Work], edition: Edition, now: datetime) -> Sequence[ComingTask]:
    """Return the tasks among *works* that are due later today."""
    zone = edition.bindings.system.zone
    midnight = existing(now.astimezone(zone).date() + timedelta(days=1), time(0), zone)
    planned = PlannedWork.objects.filter(in_force=True, key__in=list(works), next_due__gt=now)
    return [
        ComingTask(terms.name, terms.roles, each.next_due, each.clause_id)
        for each in planned.filter(next_due__lt=midnight).order_by("next_due")
        if (terms := terms_of(works, each.key)) is not None and each.next_due is not None
    ]


def last_signed(clause_ids: Collection[str], start: datetime, end: datetime) -> SignOff | None:
    """Return the newest sign-off of a task of these rows that was due from *start* until before *end*."""
    signed = SignOff.objects.filter(is_performed=True, run__clause_id__in=clause_ids)
    return signed.filter(run__due_at__gte=start, run__due_at__lt=end).order_by("-at").first()


def facts_of(run: Run, edition: Edition, parts: Parts, now: datetime) -> tuple[TaskFact, ...]:
    """Return what is shown to those who sign off *run*."""
    if (extra := extra_of(run)) is not None:
        return tuple(TaskFact(Message("tasks.fact-ordered"), plain(each)) for each in extra.facts)
    clause = next((each for each in edition.design.clauses if each.id == run.clause_id), None)
    if clause is None:
        return ()
    before = Run.objects.filter(work=run.work, due_at__lt=run.due_at).order_by("-due_at").first()
    since = before.due_at if before is not None else run.due_at - _DAY
    return gathered(TaskOccasion(edition, clause, since, run.due_at, run.parameters), parts.ports, now)
