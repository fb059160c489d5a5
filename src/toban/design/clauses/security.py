"""Chapter 8, セキュリティ運用: routines, access rules, audit review."""

from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.values.duration import Duration
from toban.design.values.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityRoutine(Clause):
    """A recurring security task."""

    chapter: ClassVar[Chapter] = Chapter.SECURITY
    kind: ClassVar[str] = "security-routine"

    name: str
    schedule: Schedule
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReview(Clause):
    """How often access rights are reviewed."""

    chapter: ClassVar[Chapter] = Chapter.SECURITY
    kind: ClassVar[str] = "access-review"

    schedule: Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRemoval(Clause):
    """How soon a leaver's account is gone."""

    chapter: ClassVar[Chapter] = Chapter.SECURITY
    kind: ClassVar[str] = "account-removal"

    timing: str
    within: Duration | None
    """None: the same day (即日)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaRule(Clause):
    """Where a second factor is required."""

    chapter: ClassVar[Chapter] = Chapter.SECURITY
    kind: ClassVar[str] = "mfa-rule"

    scope: str
    is_required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy(Clause):
    """Rules for passwords."""

    chapter: ClassVar[Chapter] = Chapter.SECURITY
    kind: ClassVar[str] = "password-policy"

    min_length: int | None
    classes: tuple[str, ...]
    """Of `letters`, `digits`, `symbols`, `upper`, `lower`."""
    expires_after: Duration | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReview(Clause):
    """What is looked for in audit logs, and how often."""

    chapter: ClassVar[Chapter] = Chapter.SECURITY
    kind: ClassVar[str] = "audit-review"

    content: str
    schedule: Schedule | None
