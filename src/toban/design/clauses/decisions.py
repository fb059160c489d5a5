"""Chapter 13, 重要な設計判断: assertions the rest of the document must live up to."""

from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.values.duration import Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Clause):
    """A decision and, where it promises a time, that time."""

    chapter: ClassVar[Chapter] = Chapter.DECISIONS
    kind: ClassVar[str] = "decision"

    name: str
    content: str
    area: str
    """The heading it stands under (監視戦略)."""
    promised: Duration | None
