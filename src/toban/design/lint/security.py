"""Chapter 8: security routines against the recurring work that carries them out."""

from collections.abc import Iterator

from toban.design.clauses.routine import Routine
from toban.design.clauses.security import SecurityRoutine
from toban.design.finding import FindingLevel
from toban.design.lint.measures import between_runs
from toban.design.lint.rule import Inspection, Remark, rule
from toban.design.lint.wording import cite
from toban.message import Message


@rule("SC001", FindingLevel.WARNING)
def routine_at_another_frequency(on: Inspection) -> Iterator[Remark]:
    """The same task is ordered at two different frequencies."""
    routines = {routine.name: routine for routine in on.of(Routine)}
    for security in on.of(SecurityRoutine):
        routine = routines.get(security.name)
        if routine is None:
            continue
        ordered, planned = between_runs(security.schedule), between_runs(routine.schedule)
        if ordered is None or planned is None or ordered == planned:
            continue
        yield Remark.on(
            security,
            Message("design.task-at-two-frequencies", task=security.name, lines=cite(routine)),
            Message("design.task-at-two-frequencies-hint"),
        )
