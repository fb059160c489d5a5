"""A document as the page shows it: its own blocks in order, with a place for each row's status. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from toban.design.clauses.base import Clause
from toban.design.markdown import (
    Block,
    BulletList,
    CodeBlock,
    Heading,
    ListItem,
    MarkdownTable,
    NumberedList,
    TableRow,
)
from toban.design.reader import Design, Remainder
from toban.design.reading.grounds import declared_at
from toban.message import Message


@dataclass(frozen=True, slots=True)
class OutlineLine:
    """A table row, a list entry or a whole block, and what Toban made of it."""

    number: int
    cells: tuple[str, ...]
    depth: int = 0
    checked: bool | None = None
    clauses: tuple[Clause, ...] = ()
    unread: tuple[Remainder, ...] = ()
    not_in_force: tuple[Remainder, ...] = ()
    prose: tuple[Remainder, ...] = ()
    declared: tuple[Message, ...] = ()
    """Where its owner has declared what it is."""

    @property
    def is_silent(self) -> bool:
        """Whether it orders nothing, and does not look as if it did."""
        return not (self.clauses or self.unread or self.not_in_force)


@dataclass(frozen=True, slots=True)
class OutlinePart:
    """One block of the document."""

    kind: str
    """heading, paragraph, table, list, numbers or code."""
    number: int
    """The line it is on."""
    text: str = ""
    level: int = 0
    header: tuple[str, ...] = ()
    lines: tuple[OutlineLine, ...] = ()
    whole: OutlineLine | None = None
    """What was made of the block as a whole: a procedure, a command, a paragraph."""

    @property
    def has_verdicts(self) -> bool:
        """Whether any of its lines holds a clause or an unread row."""
        return any(not line.is_silent for line in self.lines)

    @property
    def kinds(self) -> set[type[Clause]]:
        """The kinds of clauses in its lines."""
        return {type(clause) for line in self.lines for clause in line.clauses}


@dataclass(frozen=True, slots=True)
class OutlineHeading:
    """A line of the contents: a heading of the document, and what is below it."""

    anchor: str
    title: str
    clauses: tuple[str, ...]
    """Ids of the clauses below it, up to the next entry."""
    unread: int


@dataclass(frozen=True, slots=True)
class Outline:
    """The whole page's structure."""

    parts: tuple[OutlinePart, ...]
    entries: tuple[OutlineHeading, ...]
    clauses: dict[str, Clause] = field(hash=False)


def outline(design: Design) -> Outline:
    """Return the structure of *design*; every clause and every unread row has exactly one place in it."""
    known = _LineOutcomes(design)
    ends = [block.line for block in design.blocks[1:]] + [_beyond(design)]
    parts = tuple(
        _part(block, end, known, is_first=index == 0)
        for index, (block, end) in enumerate(zip(design.blocks, ends, strict=True))
    )
    return Outline(parts, tuple(_entries(parts)), {clause.id: clause for clause in design.clauses})


class _LineOutcomes:
    """What became of each line; everything is handed out once."""

    def __init__(self, design: Design) -> None:
        self._clauses: dict[int, list[Clause]] = defaultdict(list)
        for clause in design.clauses:
            self._clauses[clause.origin.line].append(clause)
        self._unread = _by_line(design.unread)
        self._not_in_force = _by_line(design.not_in_force)
        self._prose = _by_line(design.aside)
        self._declared = {
            line: [declared_at(grounds.declared, design.document)]
            for line, grounds in design.grounds.items()
            if grounds.declared is not None
        }

    def take(self, line: OutlineLine, first: int, end: int) -> OutlineLine:
        """Return *line* with everything on the lines from *first* up to *end*."""
        lines = range(first, max(end, first + 1))
        return replace(
            line,
            clauses=line.clauses + _taken(self._clauses, lines),
            unread=line.unread + _taken(self._unread, lines),
            not_in_force=line.not_in_force + _taken(self._not_in_force, lines),
            prose=line.prose + _taken(self._prose, lines),
            declared=line.declared + _taken(self._declared, lines),
        )


