"""What a workbook holds: the cells that its reader sees, and notes about everything else. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from toban.message import Message


@dataclass(frozen=True, slots=True)
class SheetNote:
    """Something that does not stand in the Markdown, or stands there otherwise than in the sheet."""

    sheet: str
    place: str
    """The cells as the sheet names them: `B3`, `B3:D4`; empty for the sheet or workbook as a whole."""
    why: Message
    text: str = ""
    """What stood there."""
    is_carried: bool = False
    """Whether all of it is in the Markdown all the same."""


@dataclass(frozen=True, slots=True)
class SheetCell:
    """A cell with text, or several merged into one; rows and columns count only those that are shown."""

    text: str
    place: str
    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as its reader sees it."""

    title: str
    cells: tuple[SheetCell, ...]
    widths: Mapping[int, float] = field(default_factory=dict)
    """How many letters fit into each column with a width of its own."""
    usual_width: float = 8.43


@dataclass(frozen=True, slots=True)
class SheetBook:
    """A workbook: its sheets in order, and what was noted on reading it."""

    title: str
    sheets: tuple[Sheet, ...]
    notes: tuple[SheetNote, ...]
