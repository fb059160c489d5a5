"""A workbook's file as values: what its reader sees, and notes about what is hidden, drawn or linked.

Nothing is calculated or fetched: formulas give the values that the spreadsheet program last stored.
"""

import re
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.datetime import from_excel

from toban.engine.workbooks.admission import admitted_content, damaged
from toban.engine.workbooks.drawings import notes_on_drawings
from toban.engine.workbooks.number_formats import BUILT_IN, shown
from toban.engine.workbooks.sheets import Sheet, SheetBook, SheetCell, SheetNote
from toban.message import NOTHING, Message
from toban.text import printable, visible

_MACROS = "xl/vbaProject.bin"
_EXTERNAL = "xl/externalLinks/externalLink"
_LAST_COLUMN = 16_384
_SPELT_OUT = re.compile(r"_x00(?P<code>[01][0-9A-F])_", re.IGNORECASE)
"""How the file writes a control character: `_x000D_` and a line feed end a line of a program for Windows."""


def read_workbook(path: Path) -> SheetBook:
    """Return what is in the file *path*; raise `UnreadableWorkbook`."""
    content = admitted_content(path)
    with warnings.catch_warnings():
        # They tell a programmer what would be lost on saving the file again.
        warnings.simplefilter("ignore")
        try:
            return _book(path.stem, content)
        except Exception as flaw:  # whatever a damaged file makes of its reader
            raise damaged(f"{type(flaw).__name__}: {flaw}") from flaw


def _book(title: str, content: bytes) -> SheetBook:
    reader = _loaded(content, with_formulas=True)
    book = reader.wb
    has_formulas = any(cell.data_type == "f" for sheet in book.worksheets for cell in _cells(sheet))
    values = _loaded(content, with_formulas=False).wb if has_formulas else book
    notes = [SheetNote(each.title, "", Message("workbooks.chart-sheet")) for each in book.chartsheets]
    part_of = {sheet.name: relation.target for sheet, relation in reader.parser.find_sheets()}
    sheets = []
    with ZipFile(BytesIO(content)) as archive:
        notes.extend(_notes_on_parts(archive.namelist()))
        for sheet, stored in zip(book.worksheets, values.worksheets, strict=True):
            read = _SheetReader(sheet, stored, book.epoch)
            sheets.append(read.sheet())
            notes.extend(read.notes)
            notes.extend(notes_on_drawings(archive, part_of.get(sheet.title, ""), sheet.title))
    return SheetBook(title, tuple(sheets), tuple(notes))


def _loaded(content: bytes, *, with_formulas: bool) -> Any:
    file = BytesIO(content)
    reader = ExcelReader(file, data_only=not with_formulas, rich_text=with_formulas, keep_links=False)
    reader.read()
    return reader


def _cells(sheet: Any) -> Iterator[Any]:
    """Return the cells that the file has, row by row."""
    # Its public methods would first make every cell between two that lie far apart.
    return (cell for _, cell in sorted(sheet._cells.items()))  # noqa: SLF001


def _notes_on_parts(parts: list[str]) -> Iterator[SheetNote]:
    if _MACROS in parts:
        yield SheetNote("", "", Message("workbooks.macros"))
    links = sum(name.startswith(_EXTERNAL) and name.endswith(".xml") for name in parts)
    if links:
        yield SheetNote("", "", Message("workbooks.external-links", count=links), is_carried=True)


