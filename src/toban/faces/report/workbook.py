"""The monthly report as a workbook: every figure is a live formula over the raw rows, a sheet for each table.

The same report always gives the same bytes.
"""

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_range_abs

from toban.engine.reports.monthly import MonthlyReport
from toban.engine.reports.section import FigureUnit, RawTable, ReportFigure
from toban.faces.report.written import WrittenFigure, WrittenMonthly, written
from toban.message import Message, Value

_FORMATS = {
    FigureUnit.COUNT: "#,##0",
    # As many digits as a target is compared by: 99.9996 is not 100.
    FigureUnit.PERCENT: '0.000000"%"',
    FigureUnit.USE: '0.000000"%"',
    FigureUnit.SECONDS: '#,##0.0" s"',
    FigureUnit.MILLISECONDS: '#,##0.0" ms"',
    FigureUnit.BYTES: '#,##0" B"',
    FigureUnit.RATE: "0.00",
}
_NOT_KNOWN = "—"
_FIRST = 2
"""The raw rows begin below the keys and the titles of their columns."""
_LONGEST_TEXT, _LONGEST_NAME = 32_767, 31
"""A spreadsheet's own limits: of a cell, and of a sheet's name."""
_WIDTHS = (44, 16, 24, 16, 10, 28, 14, 60, 44)


def workbook(report: MonthlyReport, language: str) -> bytes:
    """Return the report as .xlsx."""
    out = BytesIO()
    # What people wrote stays text, even if it begins like a formula or a link.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, options)
    said = written(report, language)
    book.set_properties(
        {"title": said.title, "comments": said.footer, "created": report.month.known_at.replace(tzinfo=None)}
    )
    _Workbook(book, report, said, language).fill()
    book.close()
    return out.getvalue()


class _Workbook:
    """A workbook being filled: the report first, then the raw rows."""

    def __init__(self, book: Any, report: MonthlyReport, said: WrittenMonthly, language: str) -> None:
        self._book, self._report, self._said, self._language = book, report, said, language
        self._bold = book.add_format({"bold": True})
        self._wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self._moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._numbers = {unit: book.add_format({"num_format": text}) for unit, text in _FORMATS.items()}

    def fill(self) -> None:
        """Write all sheets."""
        self._front()
        for table in self._report.tables.values():
            self._rows(table)

    def _front(self) -> None:
        sheet = self._book.add_worksheet(self._said.month)
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width)
        sheet.write_string(0, 0, self._said.title, self._bold)
        row = 2
        for label, value in self._said.head:
            sheet.write_string(row, 0, label)
            sheet.write_string(row, 1, value)
            row += 1
        for box in self._said.boxes:
            sheet.write_string(row, 0, box.title)
            sheet.write_string(row, 1, f"{box.by} {box.at}".strip())
            row += 1
        for note in self._said.notes:
            sheet.write_string(row, 0, f"▲ {note}")
            row += 1
        row = self._differences(sheet, row)
        for number, (raw, section) in enumerate(
            zip(self._report.sections, self._said.sections, strict=True), 1
        ):
            row += 1
            sheet.write_string(row, 0, f"{number}. {section.title}", self._bold)
            for note in section.notes:
                row += 1
                sheet.write_string(row, 0, note)
            for remark in section.remarks:
                row += 1
                said = f"{self._said.words.remarks}: {remark.text} ({remark.by})"
                sheet.write_string(row, 0, said[:_LONGEST_TEXT])
            row = self._figures(sheet, row + 1, list(zip(raw.figures, section.figures, strict=True)))

    def _differences(self, sheet: Any, row: int) -> int:
        found = self._said.differences
        if found is None:
            return row
        sheet.write_string(row + 1, 0, found.title, self._bold)
        for cells in (found.heads, *found.rows):
            row += 1
            for column, text in enumerate(cells):
                sheet.write_string(row + 1, column, text)
        return row + 2

    def _figures(self, sheet: Any, row: int, figures: list[tuple[ReportFigure, WrittenFigure]]) -> int:
        words = self._said.words
        heads = (words.figure, words.number, words.value, words.target, "", words.row, words.evidence,
                 words.formula, words.note)  # fmt: skip
        if figures:
            for column, head in enumerate(heads):
                sheet.write_string(row, column, head, self._bold)
            row += 1
        for raw, each in figures:
            self._figure(sheet, row, raw, each)
            row += 1
        return row

    def _figure(self, sheet: Any, row: int, raw: ReportFigure, each: WrittenFigure) -> None:
        words = self._said.words
        kept = "" if each.is_kept is None else words.kept if each.is_kept else words.missed
        formula = f'=IFERROR({raw.formula.written(_ranges(raw.table))},"{_NOT_KNOWN}")'
        number = raw.number
        # The result stands beside the formula: viewers that don't calculate show it.
        shown = _NOT_KNOWN if number is None else number
        sheet.write_string(row, 0, each.label)
        sheet.write_formula(row, 1, formula, self._numbers[raw.unit], shown)
        texts = (each.value, each.target, kept, each.citation, each.evidence,
                 f"{each.formula} [{each.table}]", each.note)  # fmt: skip
        for column, text in enumerate(texts, 2):
            sheet.write_string(row, column, text)

    def _rows(self, table: RawTable) -> None:
        sheet = self._book.add_worksheet(sheet_name(table))
        sheet.freeze_panes(_FIRST, 0)
        for column, each in enumerate(table.columns):
            sheet.write_string(0, column, each.key, self._bold)
            sheet.write_string(1, column, each.title.in_language(self._language))
            sheet.set_column(column, column, 18)
        for row, cells in enumerate(table.rows, _FIRST):
            for column, cell in enumerate(cells):
                self._cell(sheet, row, column, cell)

    def _cell(self, sheet: Any, row: int, column: int, cell: Value) -> None:
        match cell:
            case None | "":
                pass
            case datetime():
                # Spreadsheets know no zones: it is on the document's clock.
                sheet.write_datetime(row, column, cell.replace(tzinfo=None), self._moment)
            case bool():
                sheet.write_boolean(row, column, cell)
            case int() | float():
                sheet.write_number(row, column, cell)
            case Message():
                sheet.write_string(row, column, cell.in_language(self._language)[:_LONGEST_TEXT])
            case _:
                sheet.write_string(row, column, str(cell)[:_LONGEST_TEXT])


def sheet_name(table: RawTable) -> str:
    """Return the name of the sheet with the raw rows of *table*."""
    return table.key[:_LONGEST_NAME]


def _ranges(table: RawTable) -> Callable[[str], str]:
    """Return what names the range of each column of *table*; one empty row stands for no rows."""
    keys = [each.key for each in table.columns]
    last = _FIRST + max(len(table.rows), 1) - 1

    def cells(key: str) -> str:
        column = keys.index(key)
        return f"'{sheet_name(table)}'!{xl_range_abs(_FIRST, column, last, column)}"

    return cells
