"""What became of one row, entry or block."""

from dataclasses import dataclass
from enum import Enum, auto

from toban.design.clauses.base import Clause
from toban.design.reading.grounds import Grounds
from toban.design.shapes.shape import Built
from toban.message import NOTHING, Message


class RowFate(Enum):
    """The fate of a row: every row has exactly one, and none is dropped."""

    READ = auto()
    UNREAD = auto()
    NOT_IN_FORCE = auto()
    """A row that its author does not mean to hold now: a plan, an example, a blank still to be filled in."""
    ASIDE = auto()
    """Not an operations row: a revision history, a glossary, a link, a step or sentence without a rule."""


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """A row of the document, with its clauses or the reason it has none."""

    line: int
    text: str
    fate: RowFate
    clauses: tuple[Clause, ...] = ()
    reason: Message = NOTHING
    grounds: Grounds | None = None
    """Why it was read as it was, or is of a kind although it was not read; None for anything else."""
    left: Message = NOTHING
    """The piece of a read row that nothing has read: the row is unread with it once its kind is settled."""


def read(
    line: int, text: str, built: Built, grounds: Grounds | None = None, left: Message = NOTHING
) -> RowOutcome:
    clauses = built if isinstance(built, tuple) else (built,)
    return RowOutcome(line, text, RowFate.READ, clauses, grounds=grounds, left=left)


def unread(line: int, text: str, reason: Message, grounds: Grounds | None = None) -> RowOutcome:
    return RowOutcome(line, text, RowFate.UNREAD, reason=reason, grounds=grounds)


def not_in_force(line: int, text: str, reason: Message) -> RowOutcome:
    return RowOutcome(line, text, RowFate.NOT_IN_FORCE, reason=reason)


def aside(line: int, text: str, reason: Message) -> RowOutcome:
    return RowOutcome(line, text, RowFate.ASIDE, reason=reason)
