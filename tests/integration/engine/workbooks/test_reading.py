"""Workbooks as openpyxl and XlsxWriter write them: all of a cell is in the Markdown or in the list."""

import struct
import zipfile
import zlib
from datetime import datetime, time, timedelta
from io import BytesIO
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from toban.design.markdown import Heading, MarkdownTable, Paragraph, parse
from toban.engine.workbooks import admission
from toban.engine.workbooks.admission import UnreadableWorkbook
from toban.engine.workbooks.reading import read_workbook
from toban.engine.workbooks.writing import WrittenBook, written
from toban.message import Message, message_of


def imported(book: Workbook, folder: Path) -> WrittenBook:
    path = folder / "運用設計書.xlsx"
    book.save(path)
    return written(read_workbook(path))


def left(book: WrittenBook) -> list[tuple[str, str, str, str]]:
    return [(note.sheet, note.place, note.why.code, note.text) for note in book.left]


def test_a_sheet_with_a_table_becomes_markdown(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    sheet.title = "監視"
    for row in (
        ["監視項目"],
        ["対象", "稼働率", "時刻", "開始日", "間隔"],
        ["Web", 0.999, time(2), datetime.fromisoformat("2026-04-01"), 5],
    ):
        sheet.append(row)
    for place, code in {"B3": "0.0%", "C3": "h:mm", "D3": "yyyy/m/d", "E3": '0"分"'}.items():
        sheet[place].number_format = code

    found = imported(book, tmp_path)

    assert found.markdown == (
        "# 運用設計書\n\n## 監視\n\n### 監視項目\n\n"
        "| 対象 | 稼働率 | 時刻 | 開始日 | 間隔 |\n|---|---|---|---|---|\n"
        "| Web | 99.9% | 2:00 | 2026/4/1 | 5分 |\n"
    )
    assert found.notes == ()
    assert written(read_workbook(tmp_path / "運用設計書.xlsx")) == found


def test_what_is_hidden_commented_linked_or_struck_is_listed(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    sheet.title = "監視"
    for row in (["対象", "値", "旧"], ["Web", 1, "x"], ["隠し", 2, "y"], ["DB", 3, "z"], ["廃止", 4, ""]):
        sheet.append(row)
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["C"].hidden = True
    sheet["A2"].comment = Comment("要確認", "鈴木")
    sheet["A4"].hyperlink = "https://db.example/"
    sheet["A5"].font = Font(strike=True)
    sheet["B4"].value, sheet["B5"].value = "=1+2", "#REF!"
    book.create_sheet("旧版")["B2"] = "古い"
    book["旧版"].sheet_state = "hidden"

    found = imported(book, tmp_path)

    assert "| 対象 | 値 |\n|---|---|\n| Web | 1 |\n| DB |  |\n" in found.markdown
    assert left(found) == [
        ("監視", "C1", "workbooks.hidden-column", "旧"),
        ("監視", "A2", "workbooks.comment", "要確認"),
        ("監視", "C2", "workbooks.hidden-column", "x"),
        ("監視", "A3", "workbooks.hidden-row", "隠し"),
        ("監視", "B3", "workbooks.hidden-row", "2"),
        ("監視", "C3", "workbooks.hidden-row", "y"),
        ("監視", "A4", "workbooks.link", "https://db.example/"),
        ("監視", "B4", "workbooks.formula-without-value", "=1+2"),
        ("監視", "C4", "workbooks.hidden-column", "z"),
        ("監視", "A5", "workbooks.struck-through", "廃止"),
        ("監視", "B5", "workbooks.error-value", "#REF!"),
        ("旧版", "B2", "workbooks.hidden-sheet", "古い"),
    ]


def test_what_is_hidden_is_not_carried_otherwise_too(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["値"])
    book.create_sheet("旧版").append([0.1234])
    book["旧版"]["A1"].number_format = "0%"
    book["旧版"].sheet_state = "hidden"

    found = imported(book, tmp_path)

    assert found.altered == ()
    assert left(found) == [("旧版", "A1", "workbooks.hidden-sheet", "12%")]


def test_a_character_that_cannot_be_printed_is_listed(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["\ue000橋", "髙橋"])

    found = imported(book, tmp_path)

    assert found.markdown.endswith("\n\n�橋 髙橋\n")
    assert left(found) == [("Sheet", "A1", "workbooks.not-printable", "\\ue000橋")]


def test_a_1904_epoch_and_a_hidden_row_within_a_table_change_nothing(tmp_path: Path) -> None:
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    for row in (["a", "b"], ["x", "y"], [datetime.fromisoformat("2026-04-01"), timedelta(hours=26)]):
        sheet.append(row)
    sheet["A3"].number_format, sheet["B3"].number_format = "yyyy/m/d", "[h]:mm"
    sheet.row_dimensions[2].hidden = True

    assert imported(book, tmp_path).markdown.endswith("| a | b |\n|---|---|\n| 2026/4/1 | 26:00 |\n")


def test_formulas_rich_text_pictures_and_text_boxes_of_another_writer(tmp_path: Path) -> None:
    path = tmp_path / "設計.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("監視")
        struck = book.add_format({"font_strikeout": True})
        sheet.write_row(0, 0, ["対象", "値"])
        sheet.write_rich_string(1, 0, "今の", struck, "昔の", "名前")
        sheet.write_formula(1, 1, "=0.5+0.499", book.add_format({"num_format": "0.0%"}), 0.999)
        sheet.insert_textbox(5, 3, "夜間は\n連絡しない")
        sheet.insert_image(8, 1, "p.png", {"image_data": BytesIO(_png())})
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=監視!$B$2:$B$2"})
        sheet.insert_chart(20, 0, chart)

    found = written(read_workbook(path))

    assert found.markdown.endswith("| 対象 | 値 |\n|---|---|\n| 今の名前 | 99.9% |\n")
    assert left(found) == [
        ("監視", "A2", "workbooks.struck-through", "昔の"),
        ("監視", "B9", "workbooks.picture", ""),
        ("監視", "A21", "workbooks.chart", ""),
        ("監視", "D6", "workbooks.shape", "夜間は\n連絡しない"),
    ]


def test_a_part_without_a_font_of_its_own_is_struck_through_as_its_cell_is(tmp_path: Path) -> None:
    path = tmp_path / "設計.xlsx"
    with xlsxwriter.Workbook(path) as book:
        struck, bold = book.add_format({"font_strikeout": True}), book.add_format({"bold": True})
        book.add_worksheet("監視").write_rich_string(0, 0, "旧DB", bold, "新DB", struck)

    found = written(read_workbook(path))

    assert found.markdown.endswith("\n\n新DB\n")
    assert left(found) == [("監視", "A1", "workbooks.struck-through", "旧DB")]


def test_ends_of_lines_of_a_program_for_windows_are_ends_of_lines(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["1行目_x000D_\n2行目", "_x000D_\n_x0000_a"])
    book.active["A1"].comment = Comment("要_x000D_\n確認", "鈴木")

    found = imported(book, tmp_path)

    assert found.markdown.endswith("\n\n1行目<br>2行目 �a\n")
    assert left(found) == [
        ("Sheet", "A1", "workbooks.comment", "要\n確認"),
        ("Sheet", "B1", "workbooks.not-printable", "\\u0000a"),
    ]


def _png() -> bytes:
    parts = {
        b"IHDR": struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0),
        b"IDAT": zlib.compress(b"\0" * 4),
        b"IEND": b"",
    }
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts.items()
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


_LETTERS = st.sampled_from("ab1é監視項目 \n|*_`~#<>&[]()!-+=.\\:;/%\"'{}$^,\u3000")
_VALUES = st.one_of(
    st.text(_LETTERS, min_size=1, max_size=12),
    st.text(max_size=6).map(lambda text: ILLEGAL_CHARACTERS_RE.sub("", text)),
    st.integers(-(10**9), 10**9),
    st.floats(-1e6, 1e6).map(lambda value: round(value, 3)),
    st.booleans(),
)
_PLACES = st.tuples(st.integers(1, 9), st.integers(1, 9))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cells=st.dictionaries(_PLACES, _VALUES, max_size=30),
    merged=st.lists(st.tuples(_PLACES, st.integers(0, 2), st.integers(0, 2)), max_size=3),
    hidden=st.tuples(st.sets(st.integers(1, 9), max_size=2), st.sets(st.integers(1, 9), max_size=2)),
    width=st.sampled_from([None, 2.5]),
)
def test_every_cell_is_in_the_markdown_or_in_the_list(
    tmp_path: Path,
    cells: dict[tuple[int, int], object],
    merged: list[tuple[tuple[int, int], int, int]],
    hidden: tuple[set[int], set[int]],
    width: float | None,
) -> None:
    book = Workbook()
    sheet = book.active
    covered: set[tuple[int, int]] = set()
    for (top, left_), rows, columns in merged:
        area = {(r, c) for r in range(top, top + rows + 1) for c in range(left_, left_ + columns + 1)}
        if len(area) > 1 and not area & covered:
            covered |= area
            sheet.merge_cells(
                start_row=top, start_column=left_, end_row=top + rows, end_column=left_ + columns
            )
    for (row, column), value in cells.items():
        place = sheet.cell(row, column)
        if type(place).__name__ == "Cell":
            place.value = value
    for row in hidden[0]:
        sheet.row_dimensions[row].hidden = True
    for column in hidden[1]:
        sheet.column_dimensions["ABCDEFGHI"[column - 1]].hidden = True
    if width is not None:
        sheet.sheet_format.defaultColWidth = width

    found = imported(book, tmp_path)

    said = [_bare(text) for text in (*_texts(found.markdown), *(note.text for note in found.left))]
    for row in sheet.iter_rows():
        for cell in row:
            bare = _bare(_as_said(cell.value))
            assert any(bare in text for text in said), (cell.coordinate, cell.value, found.markdown)


