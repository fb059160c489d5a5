"""The extension of chapter 10: recurring work that people perform, with its row in other chapters."""

from toban.design.clauses.capacity import CapacityReview
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import SecurityRoutine
from toban.engine.extension import Extension, RowKind


def _is_of_people(row: Routine) -> bool:
    return not row.is_automatic


EXTENSION = Extension(
    name="routine",
    manual="tasks.md",
    rows=(
        RowKind(Routine, is_measured=True, raises_alerts=_is_of_people),
        # Rows that order the same work as one of chapter 10.
        RowKind(SecurityRoutine, is_measured=True),
        RowKind(CapacityReview, is_measured=True),
    ),
    operation="toban.chapters.routine.operation",
)