def _by_line(parts: Iterable[Remainder]) -> dict[int, list[Remainder]]:
    found: dict[int, list[Remainder]] = defaultdict(list)
    for part in parts:
        found[part.line].append(part)
    return found


def _taken[T](found: dict[int, list[T]], lines: Iterable[int]) -> tuple[T, ...]:
    return tuple(each for line in lines for each in found.pop(line, ()))


def _beyond(design: Design) -> int:
    parts = (*design.unread, *design.not_in_force, *design.aside)
    numbers = [0, *(clause.origin.line for clause in design.clauses), *(part.line for part in parts)]
    return max(*numbers, design.blocks[-1].line if design.blocks else 0) + 1


def _part(block: Block, end: int, known: _LineOutcomes, *, is_first: bool) -> OutlinePart:
    start = 1 if is_first else block.line
    match block:
        case MarkdownTable():
            lines = tuple(_row(row, known) for row in block.rows)
            return OutlinePart(
                "table", block.line, header=block.header, lines=lines, whole=_rest(start, end, known)
            )
        case BulletList() | NumberedList():
            return _list(block, start, end, known)
        case Heading():
            return OutlinePart(
                "heading", block.line, text=block.text, level=block.level, whole=_rest(start, end, known)
            )
        case CodeBlock():
            return OutlinePart("code", block.line, text=block.text, whole=_rest(start, end, known))
        case _:
            return OutlinePart("paragraph", block.line, text=block.text, whole=_rest(start, end, known))


def _row(row: TableRow, known: _LineOutcomes) -> OutlineLine:
    return known.take(OutlineLine(row.line, row.cells), row.line, row.line + 1)


def _list(block: BulletList | NumberedList, start: int, end: int, known: _LineOutcomes) -> OutlinePart:
    if isinstance(block, BulletList):
        lines = tuple(_item_line(item, known) for item in block.items)
        return OutlinePart("list", block.line, lines=lines, whole=_rest(start, end, known))
    # A procedure is one clause, on the line of its first step: it belongs to the whole.
    whole = known.take(OutlineLine(block.line, ()), block.line, block.line + 1)
    steps = tuple(_item_line(item, known) for item in block.items)
    whole = known.take(whole, start, end)
    return OutlinePart("numbers", block.line, lines=steps, whole=None if whole.is_silent else whole)


def _item_line(item: ListItem, known: _LineOutcomes) -> OutlineLine:
    line = OutlineLine(item.line, (item.text,), item.depth, item.checked)
    return known.take(line, item.line, item.line + 1)


def _rest(start: int, end: int, known: _LineOutcomes) -> OutlineLine | None:
    line = known.take(OutlineLine(start, ()), start, end)
    return None if line.is_silent and not line.prose else line


def _entries(parts: Sequence[OutlinePart]) -> Iterator[OutlineHeading]:
    """Yield one entry for each chapter: the headings of the level that divides most of the document."""
    level = _chapter_level(parts)
    opened: OutlinePart | None = None
    below: list[OutlinePart] = []
    for part in parts:
        if part.kind == "heading" and part.level <= level:
            yield from _entry(opened, below)
            opened, below = part, []
        else:
            below.append(part)
    yield from _entry(opened, below)


def _chapter_level(parts: Sequence[OutlinePart]) -> int:
    levels = [part.level for part in parts if part.kind == "heading"]
    shared = [level for level in sorted(set(levels)) if levels.count(level) > 1]
    return shared[0] if shared else min(levels, default=1)


def _entry(opened: OutlinePart | None, below: Sequence[OutlinePart]) -> Iterator[OutlineHeading]:
    lines = [line for part in below for line in (*part.lines, *((part.whole,) if part.whole else ()))]
    clauses = tuple(clause.id for line in lines for clause in line.clauses)
    unread = sum(len(line.unread) for line in lines)
    if opened is not None:
        yield OutlineHeading(f"line-{opened.number}", opened.text, clauses, unread)
    elif clauses or unread:
        yield OutlineHeading("document", "", clauses, unread)
