"""Chapter 3, ログ管理: kinds of log, format, levels."""

from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.values.duration import Retention


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKind(Clause):
    """A kind of log, where it goes and how long it is kept."""

    chapter: ClassVar[Chapter] = Chapter.LOGS
    kind: ClassVar[str] = "log-kind"

    name: str
    content: str
    destination: str
    retention: Retention | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFormat(Clause):
    """An example log record."""

    chapter: ClassVar[Chapter] = Chapter.LOGS
    kind: ClassVar[str] = "log-format"

    language: str
    fields: tuple[str, ...]
    """Field names, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLevel(Clause):
    """A level and whether production writes it."""

    chapter: ClassVar[Chapter] = Chapter.LOGS
    kind: ClassVar[str] = "log-level"

    name: str
    purpose: str
    in_production: bool | None
