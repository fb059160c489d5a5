"""Key-value tables (項目 | 内容), where each row is a separate rule."""

from collections.abc import Sequence

from toban.design.markdown import MarkdownTable
from toban.design.reading.entries import EntryLine
from toban.design.reading.leftover import is_remark_name
from toban.design.reading.tables import row_text
from toban.design.section import DocumentSection, normalise
from toban.design.shapes.shape import is_blank, words
from toban.message import NOTHING, Message

_KEY = words("(?:設定)?項目|要件|パラメータ|属性|設定|名称|key|item|setting|parameter|property")
_VALUE = words(
    "(?:設定)?(?:内容|値)|設定|詳細|方針|ルール|説明|要件(?:値)?|実現方法|目標値?|方法|規定|value|details?|description|policy|rule"
)


def is_pairs(table: MarkdownTable) -> bool:
    """Say whether the rows are `key | value`; what further columns say is left over if it is no note."""
    if len(table.header) < 2:
        return False
    key, value = (normalise(cell).replace(" ", "") for cell in table.header[:2])
    return _KEY.fullmatch(key) is not None and _VALUE.fullmatch(value) is not None


def pair_lines(table: MarkdownTable, section: DocumentSection) -> list[EntryLine]:
    """Return the rows as entries; a row without a value keeps its key as its whole text."""
    lines: list[EntryLine] = []
    for row in table.rows:
        key, value = row.cells[0].strip(), row.cells[1].strip()
        lines.append(
            EntryLine(
                row.line,
                row_text(row),
                "" if is_blank(value) else key,
                value or key,
                section,
                is_row=True,
                left=_left(table.header[2:], row.cells[2:]),
            )
        )
    return lines


def _left(headings: Sequence[str], cells: Sequence[str]) -> Message:
    """Return the complaint about the first further cell that is no note; nothing if there is none."""
    said = (
        Message("design.left-over", column=heading, words=cell)
        for heading, cell in zip(headings, cells, strict=True)
        if not (is_blank(cell) or is_remark_name(heading))
    )
    return next(said, NOTHING)
