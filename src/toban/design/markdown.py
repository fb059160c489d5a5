"""Markdown text to blocks, each with the lines it stands on.

The blocks keep the document's order, so that a page can show the document as its author wrote it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; `level` 1 to 6."""

    level: int
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Row:
    """A table row: one plain-text cell for each column of its table, `<br>` as a newline."""

    cells: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `line` is that of its header."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list; `depth` 0 is the outermost."""

    text: str
    line: int
    depth: int = 0


@dataclass(frozen=True, slots=True)
class BulletList:
    """A bulleted list, nested entries in line order."""

    items: tuple[Item, ...]
    line: int


@dataclass(frozen=True, slots=True)
class NumberedList:
    """A numbered list, nested entries in line order."""

    items: tuple[Item, ...]
    line: int


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced or indented block; `language` is the fence's first word; `line` is that of the fence."""

    language: str
    text: str
    line: int


Block = Heading | Paragraph | Table | BulletList | NumberedList | CodeBlock
