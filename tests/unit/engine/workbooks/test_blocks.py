"""Where tables begin and end on a sheet, and what is merged in them."""

from toban.design.markdown import Paragraph, parse
from toban.engine.workbooks.blocks import SheetTable, SheetText, blocks_of
from toban.engine.workbooks.sheets import Sheet, SheetBook, SheetCell
from toban.engine.workbooks.writing import written
from toban.message import Message


def cell(text: str, top: int, left: int, bottom: int = 0, right: int = 0) -> SheetCell:
    return SheetCell(text, f"R{top}C{left}", top, left, bottom or top, right or left)


def grid(*rows: str, top: int = 1, left: int = 1) -> list[SheetCell]:
    """Return the cells of *rows*, parted by bars; a point stands for an empty one."""
    return [
        cell(text, at, column)
        for at, row in enumerate(rows, start=top)
        for column, text in enumerate(row.split("|"), start=left)
        if text != "."
    ]


def sheet(*cells: SheetCell, width: float = 8.43) -> Sheet:
    return Sheet("監視", cells, usual_width=width)


def test_texts_above_a_table_are_its_title_and_paragraphs() -> None:
    cells = [
        *grid("運用設計書", "監視項目"),
        *grid("対象|閾値", "CPU|80%", top=3, left=2),
        cell("以上", 6, 1),
    ]

    blocks, notes = blocks_of(sheet(*cells))

    assert blocks == (
        SheetText("運用設計書"),
        SheetText("監視項目", is_title=True),
        SheetTable(("対象", "閾値"), (("CPU", "80%"),)),
        SheetText("以上"),
    )
    assert notes == ()


def test_neither_a_sentence_nor_a_remark_is_the_title_of_the_table_below_it() -> None:
    first = [*grid("1. 監視", "1.1 監視項目", "次のとおり。"), *grid("対象|閾値", "CPU|80%", top=5)]
    second = [cell("※ 夜間は除く", 8, 1), *grid("作業|時刻", "点検|9:00", top=10)]

    blocks, _ = blocks_of(sheet(*first, *second))

    assert [block for block in blocks if isinstance(block, SheetText)] == [
        SheetText("1. 監視"),
        SheetText("1.1 監視項目", is_title=True),
        SheetText("次のとおり。"),
        SheetText("※ 夜間は除く"),
    ]


def test_blank_rows_and_columns_part_tables_and_empty_cells_do_not() -> None:
    side_by_side = [*grid("a|b", "1|."), *grid("c|d", "2|3", left=4)]
    below = grid("e|f|g", "5|.|6", ".|7|.", top=5)

    blocks, _ = blocks_of(sheet(*side_by_side, *below))

    assert blocks == (
        SheetTable(("a", "b"), (("1", ""),)),
        SheetTable(("c", "d"), (("2", "3"),)),
        SheetTable(("e", "f", "g"), (("5", "", "6"), ("", "7", ""))),
    )


def test_merged_row_heads_are_repeated_and_merged_texts_in_rows_are_not() -> None:
    cells = [
        *grid("対象|項目|値"),
        cell("DB", 2, 1, 3, 1),
        *grid("CPU|80%", "メモリ|90%", top=2, left=2),
        cell("なし", 4, 1, 4, 3),
    ]

    blocks, notes = blocks_of(sheet(*cells))

    assert blocks == (
        SheetTable(("対象", "項目", "値"), (("DB", "CPU", "80%"), ("DB", "メモリ", "90%"), ("なし", "", ""))),
    )
    assert [(note.place, note.why, note.text) for note in notes] == [
        ("R2C1", Message("workbooks.merged-repeated"), "DB"),
        ("R4C1", Message("workbooks.merged-first-column"), "なし"),
    ]
    assert all(note.is_carried for note in notes)


def test_a_header_of_two_rows_is_joined() -> None:
    cells = [
        cell("対象", 1, 1, 2, 1),
        cell("閾値", 1, 2, 1, 3),
        *grid("警告|異常", top=2, left=2),
        *grid("CPU|80%|90%", top=3),
    ]

    blocks, _ = blocks_of(sheet(*cells))

    assert blocks == (SheetTable(("対象", "閾値 警告", "閾値 異常"), (("CPU", "80%", "90%"),)),)


def test_a_row_below_a_merged_header_is_a_row_if_it_has_more_than_that_parts() -> None:
    cells = [cell("対象", 1, 1), cell("閾値", 1, 2, 1, 3), *grid("CPU|80%|90%", "DB|1|2", top=2)]

    blocks, _ = blocks_of(sheet(*cells))

    assert blocks == (SheetTable(("対象", "閾値", "閾値"), (("CPU", "80%", "90%"), ("DB", "1", "2"))),)


def test_a_head_beside_all_rows_is_no_second_header() -> None:
    cells = [cell("監視", 1, 1, 3, 1), *grid("対象|閾値", "CPU|80%", "DB|70%", left=2)]

    blocks, _ = blocks_of(sheet(*cells))

    assert blocks == (SheetTable(("監視", "対象", "閾値"), (("監視", "CPU", "80%"), ("監視", "DB", "70%"))),)


def test_columns_of_grid_paper_are_those_of_the_header() -> None:
    header = [cell("対象", 2, 1, 2, 4), cell("閾値", 2, 7, 2, 9), cell("間隔", 2, 12)]
    rows = [
        cell("CPU", 3, 2),
        cell("80%", 3, 7, 3, 9),
        cell("1分", 3, 13),
        cell("DB", 4, 1, 4, 4),
        cell("5分", 4, 12),
    ]
    cells = [cell("監視項目", 1, 1, 1, 13), *header, *rows]

    blocks, notes = blocks_of(sheet(*cells, width=2.5))

    assert blocks == (
        SheetText("監視項目", is_title=True),
        SheetTable(("対象", "閾値", "間隔"), (("CPU", "80%", "1分"), ("DB", "", "5分"))),
    )
    assert notes == ()


def test_two_cells_of_grid_paper_below_one_header_stay_two() -> None:
    cells = [cell("対象", 1, 1), cell("閾値", 1, 8), cell("CPU", 2, 1), cell("80%", 2, 8), cell("超", 2, 11)]

    blocks, _ = blocks_of(sheet(*cells, width=2.5))

    assert blocks == (SheetTable(("対象", "閾値", ""), (("CPU", "80%", "超"),)),)


def test_a_sheet_is_a_chapter_and_what_looks_like_markup_is_text() -> None:
    cells = [*grid("# 1. 監視 #"), cell("- a_b *c* <br> | &lt; `d` [e]: f", 3, 1), cell("1. 一\n二", 5, 1)]

    markdown = written(SheetBook("運用設計書", (sheet(*cells), Sheet("空", ())), ())).markdown

    assert markdown.startswith("# 運用設計書\n\n## 監視\n\n\\# 1. 監視 #\n\n")
    assert [block.text for block in parse(markdown) if isinstance(block, Paragraph)] == [
        "# 1. 監視 #",
        "- a_b *c* <br> | &lt; `d` [e]: f",
        "1. 一\n二",
    ]
    assert "空" not in markdown


def test_a_blank_to_be_filled_in_stays_as_it_is_and_a_link_does_not() -> None:
    cells = grid("役割|担当", "責任者|[氏名] a_b", "DB|[a](https://b.example)")

    markdown = written(SheetBook("運用設計書", (sheet(*cells),), ())).markdown

    assert markdown.endswith("| 責任者 | [氏名] a_b |\n| DB | \\[a](https://b.example) |\n")
