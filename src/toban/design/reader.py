"""A document's text to its clauses: what Toban understood, and what it did not, with the reason."""

from dataclasses import dataclass

from toban.design.clauses.base import Clause
from toban.design.markdown import Block


class UnreadableDocument(Exception):
    """The document as a whole can't be read; the message says why and `hint` the way out."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Unread:
    """A row, bullet or block that was not understood."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Design:
    """A document as read: its clauses in document order, what stayed unread, its blocks for the page."""

    document: str
    """The file name as the user gave it; origins cite it."""
    digest: str
    """SHA-256 of the text, in hex: the document version that evidence refers to."""
    blocks: tuple[Block, ...]
    clauses: tuple[Clause, ...]
    unread: tuple[Unread, ...]

    def of[C: Clause](self, kind: type[C]) -> tuple[C, ...]:
        """Return the clauses of one type, in document order."""
        return tuple(clause for clause in self.clauses if isinstance(clause, kind))
