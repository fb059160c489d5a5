"""A workbook as Markdown: a chapter for each sheet, and a list of what does not stand there. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from toban.engine.workbooks.blocks import SheetBlock, SheetTable, SheetText, blocks_of
from toban.engine.workbooks.sheets import SheetBook, SheetNote
from toban.text import printable

_MARKS = re.compile(r"[\\`*~|]|(?<![^\W_])_|_(?![^\W_])")
_LINK = re.compile(r"\](?=[(:\[])")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_BEGINS_BLOCK = re.compile(r"^(?:\d{1,9}(?=[.)](?:\s|$))|(?=[#>+=-]))")
_CLOSES_HEADING = re.compile(r"(?=#+$)")


@dataclass(frozen=True, slots=True)
class WrittenBook:
    """The Markdown of a workbook, and what is not in it or stands there otherwise."""

    markdown: str
    notes: tuple[SheetNote, ...]

    @property
    def left(self) -> tuple[SheetNote, ...]:
        """What is not in the Markdown."""
        return tuple(note for note in self.notes if not note.is_carried)

    @property
    def altered(self) -> tuple[SheetNote, ...]:
        """What is in the Markdown, but not as in the sheet."""
        return tuple(note for note in self.notes if note.is_carried)


def written(book: SheetBook) -> WrittenBook:
    """Return *book* as Markdown: the same for the same book."""
    parts = [f"# {_in_heading(book.title)}"]
    notes = list(book.notes)
    for sheet in book.sheets:
        if not sheet.cells:
            continue
        blocks, merged = blocks_of(sheet)
        notes.extend(merged)
        parts.append(f"## {_in_heading(sheet.title)}")
        parts.extend(map(_written, blocks))
    return WrittenBook("\n\n".join(parts) + "\n", tuple(notes))


def _written(block: SheetBlock) -> str:
    match block:
        case SheetText(text, is_title=True):
            return f"### {_in_heading(text)}"
        case SheetText(text):
            return _BEGINS_BLOCK.sub(r"\g<0>\\", in_cell(text))
        case SheetTable(header, rows):
            return "\n".join(_lines(header, rows))


def _lines(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield _row(header)
    yield f"|{'---|' * len(header)}"
    yield from map(_row, rows)


def _row(cells: Sequence[str]) -> str:
    return "".join(f"| {in_cell(cell)} " for cell in cells) + "|"


def _in_heading(text: str) -> str:
    return _CLOSES_HEADING.sub(r"\\", in_cell(" ".join(text.split())), count=1)


def in_cell(text: str) -> str:
    """Return *text* as one line of Markdown that shows it unchanged, and can be read before that."""
    return "<br>".join(map(_escaped, text.splitlines()))


def _escaped(line: str) -> str:
    plain = _MARKS.sub(r"\\\g<0>", printable(" ".join(line.split())))
    if _LINK.search(plain):
        plain = plain.replace("[", "\\[")
    return _TAG.sub("&lt;", _ENTITY.sub("&amp;", plain))
