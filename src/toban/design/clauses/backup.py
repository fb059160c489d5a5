"""Chapter 4, バックアップ・リストア: policies, procedures, RPO and RTO."""

from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.values.duration import Duration, Generations, Retention
from toban.design.values.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupPolicy(Clause):
    """What is backed up, how, when, where to, and how long it is kept."""

    chapter: ClassVar[Chapter] = Chapter.BACKUP
    kind: ClassVar[str] = "backup-policy"

    subject: str
    method: str
    schedules: tuple[Schedule, ...]
    generations: Generations | None
    destination: str
    retention: Retention | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupProcedure(Clause):
    """The commands that make a backup."""

    chapter: ClassVar[Chapter] = Chapter.BACKUP
    kind: ClassVar[str] = "backup-procedure"

    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreProcedure(Clause):
    """The commands that bring it back."""

    chapter: ClassVar[Chapter] = Chapter.BACKUP
    kind: ClassVar[str] = "restore-procedure"

    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryObjective(Clause):
    """RPO or RTO."""

    chapter: ClassVar[Chapter] = Chapter.BACKUP
    kind: ClassVar[str] = "recovery-objective"

    objective: str
    """`RPO` or `RTO`."""
    subject: str
    """What it holds for; empty for the whole system."""
    limit: Duration
