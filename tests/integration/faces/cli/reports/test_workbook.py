"""The workbook of the monthly report, read by another program, with its formulas calculated anew."""

import re
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from statistics import fmean, median
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from tests.integration.engine.reports.conftest import DAY, START, alert, judged, october, report_on

from toban.engine.evidence.verdict import Verdict
from toban.engine.reports.monthly import MonthlyReport
from toban.faces.report.workbook import workbook

pytestmark = pytest.mark.django_db

__all__ = ["october"]

_RANGE = re.compile(r"'([^']+)'!\$([A-Z]+)\$(\d+)(?::\$([A-Z]+)\$(\d+))?")


def opened(report: MonthlyReport, *, values: bool = False) -> Workbook:
    return load_workbook(BytesIO(workbook(report, "ja")), data_only=values)


def formulas(book: Workbook) -> Mapping[str, str]:
    """Return the formulas of the first sheet by their labels, without the guard against errors."""
    found = {}
    for row in book.worksheets[0].iter_rows(values_only=True):
        if isinstance(row[1], str) and row[1].startswith("="):
            assert row[1].startswith("=IFERROR(")
            found[f"{row[0]} {row[7]}"] = row[1].removeprefix("=IFERROR(").removesuffix(',"—")')
    return found


def calculated(formula: str, book: Workbook) -> float | None:
    """Calculate *formula* from the cells of *book*, as a spreadsheet does."""

    def cells(sheet: str, first: str, last: str) -> list[Any]:
        return [row[0].value for row in book[sheet][f"{first}:{last}"]]

    def of(make: Callable[[Sequence[float]], float]) -> Callable[[list[Any]], float]:
        return lambda found: make([each for each in found if isinstance(each, int | float)])

    names = {
        "cells": cells, "COUNT": of(len), "SUM": of(sum), "AVERAGE": of(fmean), "MEDIAN": of(median),
        "MAX": of(max), "COUNTIF": lambda found, word: sum(each == word for each in found),
        "SUMIF": lambda where, word, found: sum(
            each for each, at in zip(found, where, strict=True) if at == word and each is not None
        ),
    }  # fmt: skip
    python = _RANGE.sub(_cells_of, formula)
    try:
        return float(eval(python, {"__builtins__": {}}, names))  # noqa: S307 - our own formula
    except (ZeroDivisionError, ValueError):
        return None


def _cells_of(found: re.Match[str]) -> str:
    sheet, column, first, _, last = found.groups()
    return f'cells("{sheet}","{column}{first}","{column}{last or first}")'


@pytest.mark.usefixtures("october")
def test_every_figure_is_a_live_formula_that_gives_the_same_number() -> None:
    report = report_on()
    book = opened(report)
    found = formulas(book)

    assert len(found) == len(report.figures)
    for figure in report.figures.values():
        formula = found[f"{figure.label} {figure.written} [{figure.table.key}]"]
        number = calculated(formula, book)
        assert (number is None) == (figure.number is None), figure.key
        assert number is None or number == pytest.approx(figure.number), figure.key


@pytest.mark.usefixtures("october")
def test_a_viewer_that_does_not_calculate_shows_the_result() -> None:
    report = report_on()

    shown = {row[0]: row[1] for row in opened(report, values=True).worksheets[0].iter_rows(values_only=True)}

    assert shown["アラート"] == 3
    assert shown["稼働率 (計画メンテナンスを除く)"] == report.figures["level-1-unplanned"].number


@pytest.mark.usefixtures("october")
def test_each_table_is_a_sheet_with_all_its_rows() -> None:
    report = report_on()
    book = opened(report)

    assert set(book.sheetnames) == {"2026-10", *report.tables}
    for key, table in report.tables.items():
        rows = list(book[key].iter_rows(values_only=True))
        assert rows[0] == tuple(each.key for each in table.columns)
        assert len(rows) == 2 + len(table.rows)


@pytest.mark.usefixtures("october")
def test_what_people_wrote_stays_text() -> None:
    judged("x", Verdict.CONFORMING, START + DAY)
    alert(START + DAY, clause='=HYPERLINK("http://127.0.0.1/")')
    report = report_on()

    cells = [cell for row in opened(report)["alerts"].iter_rows() for cell in row]

    assert any(each.value == '=HYPERLINK("http://127.0.0.1/")' for each in cells)
    assert all(each.data_type != "f" for each in cells)


@pytest.mark.usefixtures("october")
def test_the_same_report_gives_the_same_bytes() -> None:
    assert workbook(report_on(), "ja") == workbook(report_on(), "ja")