class _SheetReader:
    """Reads one sheet, and notes what of it is not carried."""

    def __init__(self, sheet: Any, stored: Any, epoch: Any) -> None:
        self.notes: list[SheetNote] = []
        self._sheet = sheet
        self._stored = stored
        self._epoch = epoch
        self._is_hidden = sheet.sheet_state != "visible"
        self._rows = sorted(n for n, row in sheet.row_dimensions.items() if row.hidden or row.height == 0)
        self._width_of = self._widths()
        self._columns = sorted(n for n, width in self._width_of.items() if width == 0)

    def sheet(self) -> Sheet:
        """Return what is to be seen of it."""
        merged = {(each.min_row, each.min_col): each for each in self._sheet.merged_cells.ranges}
        found = []
        for cell in _cells(self._sheet):
            noted = len(self.notes)
            self._note_what_hangs_on(cell)
            text = self._text(cell)
            if not text:
                continue
            seen = self._seen(cell, text, merged.get((cell.row, cell.column)))
            if seen is not None:
                found.append(seen)
            else:
                # What is hidden is not carried over at all, and so not otherwise than in the sheet.
                self.notes[noted:] = [note for note in self.notes[noted:] if not note.is_carried]
        widths = {n - bisect_left(self._columns, n): width for n, width in self._width_of.items() if width}
        usual = self._sheet.sheet_format.defaultColWidth or 8.43
        return Sheet(self._sheet.title, tuple(found), widths, usual)

    def _widths(self) -> dict[int, float]:
        """Return the width of each column that has one of its own; 0 if it is hidden."""
        groups = [
            (range(each.min or 1, (each.max or 0) + 1), 0.0 if each.hidden else each.width)
            for each in self._sheet.column_dimensions.values()
        ]
        if sum(len(columns) for columns, _ in groups) > _LAST_COLUMN:
            raise ValueError("columns overlap")
        return {column: width for columns, width in groups for column in columns}

    def _seen(self, cell: Any, text: str, merged: Any) -> SheetCell | None:
        """Return *cell* with the place at which it is seen; None if it is hidden."""
        bottom, right = (merged.max_row, merged.max_col) if merged else (cell.row, cell.column)
        rows = [cell.row - bisect_left(self._rows, cell.row), bottom - bisect_right(self._rows, bottom)]
        columns = [
            cell.column - bisect_left(self._columns, cell.column),
            right - bisect_right(self._columns, right),
        ]
        place = merged.coord if merged else cell.coordinate
        for is_hidden, why in (
            (self._is_hidden, Message("workbooks.hidden-sheet")),
            (rows[0] > rows[1], Message("workbooks.hidden-row")),
            (columns[0] > columns[1], Message("workbooks.hidden-column")),
        ):
            if is_hidden:
                self._note(place, why, text)
                return None
        return SheetCell(text, place, rows[0], columns[0], rows[1], columns[1])

    def _text(self, cell: Any) -> str:
        """Return what *cell* shows, and note what it does not show."""
        value = cell.value
        if cell.data_type == "f":
            stored = self._stored[cell.coordinate]
            value = stored.value
            if value is None:
                formula = getattr(cell.value, "text", cell.value)
                self._note(cell.coordinate, Message("workbooks.formula-without-value"), str(formula))
                return ""
            is_flawed = stored.data_type == "e"
        else:
            is_flawed = cell.data_type == "e"
        if value is None:
            return ""
        if is_flawed:
            self._note(cell.coordinate, Message("workbooks.error-value"), str(value))
            return ""
        return self._in_force(cell, value)

    def _in_force(self, cell: Any, value: object) -> str:
        """Return the text without what is struck through, which its author no longer means."""
        if isinstance(value, CellRichText):
            kept, struck = _parted(value, is_struck=bool(cell.font.strike))
        elif cell.font.strike:
            kept, struck = "", self._shown(cell, value)
        else:
            kept, struck = self._shown(cell, value), ""
        kept = _unescaped(kept)
        if struck:
            self._note(cell.coordinate, Message("workbooks.struck-through"), struck)
        words = " ".join(kept.split())
        if printable(words) != words:
            self._note(cell.coordinate, Message("workbooks.not-printable"), visible(words))
        return kept

    def _shown(self, cell: Any, value: object) -> str:
        code = cell.number_format
        # Formats of Japanese Excel that the file names by number only.
        by_number = BUILT_IN.get(cell._style.numFmtId) if code == "General" else None  # noqa: SLF001
        if by_number is not None and isinstance(value, int | float) and not isinstance(value, bool):
            code, value = by_number, from_excel(value, self._epoch)
        said = shown(value, code)
        if said.why is not NOTHING:
            self._note(cell.coordinate, said.why, said.text, is_carried=bool(said.text))
        return said.text

    def _note_what_hangs_on(self, cell: Any) -> None:
        if cell.hyperlink is not None and (cell.hyperlink.target or cell.hyperlink.location):
            address = cell.hyperlink.target or cell.hyperlink.location
            self._note(cell.coordinate, Message("workbooks.link"), address)
        if cell.comment is not None:
            self._note(cell.coordinate, Message("workbooks.comment"), cell.comment.text)

    def _note(self, place: str, why: Message, text: str, *, is_carried: bool = False) -> None:
        self.notes.append(SheetNote(self._sheet.title, place, why, _unescaped(text), is_carried=is_carried))


def _unescaped(text: str) -> str:
    """Return *text* with its control characters, and with the ends of its lines as Python has them."""
    return "\n".join(_SPELT_OUT.sub(lambda found: chr(int(found["code"], 16)), text).splitlines()).strip()


def _parted(value: CellRichText, *, is_struck: bool) -> tuple[str, str]:
    """Return the text that stands, and the text that is struck through, as the cell itself is or is not."""
    kept: list[str] = []
    struck: list[str] = []
    for part in value:
        # A part without a font of its own has that of its cell.
        is_out = bool(part.font.strike) if isinstance(part, TextBlock) else is_struck
        (struck if is_out else kept).append(str(part))
    return "".join(kept).strip(), "".join(struck).strip()
