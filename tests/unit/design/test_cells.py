"""Cells are found as Markdown finds them, and rewritten without touching anything else."""

import re

import pytest

from toban.design.cells import CellChange, NoSuchCell, TableCell, cells_at, rewritten

COLUMNS = {"name": re.compile("名前"), "used": re.compile("量"), "note": re.compile("備考")}


def cell(text: str, line: int, role: str) -> TableCell:
    return cells_at(text, line, COLUMNS)[role]


def test_a_cell_is_found_by_its_heading_with_the_marks_around_its_words() -> None:
    text = "# x\n\n| 名前 | 量 |\n|---|---|\n| a | **2台** |\n"

    assert cell(text, 5, "used") == TableCell(5, 1, "量", "**2台**")
    assert cells_at(text, 1, COLUMNS) == {}
    assert cells_at(text, 3, COLUMNS) == {}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("| a |  2台  | x |", "| a |  3台  | x |"),
        ("a | 2台 | x", "a | 3台 | x"),
        ("|a|2台|x|", "|a|3台|x|"),
        (r"| a\|b | 2台 | x |", r"| a\|b | 3台 | x |"),
    ],
)
def test_only_the_cell_changes_whatever_the_table_looks_like(before: str, after: str, end: str) -> None:
    lines = ["\ufeff# x", "", "名前 | 量 | 備考", "---|---|---", before, "", "終わり"]
    text = end.join(lines)

    found = rewritten(text, [CellChange(cell(text, 5, "used"), "3台")])

    assert found == text.replace(before, after)


def test_a_table_in_a_quotation_keeps_its_marks() -> None:
    text = "> | 名前 | 量 |\n> |---|---|\n> | a | 2台 |\n"

    assert rewritten(text, [CellChange(cell(text, 3, "used"), "3台")]) == text.replace("2台", "3台")


def test_several_cells_of_a_row_are_rewritten_at_once_and_a_bar_is_escaped() -> None:
    text = "| 名前 | 量 | 備考 |\n|---|---|---|\n| a | 2台 | |\n"
    changes = [CellChange(cell(text, 3, "used"), "1,024台"), CellChange(cell(text, 3, "note"), "a|b")]

    found = rewritten(text, changes)

    assert found == "| 名前 | 量 | 備考 |\n|---|---|---|\n| a | 1,024台 | a\\|b|\n"
    assert cell(found, 3, "note").text == r"a\|b"


@pytest.mark.parametrize("text", ["", "# x\n", "| 名前 | 量 |\n|---|---|\n| a | 9台 |\n"])
def test_a_cell_that_is_no_longer_there_is_refused(text: str) -> None:
    with pytest.raises(NoSuchCell):
        rewritten(text, [CellChange(TableCell(3, 1, "量", "2台"), "3台")])
