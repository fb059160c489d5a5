"""The document's procedures for backups and restores, with the subjects that they are about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from toban.chapters.backup.practice.commands import ProcedureStep, StepKind, steps_of
from toban.chapters.backup.taking.source import BackupSource
from toban.design.clauses.backup import BackupProcedure, RestoreProcedure
from toban.design.reader import Design
from toban.engine.operation import Declared, RowAnswer
from toban.message import NOTHING, Message

type Procedure = BackupProcedure | RestoreProcedure


@dataclass(frozen=True, slots=True)
class PlannedProcedure:
    """A procedure that is compared with what Toban does."""

    row: Procedure
    steps: Sequence[ProcedureStep]
    sources: Sequence[BackupSource]
    """The subjects that it is about; at least one."""


@dataclass(frozen=True, slots=True)
class ProcedurePlan:
    """The procedures that are compared, and why the others are not."""

    procedures: Sequence[PlannedProcedure] = ()
    others: Mapping[str, RowAnswer] = field(default_factory=dict)

    @property
    def rows(self) -> Mapping[str, RowAnswer]:
        """See `Plan`."""
        return {**{each.row.id: NOTHING for each in self.procedures}, **self.others}


def plan(design: Design, sources: Mapping[str, BackupSource], file: str) -> ProcedurePlan:
    """Return what of *design* is compared with what is done for *sources*, which *file* binds."""
    procedures: list[PlannedProcedure] = []
    others: dict[str, RowAnswer] = {}
    rows: list[Procedure] = [*design.of(BackupProcedure), *design.of(RestoreProcedure)]
    for row in rows:
        steps = steps_of(row.commands, is_restore=isinstance(row, RestoreProcedure))
        found = _about(row, tuple(sources.values()))
        why = _why_not(steps, found, file)
        if why is None:
            procedures.append(PlannedProcedure(row, steps, found))
        else:
            others[row.id] = why
    return ProcedurePlan(procedures, others)


def _about(row: Procedure, sources: Sequence[BackupSource]) -> Sequence[BackupSource]:
    """Return the sources that the procedure names; all if it names none."""
    text = row.text.casefold()
    return [each for each in sources if each.subject.casefold() in text] or sources


def _why_not(steps: Sequence[ProcedureStep], sources: Sequence[BackupSource], file: str) -> RowAnswer | None:
    if all(step.kind is StepKind.UNKNOWN for step in steps):
        return Declared(Message("backup.commands-not-known", commands=[step.command for step in steps]))
    if not sources:
        return Message("backup.none-bound", file=file)
    silent = sorted({each.kind_name for each in sources if each.kind.way is None})
    return Declared(Message("backup.kinds-without-way", kinds=silent)) if silent else None
