"""The works of the ledger as the pages list them: each with its row, its last run and what comes next."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched

from django.conf import settings
from django.db import connection
from django.db.models import DurationField, ExpressionWrapper, F, OuterRef, QuerySet, Subquery

from toban.design.clauses.base import Clause
from toban.design.clauses.batch import Batch
from toban.design.values.schedule import Schedule
from toban.engine.calendar.due import schedules_of
from toban.engine.editions.edition import Edition
from toban.engine.operation import works_of
from toban.engine.runs.kinds import key_of
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.work import Work
from toban.faces.web.runs.charts import median_length
from toban.faces.words.agenda import title

OPEN = (Run.State.WAITING, Run.State.RUNNING)
_AT_ONCE = 100
_ANY = "\0any"
"""A placeholder for a work's key in a query that is written once for all."""
_USUAL_OF = 20
"""How many of the last successes say how long a work usually takes."""


@dataclass(frozen=True, slots=True)
class WorkRow:
    """A batch of the document, or another work that Toban runs (a backup, a drill)."""

    key: str
    label: str
    clause: Clause | None
    """Its row; None once the document no longer has it."""
    planned: PlannedWork | None
    """None if nothing runs it: its row is not bound."""
    is_batch: bool
    schedules: tuple[Schedule, ...] = ()
    """When it is due: its own schedule if it is planned; that of its row may name no time of day."""
    last: Run | None = None
    """The newest run that has ended."""
    usual: timedelta | None = None

    @property
    def is_running(self) -> bool:
        """Whether its due times become runs."""
        return self.planned is not None and self.planned.in_force

    @property
    def takes_orders(self) -> bool:
        """Whether Toban itself runs it; a work that runs elsewhere only reports."""
        planned = self.planned
        return planned is not None and planned.in_force and not planned.is_reported and not planned.is_task

    @property
    def text(self) -> str:
        """The text of its row in the document; else its rule."""
        if self.clause is not None:
            return self.clause.text
        return self.planned.timing if self.planned is not None else ""

    @property
    def next_due(self) -> datetime | None:
        """When it is next due; None if nothing will run."""
        return self.planned.next_due if self.planned is not None and self.planned.in_force else None


def all_works(edition: Edition) -> list[WorkRow]:
    """Return the document's batches in their order, then the other works by their keys; two queries."""
    design, ordered = edition.design, works_of(edition, settings.PARTS.operations)
    last = Run.objects.filter(work=OuterRef("key")).exclude(state__in=OPEN).order_by("-due_at").values("pk")
    planned = {
        work.key: work for work in PlannedWork.objects.annotate(last_id=Subquery(last[:1])).order_by("key")
    }
    newest = Run.objects.in_bulk([each for work in planned.values() if (each := work.last_id)])
    by_id = {clause.id: clause for clause in design.clauses}
    batches = {key_of(batch): batch for batch in reversed(design.of(Batch))}
    keys = [*reversed(batches), *(key for key, work in planned.items() if key not in batches)]
    rows = []
    for key in keys:
        work = planned.get(key)
        clause = batches.get(key) or (by_id.get(work.clause_id) if work is not None else None)
        if key in batches or (work is not None and (work.in_force or work.last_id)):
            rows.append(
                WorkRow(
                    key=key,
                    label=label_of(key, clause),
                    clause=clause,
                    planned=work,
                    is_batch=key in batches or _was_batch(work),
                    schedules=_schedules(ordered.get(key), clause),
                    last=newest.get(work.last_id) if work is not None else None,
                )
            )
    return rows


def _was_batch(work: PlannedWork | None) -> bool:
    return work is not None and work.clause_id.startswith(f"{Batch.chapter}/{Batch.kind}/")


def _schedules(work: Work | None, clause: Clause | None) -> tuple[Schedule, ...]:
    if work is not None:
        return work.schedule.each
    return tuple(schedules_of(clause)) if clause is not None else ()


def work_of(edition: Edition, key: str) -> WorkRow | None:
    """Return the work called *key*: of the document, of the ledger, or one that only left runs behind."""
    design = edition.design
    batch = next((each for each in design.of(Batch) if key_of(each) == key), None)
    planned = PlannedWork.objects.filter(key=key).first()
    newest = Run.objects.filter(work=key).exclude(state__in=OPEN).order_by("-due_at").first()
    if batch is None and planned is None and newest is None:
        return None
    clause_id = planned.clause_id if planned is not None else newest.clause_id if newest is not None else ""
    clause = batch or next((each for each in design.clauses if each.id == clause_id), None)
    is_batch = isinstance(clause, Batch) or _was_batch(planned)
    schedules = _schedules(works_of(edition, settings.PARTS.operations).get(key), clause)
    return WorkRow(
        key, label_of(key, clause), clause, planned, is_batch=is_batch, schedules=schedules, last=newest
    )


def label_of(key: str, clause: Clause | None) -> str:
    """Return a work's label."""
    if isinstance(clause, Batch):
        return key if clause.name == key else f"{key} {clause.name}"
    return title(clause) if clause is not None else key


def usual_lengths(keys: Collection[str]) -> Mapping[str, timedelta]:
    """Return how long each work usually takes, if it ever succeeded; one query for every hundred works."""
    lengths: dict[str, list[timedelta]] = defaultdict(list)
    one, values = _last_lengths(_ANY).query.sql_with_params()
    for some in batched(keys, _AT_ONCE):
        # One query for all, each part answered from the index: a window function would read all runs, and
        # Django makes no unions of limited queries for SQLite.
        union = " UNION ALL ".join(f"SELECT * FROM ({one}) part{n}" for n in range(len(some)))  # noqa: S608
        asked = [key if value == _ANY else value for key in some for value in values]
        with connection.cursor() as cursor:
            cursor.execute(union, asked)
            for work, length in cursor.fetchall():
                lengths[work].append(_as_length(length))
    return {work: median_length(found) for work, found in lengths.items()}


def _last_lengths(key: str) -> QuerySet[Run, tuple[str, timedelta]]:
    done = Run.objects.filter(work=key, state=Run.State.DONE).exclude(began_at=None).exclude(ended_at=None)
    length = ExpressionWrapper(F("ended_at") - F("began_at"), DurationField())
    return done.order_by("-due_at").annotate(length=length).values_list("work", "length")[:_USUAL_OF]


def _as_length(found: timedelta | int) -> timedelta:
    """Return a length that was not read through Django: SQLite counts microseconds."""
    return found if isinstance(found, timedelta) else timedelta(microseconds=found)


def open_runs(keys: Iterable[str]) -> Mapping[str, Run]:
    """Return each work's running run, else the waiting one that is due first; one query."""
    found: dict[str, Run] = {}
    for run in Run.objects.filter(work__in=list(keys), state__in=OPEN).order_by("due_at"):
        if run.work not in found or run.state == Run.State.RUNNING:
            found[run.work] = run
    return found
