"""What an owner says a table, a list, a block or a section is: `<!-- toban: 監視 対象=項目 異常=危険 -->`.

See docs/adr/0038.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from toban.design.markdown import Comment
from toban.design.origin import Origin
from toban.message import Message

_MARK = re.compile(r"\s*toban\s*[:：]\s*(?P<body>.*)", re.IGNORECASE | re.DOTALL)
_PAIR = re.compile(r"(?P<role>[^\s=]+)\s*=\s*(?P<column>\"[^\"]*\"|.*?)(?=\s+[^\s=]+\s*=|\s*$)", re.DOTALL)
_LONGEST = 1000
"""Nobody writes a longer one; what is cut off names columns that are then missing."""


@dataclass(frozen=True, slots=True)
class ReadingDeclaration:
    """A kind, and which column is what, as written."""

    kind: str
    columns: tuple[tuple[str, str], ...]
    """What a column is, with its name: (対象, 項目)."""
    origin: Origin
    text: str
    """What findings quote."""


@dataclass(frozen=True, slots=True)
class DeclaredElsewhere:
    """A declaration that stands outside the document, and how to find what it is about.

    What is given must all match. Nothing of it is a line number: lines move with every edit above them.
    """

    declaration: ReadingDeclaration
    headings: tuple[str, ...] = ()
    """Headings above, outermost first, the last one directly; alone, all that is below it is meant."""
    header: tuple[str, ...] = ()
    """The names of a table's columns."""
    first: str = ""
    """The first entry of a list, or the first line of a block."""


class Flaw(Enum):
    """What can be wrong with a declaration; each is a lint rule of its own."""

    WORDS = auto()
    """It names a kind, or what a column is, in a word that is not known."""
    PLACE = auto()
    """What it is about, or a column, is not there."""
    VALUE = auto()
    """A row is not what it declares."""


@dataclass(frozen=True, slots=True)
class Misdeclared:
    """Something wrong with a declaration, and the way out."""

    flaw: Flaw
    origin: Origin
    quote: str
    message: Message
    hint: Message


def declarations(comments: Iterable[Comment], document: str) -> Iterator[ReadingDeclaration]:
    """Yield what those of *comments* declare that address Toban."""
    for comment in comments:
        mark = _MARK.fullmatch(comment.text)
        if mark is not None:
            origin = Origin(document, comment.line)
            yield declaration(mark["body"], origin, f"<!--{comment.text}-->")


def declaration(body: str, origin: Origin, text: str) -> ReadingDeclaration:
    """Return what *body* declares; *text* is quoted where it is wrong."""
    said = unicodedata.normalize("NFKC", body[:_LONGEST]).strip()
    first = _PAIR.search(said)
    kind = said[: first.start()] if first is not None else said
    pairs = ((each["role"], each["column"].strip('" ')) for each in _PAIR.finditer(said))
    return ReadingDeclaration(" ".join(kind.split()), tuple(pairs), origin, text)
