"""The extension of chapter 10: recurring work that people perform, with its row in other chapters."""

from toban.chapters.routine.elsewhere import KINDS
from toban.design.clauses.capacity import CapacityReview
from toban.design.clauses.routine import Routine
from toban.engine.extension import Extension, RowKind, always
from toban.engine.tasks.facts import TASK_FACTS


def _is_of_people(row: Routine) -> bool:
    return not row.is_automatic


EXTENSION = Extension(
    name="routine",
    manual="tasks.md",
    rows=(
        RowKind(Routine, is_measured=True, raises_alerts=_is_of_people),
        # Rows that order the same work as one of chapter 10, or work of people of their own.
        *(RowKind(kind, is_measured=True, raises_alerts=always) for kind in KINDS),
        RowKind(CapacityReview, is_measured=True),
    ),
    operation="toban.chapters.routine.operation",
    offers={TASK_FACTS: "toban.chapters.routine.accounts:facts"},
)
