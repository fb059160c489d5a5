"""Chapter 13, 重要な設計判断: assertions that the rest of the document must keep."""

import re
from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.shapes.shape import ChapterShapes, EntryShape, PlacedEntry, words
from toban.design.values.duration import Duration, read_duration, read_within


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Clause):
    """A decision and the time it promises, if any."""

    chapter: ClassVar[Chapter] = Chapter.DECISIONS
    kind: ClassVar[str] = "decision"

    name: str
    content: str
    area: str
    """The heading above it (監視戦略)."""
    promised: Duration | None


_DURATION = re.compile(r"\d+(?:\.\d+)?\s*(?:ミリ秒|秒|分|時間|営業日|日|週間|ヶ月|か月|年)(?:以内)?")


def _decision(entry: PlacedEntry) -> Decision:
    return Decision(
        **entry.stamp(Decision, entry.section.title, entry.key or entry.sentence),
        name=entry.key or entry.sentence,
        content=entry.value if entry.key else "",
        area=entry.section.title,
        promised=_promised(entry.key) or _promised(entry.value),
    )


def _promised(text: str) -> Duration | None:
    """Return the time that a decision promises: RPO 1時間, 1分以内に検知."""
    found = _DURATION.search(text)
    promised = (read_within(found.group()) or read_duration(found.group())) if found else None
    # Detection runs around the clock: no promise of it is in business days.
    return None if promised is None or promised.is_business else promised


SHAPES = ChapterShapes(
    entries=(
        EntryShape(
            Decision, _decision, headings=words("設計判断|設計上の判断|design decision"), within=1, telling=1
        ),
    )
)
