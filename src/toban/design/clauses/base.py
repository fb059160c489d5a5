"""What every clause has: an identity that survives edits, a place in the document, and its own words."""

from dataclasses import dataclass
from typing import ClassVar

from toban.design.assumption import Assumption
from toban.design.chapter import Chapter
from toban.design.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One row, bullet, list or code block of the document, typed.

    `id` is `chapter/kind/row-key`. It stays the same as long as the row's key cells do, wherever the row
    moves in the file and whatever else changes, so that history follows it. Rows with the same key get `~2`,
    `~3` … in document order (and a finding).
    """

    chapter: ClassVar[Chapter]
    kind: ClassVar[str]

    id: str
    origin: Origin
    text: str
    """The row as written: its cells joined by ` | `, a bullet's text, a block's lines."""
    assumptions: tuple[Assumption, ...] = ()
    """What the document left open and how it was interpreted."""

    @property
    def person(self) -> str:
        """The person who does it, in the document's words; empty if the row names nobody."""
        return ""
