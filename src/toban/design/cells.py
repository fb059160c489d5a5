"""Cells of a document's tables, found and rewritten in its text: every other character stays. Pure."""

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from toban.design.markdown import MarkdownTable, parse
from toban.design.shapes.shape import roles_of

_ENDS = re.compile(r"(\r\n|\r|\n)")
_BAR = re.compile(r"(?<!\\)\|")


class NoSuchCell(Exception):
    """The line has no such cell, or the cell does not hold what was expected."""


@dataclass(frozen=True, slots=True)
class TableCell:
    """A cell as it is written."""

    line: int
    column: int
    """Counted from 0."""
    heading: str
    text: str
    """Without the blanks around it, with its marks."""


@dataclass(frozen=True, slots=True)
class CellChange:
    """What a cell is to hold instead."""

    cell: TableCell
    text: str


def cells_at(text: str, line: int, columns: Mapping[str, re.Pattern[str]]) -> Mapping[str, TableCell]:
    """Return the cells of the table row at *line*, by the roles that *columns* gives their headings.

    Empty if no table has a row there, or the row is cut short.
    """
    tables = (block for block in parse(text) if isinstance(block, MarkdownTable))
    header = next((each.header for each in tables if any(row.line == line for row in each.rows)), ())
    written = _lines(text)[line - 1] if header else ""
    found = [written[start:end] for start, end in _spans(written)]
    return {
        role: TableCell(line, column, header[column], found[column])
        for role, column in roles_of(header, columns).items()
        if column < len(found)
    }


def rewritten(text: str, changes: Iterable[CellChange]) -> str:
    """Return *text* with *changes*, in which a bar is escaped; raise `NoSuchCell` if one does not fit it."""
    parts = _ENDS.split(text)
    by_line: dict[int, list[CellChange]] = defaultdict(list)
    for each in changes:
        by_line[each.cell.line].append(each)
    for line, here in by_line.items():
        at = 2 * (line - 1)
        if at >= len(parts):
            raise NoSuchCell(f"line {line}")
        parts[at] = _with(parts[at], here)
    return "".join(parts)


def unified(before: str, after: str, document: str) -> str:
    """Return the change of the file *document* as a unified diff; empty if there is none."""
    lines = (_ended(before), _ended(after))
    return "".join(difflib.unified_diff(*lines, f"a/{document}", f"b/{document}"))


def _ended(text: str) -> list[str]:
    r"""Return the lines of *text*, each with an end, as a diff writes them: `\ No newline at end of file`."""
    lines = re.split(r"(?<=\n)", text)
    if lines[-1]:
        lines[-1] += "\n\\ No newline at end of file\n"
    return [each for each in lines if each]


def _lines(text: str) -> Sequence[str]:
    """Return the lines as Markdown counts them, without their ends."""
    return _ENDS.split(text)[::2]


def _with(written: str, changes: Sequence[CellChange]) -> str:
    spans = _spans(written)
    # From the right: what was rewritten moves only what comes after it.
    for each in sorted(changes, key=lambda each: -each.cell.column):
        cell = each.cell
        if cell.column >= len(spans) or written[slice(*spans[cell.column])] != cell.text:
            raise NoSuchCell(f"line {cell.line}: {cell.text}")
        start, end = spans[cell.column]
        written = written[:start] + _BAR.sub(r"\\|", each.text) + written[end:]
    return written


def _spans(written: str) -> Sequence[tuple[int, int]]:
    """Return where each cell's text starts and ends in a table row, without the blanks around it."""
    bars = [match.start() for match in _BAR.finditer(written)]
    if not bars:
        return []
    # The bars at both ends may be left out, in a quotation and in a list, too.
    before, after = written[: bars[0]], written[bars[-1] + 1 :]
    edges = [*([] if not before.strip(" \t>") else [_indent(before) - 1]), *bars]
    edges = [*edges, *([len(written)] if after.strip() else [])]
    return [_bare(written, start + 1, end) for start, end in pairwise(edges)]


def _indent(written: str) -> int:
    return len(written) - len(written.lstrip(" \t>"))


def _bare(written: str, start: int, end: int) -> tuple[int, int]:
    cell = written[start:end]
    if not cell.strip():
        # A blank cell keeps one blank before what is put into it.
        return (start + min(1, len(cell)), start + min(1, len(cell)))
    return start + len(cell) - len(cell.lstrip()), end - (len(cell) - len(cell.rstrip()))