def _as_said(value: object) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        value = value or 0.0
        return f"{value:.15g}" if abs(value) >= 1e-4 or not value else f"{value:f}"
    return "" if value is None else str(value)


def _bare(text: str) -> str:
    return "".join(
        "�" if not (each.isprintable() or each.isspace()) else each for each in text if not each.isspace()
    )


def _texts(markdown: str) -> list[str]:
    found: list[str] = []
    for block in parse(markdown):
        match block:
            case Heading(_, text) | Paragraph(text):
                found.append(text)
            case MarkdownTable(header, rows):
                found.extend([*header, *(cell for row in rows for cell in row.cells)])
            case _:
                raise AssertionError(block)
    return found


def refused(path: Path) -> Message:
    with pytest.raises(UnreadableWorkbook) as caught:
        read_workbook(path)
    assert caught.value.hint
    return message_of(caught.value)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99 + "EncryptedPackage".encode("utf-16-le"),
            "encrypted",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "old-format"),
        (b"a,b\n1,2\n", "no-workbook"),
        (b"", "no-workbook"),
        (None, "not-readable"),
    ],
)
def test_another_kind_of_file_is_refused_in_words(tmp_path: Path, content: bytes | None, code: str) -> None:
    path = tmp_path / "設計.xlsx"
    if content is not None:
        path.write_bytes(content)

    assert refused(path).code == f"workbooks.{code}"


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"xl/workbook.bin": ""}, "binary-format"),
        ({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}, "no-workbook"),
        ({"[Content_Types].xml": "<Types/>"}, "damaged"),
        (
            {"[Content_Types].xml": "<Types/>", "xl/a.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'},
            "damaged",
        ),
        (
            {"[Content_Types].xml": "<Types/>", "xl/a.xml": '<a><mergeCell ref="A1:XFD1048576"/></a>'},
            "too-large",
        ),
        (
            {
                "[Content_Types].xml": "<Types/>",
                "xl/a.xml": '<x:a xmlns:x="y"><x:hyperlink ref="ALL"/></x:a>',
            },
            "damaged",
        ),
    ],
)
def test_a_package_of_another_kind_or_out_of_bounds_is_refused(
    tmp_path: Path, parts: dict[str, str], code: str
) -> None:
    path = tmp_path / "設計.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)

    assert refused(path).code == f"workbooks.{code}"


