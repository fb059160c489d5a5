"""Drills are signed off: Toban carries them out, and whoever holds the role confirms what came of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

from toban.chapters.backup.models import Drill
from toban.design.clauses.routine import Routine
from toban.design.reader import Design
from toban.design.values.schedule.occurrence import existing
from toban.engine.amounts import length
from toban.engine.bindings.model import Bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence.status import StatusUpdate
from toban.engine.extension import Link
from toban.engine.runs.work import Work
from toban.engine.tasks.facts import TaskFact
from toban.engine.tasks.standing import signed
from toban.engine.tasks.works import task_of
from toban.message import Message, plain


@dataclass(frozen=True, slots=True)
class DrillSignOffs:
    """The tasks of confirming drills."""

    works: Mapping[str, Work] = field(default_factory=dict)
    """Clause id → the task."""
    missing: Mapping[str, Message] = field(default_factory=dict)
    """Clause id → why nobody can be asked."""


def sign_offs(routines: Iterable[Routine], design: Design, bindings: Bindings) -> DrillSignOffs:
    """Return the tasks for *routines*, timed as the drills are; a row that names no person needs nobody."""
    found = {
        row.id: task_of(row, row.schedule, design, bindings, after=row.schedule.at)
        for row in sorted(routines, key=_time_of)
        if row.owner and not row.is_automatic
    }
    return DrillSignOffs(
        {row: task for row, task in found.items() if isinstance(task, Work)},
        {row: why for row, why in found.items() if isinstance(why, Message)},
    )


def _time_of(row: Routine) -> time:
    return row.schedule.at or time(0)


def confirmed(
    updates: Iterable[StatusUpdate], tasks: DrillSignOffs, edition: Edition, now: datetime
) -> Iterator[StatusUpdate]:
    """Yield the statuses of the drills' rows, each with what became of its sign-off."""
    for update in updates:
        task, missing = tasks.works.get(update.clause_id), tasks.missing.get(update.clause_id)
        if task is not None:
            yield signed(update, task, edition, now)
        elif missing is not None and not update.reason:
            yield replace(update, reason=missing)
        else:
            yield update


def facts_of(subjects: Iterable[str], due_at: datetime, bindings: Bindings) -> Sequence[TaskFact]:
    """Return what came of the drills of *subjects* since the day before *due_at*."""
    zone = bindings.system.zone
    start = existing(due_at.astimezone(zone).date() - timedelta(days=1), time(0), zone)
    return [_fact(subject, start) for subject in subjects]


def _fact(subject: str, start: datetime) -> TaskFact:
    held = Drill.objects.filter(subject=subject, started_at__gte=start).exclude(evidence_sequence=None)
    drill, label = held.order_by("-pk").first(), Message("backup.fact-drill", subject=subject)
    if drill is None:
        not_held = Message("backup.fact-not-held")
        return TaskFact(label, not_held, is_exception=True, link=Link("backups", label))
    is_passed = drill.is_passed is True
    value = _measured(drill) if is_passed else Message("backup.drill-not-passed", reason=drill.reason)
    return TaskFact(label, value, is_exception=not is_passed, link=Link("drill", label, (drill.pk,)))


def _measured(drill: Drill) -> Message:
    return Message(
        "backup.fact-passed",
        label=drill.label,
        took=_length(drill.rto_seconds),
        lost=_length(drill.rpo_seconds),
        checks=len(drill.checks),
    )


def _length(seconds: float | None) -> Message:
    return plain("—") if seconds is None else length(timedelta(seconds=seconds))
