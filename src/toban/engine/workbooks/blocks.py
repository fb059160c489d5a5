"""From the cells of a sheet to texts and tables: blank rows and columns part them. Pure.

A sheet of narrow square columns (方眼紙) is a page, not a table of such columns: in it only blank rows part.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import attrgetter
from statistics import median

from toban.engine.workbooks.sheets import Sheet, SheetCell, SheetNote
from toban.message import Message
from toban.text import columns_of

_NARROW = 4.5
_GRID_COLUMNS = 8
_LONGEST_TITLE = 60
_REMARKS = ("※", "*", "＊")
_SENTENCES = ("。", ".", "！", "？", "：", ":")


@dataclass(frozen=True, slots=True)
class SheetText:
    """Text outside tables; `is_title` if a table below it is about that."""

    text: str
    is_title: bool = False


@dataclass(frozen=True, slots=True)
class SheetTable:
    """A table; all rows have as many cells as the header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


SheetBlock = SheetText | SheetTable


def blocks_of(sheet: Sheet) -> tuple[tuple[SheetBlock, ...], tuple[SheetNote, ...]]:
    """Return the blocks of *sheet* in the order in which they are read, and what is merged in its tables."""
    is_grid = _is_grid_paper(sheet)
    blocks: list[SheetBlock] = []
    notes: list[SheetNote] = []
    for region in _regions(sheet.cells, is_grid=is_grid):
        for block in _blocks(region, is_grid=is_grid):
            if isinstance(block, _Layout):
                blocks.append(block.table())
                notes.extend(block.notes(sheet.title))
            else:
                blocks.append(block)
    return tuple(_titled(blocks)), tuple(notes)


def _is_grid_paper(sheet: Sheet) -> bool:
    last = max((cell.right for cell in sheet.cells), default=0)
    widths = [sheet.widths.get(column, sheet.usual_width) for column in range(1, last + 1)]
    return len(widths) >= _GRID_COLUMNS and median(widths) <= _NARROW


def _titled(blocks: Sequence[SheetBlock]) -> Iterator[SheetBlock]:
    """Yield *blocks*; of the texts right above a table, the last one that could be its title is that."""
    titles: set[int] = set()
    candidate: int | None = None
    for number, block in enumerate(blocks):
        if isinstance(block, SheetTable):
            titles.update(() if candidate is None else (candidate,))
            candidate = None
        elif _could_be_title(block.text):
            candidate = number
    for number, block in enumerate(blocks):
        if number in titles and isinstance(block, SheetText):
            yield SheetText(block.text, is_title=True)
        else:
            yield block


def _could_be_title(text: str) -> bool:
    is_short = "\n" not in text and columns_of(text) <= _LONGEST_TITLE
    return is_short and not text.startswith(_REMARKS) and not text.endswith(_SENTENCES)


def _regions(cells: Iterable[SheetCell], *, is_grid: bool) -> Iterator[list[SheetCell]]:
    for band in _cut(cells, "top", "bottom"):
        parts = [band] if is_grid else _cut(band, "left", "right")
        if len(parts) == 1:
            yield band
        else:
            for part in parts:
                yield from _regions(part, is_grid=is_grid)


def _cut(cells: Iterable[SheetCell], start: str, end: str) -> list[list[SheetCell]]:
    """Return *cells* parted where a row, or a column, lies blank between them."""
    first, last = attrgetter(start), attrgetter(end)
    parts: list[list[SheetCell]] = []
    reach = 0
    for cell in sorted(cells, key=lambda each: (first(each), each.top, each.left)):
        if not parts or first(cell) > reach + 1:
            parts.append([])
        parts[-1].append(cell)
        reach = max(reach, last(cell))
    return parts


def _blocks(region: Sequence[SheetCell], *, is_grid: bool) -> "Iterator[SheetText | _Layout]":
    rows = _rows(region)
    above = _rows_above(rows)
    if above:
        yield from (SheetText(row[0].text) for row in rows[:above])
        rest = [cell for row in rows[above:] for cell in row]
        for part in _regions(rest, is_grid=is_grid):
            yield from _blocks(part, is_grid=is_grid)
    elif len(rows) > 1 and any(len(row) > 1 for row in rows):
        yield _Layout(rows, is_grid=is_grid)
    else:
        yield from (SheetText(" ".join(cell.text for cell in row)) for row in rows)