@pytest.mark.parametrize(("at", "value"), [(6, 1), (8, 98)], ids=["encrypted", "packed-in-another-way"])
def test_a_part_that_cannot_be_unpacked_is_refused(tmp_path: Path, at: int, value: int) -> None:
    path = tmp_path / "設計.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    content = bytearray(path.read_bytes())
    content[at] = content[content.index(b"PK\x01\x02") + at + 2] = value
    path.write_bytes(content)

    assert refused(path).code == "workbooks.damaged"


@pytest.mark.parametrize("limit", ["MAX_BYTES", "MAX_UNPACKED", "MAX_CELLS", "MAX_OTHERS"])
def test_a_workbook_larger_than_a_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    book = Workbook()
    book.active.append([1, 2, 3])
    book.save(tmp_path / "設計.xlsx")
    monkeypatch.setattr(admission, limit, 2)

    assert refused(tmp_path / "設計.xlsx").code == "workbooks.too-large"


def test_macros_and_links_to_other_workbooks_are_named_and_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "設計.xlsm"
    book = Workbook()
    book.active.append(["a"])
    book.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\0")
        archive.writestr("xl/externalLinks/externalLink1.xml", "<externalLink/>")

    found = written(read_workbook(path))

    assert found.markdown.endswith("\n\na\n")
    assert [(note.why.code, note.is_carried) for note in found.notes] == [
        ("workbooks.macros", False),
        ("workbooks.external-links", True),
    ]
