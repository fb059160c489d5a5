"""Chapter 7, 障害対応: severities, flow, known failures."""

from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.values.duration import Duration
from toban.design.values.people import Recipient
from toban.design.values.severity import IncidentSeverity


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentLevel(Clause):
    """A severity, what it means and how fast it is answered and mended."""

    chapter: ClassVar[Chapter] = Chapter.INCIDENT
    kind: ClassVar[str] = "incident-level"

    name: str
    severity: IncidentSeverity | None
    definition: str
    respond_within: Duration | None
    """None with `is_immediate`."""
    is_immediate: bool
    recover_within: Duration | None
    recipients: tuple[Recipient, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFlow(Clause):
    """The steps from detection to prevention."""

    chapter: ClassVar[Chapter] = Chapter.INCIDENT
    kind: ClassVar[str] = "incident-flow"

    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailurePattern(Clause):
    """A known failure, its cause and remedy."""

    chapter: ClassVar[Chapter] = Chapter.INCIDENT
    kind: ClassVar[str] = "failure-pattern"

    name: str
    cause: str
    remedies: tuple[str, ...]
