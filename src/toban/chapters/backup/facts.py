"""What a person is shown about backups before a task is signed off."""

from collections.abc import Sequence
from datetime import datetime

from toban.chapters.backup.drills.sign_off import facts_of
from toban.chapters.backup.operation import OPERATION
from toban.engine.tasks.facts import TaskFact, TaskOccasion


def facts(occasion: TaskOccasion, _now: datetime) -> Sequence[TaskFact]:
    """Return what came of the drills that the row orders."""
    plan, row = occasion.edition.plan(OPERATION).drills, occasion.clause.id
    subjects = [subject for subject, routine in plan.routines.items() if routine.id == row]
    return facts_of(subjects, occasion.due_at, occasion.edition.bindings)