def _rows(cells: Iterable[SheetCell]) -> list[list[SheetCell]]:
    rows: defaultdict[int, list[SheetCell]] = defaultdict(list)
    for cell in sorted(cells, key=lambda each: (each.top, each.left)):
        rows[cell.top].append(cell)
    return list(rows.values())


def _rows_above(rows: Sequence[Sequence[SheetCell]]) -> int:
    """Return how many of the first rows are titles and remarks above a table that begins below them."""
    last = max((number for number, row in enumerate(rows) if len(row) > 1), default=0)
    leftmost = [*accumulate((row[0].left for row in reversed(rows)), min)][::-1]
    count = 0
    while count < last and _is_above(rows[count], rows[count + 1], leftmost[count + 1]):
        count += 1
    return count


def _is_above(row: Sequence[SheetCell], following: Sequence[SheetCell], leftmost: int) -> bool:
    first = row[0]
    # Farther right it is the upper half of a heading; beside the next rows it is what they have in common.
    return len(row) == 1 and first.left <= leftmost and first.bottom < following[0].top


class _Layout:
    """The cells of a table in its rows and columns."""

    def __init__(self, rows: Sequence[Sequence[SheetCell]], *, is_grid: bool) -> None:
        self._rows = rows
        self._tops = [row[0].top for row in rows]
        self._columns = (
            _grid_columns(rows) if is_grid else sorted({cell.left for row in rows for cell in row})
        )
        self._depth = self._header_depth()

    def table(self) -> SheetTable:
        """Return the table; a merged cell stands in each of its rows, and in the header in each column."""
        grid = [[""] * len(self._columns) for _ in self._rows]
        for number, row in enumerate(self._rows):
            for cell in row:
                columns = self._columns_of(cell)
                for at in self._rows_of(cell):
                    for column in columns if number < self._depth else columns[:1]:
                        grid[at][column] = " ".join(filter(None, (grid[at][column], cell.text)))
        header = (
            " ".join(dict.fromkeys(filter(None, parts))) for parts in zip(*grid[: self._depth], strict=True)
        )
        return SheetTable(tuple(header), tuple(map(tuple, grid[self._depth :])))

    def notes(self, sheet: str) -> Iterator[SheetNote]:
        """Yield a note on each cell that is merged over several rows or columns of the table."""
        for number, row in enumerate(self._rows):
            for cell in row:
                is_wide = len(self._columns_of(cell)) > 1
                if is_wide and number >= self._depth:
                    why = Message("workbooks.merged-first-column")
                elif is_wide or len(self._rows_of(cell)) > 1:
                    why = Message("workbooks.merged-repeated")
                else:
                    continue
                yield SheetNote(sheet, cell.place, why, cell.text, is_carried=True)

    def _columns_of(self, cell: SheetCell) -> range:
        return range(bisect_right(self._columns, cell.left) - 1, bisect_right(self._columns, cell.right))

    def _rows_of(self, cell: SheetCell) -> range:
        return range(bisect_left(self._tops, cell.top), bisect_right(self._tops, cell.bottom))

    def _header_depth(self) -> int:
        depth = 1
        while depth < len(self._rows) - 1 and self._goes_on(depth):
            depth += 1
        return depth

    def _goes_on(self, depth: int) -> bool:
        """Say whether the row at *depth* only parts what is merged in the row above it."""
        upper = {column: cell for cell in self._rows[depth - 1] for column in self._columns_of(cell)}
        lower = {column for cell in self._rows[depth] for column in self._columns_of(cell)}
        parted = {column for column, cell in upper.items() if len(self._columns_of(cell)) > 1}
        return bool(parted & lower) and not (lower & upper.keys()) - parted


def _grid_columns(rows: Sequence[Sequence[SheetCell]]) -> list[int]:
    """Return where columns begin: as in the first row, unless a row has two cells below one of its cells."""
    starts = sorted({min(cell.left for row in rows for cell in row), *(cell.left for cell in rows[0])})
    for row in rows[1:]:
        seen: set[int] = set()
        for cell in row:
            own = max(start for start in starts if start <= cell.left)
            if own in seen:
                starts = sorted({*starts, cell.left})
            seen.add(own)
    return starts
