"""Chapter 5, デプロイ・リリース: flow, rules per environment, calendar, rollback."""

from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.values.duration import Duration
from toban.design.values.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployFlow(Clause):
    """The steps from review to production."""

    chapter: ClassVar[Chapter] = Chapter.RELEASE
    kind: ClassVar[str] = "deploy-flow"

    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployRule(Clause):
    """How one environment is deployed to."""

    chapter: ClassVar[Chapter] = Chapter.RELEASE
    kind: ClassVar[str] = "deploy-rule"

    environment: str
    method: str
    trigger: str
    approver: str
    """Empty where none is needed (不要)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSchedule(Clause):
    """A kind of release and when it may happen."""

    chapter: ClassVar[Chapter] = Chapter.RELEASE
    kind: ClassVar[str] = "release-schedule"

    name: str
    schedule: Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackProcedure(Clause):
    """The steps back, and how fast."""

    chapter: ClassVar[Chapter] = Chapter.RELEASE
    kind: ClassVar[str] = "rollback-procedure"

    steps: tuple[str, ...]
    within: Duration | None
