"""What became of one row, entry or block."""

from dataclasses import dataclass
from enum import Enum, auto

from toban.design.clauses.base import Clause
from toban.design.shapes.shape import Built
from toban.message import NOTHING, Message


class RowFate(Enum):
    """The fate of a row: every row has exactly one, and none is dropped."""

    READ = auto()
    UNREAD = auto()
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


def read(line: int, text: str, built: Built) -> RowOutcome:
    return RowOutcome(line, text, RowFate.READ, built if isinstance(built, tuple) else (built,))


def unread(line: int, text: str, reason: Message) -> RowOutcome:
    return RowOutcome(line, text, RowFate.UNREAD, reason=reason)


def aside(line: int, text: str, reason: Message) -> RowOutcome:
    return RowOutcome(line, text, RowFate.ASIDE, reason=reason)
