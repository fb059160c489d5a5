"""Tables with a column for each environment (項目 | 本番 | 検証 | 開発), reduced to production.

The clauses define work on the production system. Another environment's column never gives a value.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from toban.design.assumption import Assumption
from toban.design.markdown import MarkdownTable, TableRow
from toban.design.reading.outcome import RowOutcome
from toban.design.reading.tables import row_text
from toban.design.section import normalise
from toban.design.shapes.shape import is_blank, words
from toban.message import Message

_PRODUCTION = r"(?:本番|プロダクション|production|prod)(?:環境| env(?:ironment)?)?"
_OTHER = (
    r"(?:ステージング|検証|開発|テスト|試験|受入|研修|staging|stg|development|dev|test|qa|sandbox)"
    r"(?:環境| env(?:ironment)?)?"
)
_COLUMN = words(
    rf"(?:(?P<production>{_PRODUCTION})|{_OTHER})(?:\((?P<inside>[^()]+)\))?"
    rf"|(?P<before>[^()]+)\((?:(?P<production_too>{_PRODUCTION})|{_OTHER})\)"
)
_HEADING = words(
    rf"(?:{_OTHER}|staging|ステージング)(?:の|[ :：])*"
    r"(?:アラート|アラーム|監視|バックアップ|閾値|しきい値|設定|alerts?|alarms?|monitoring|backups?|thresholds?)*"
)
_NEEDS_A_WORD = words(r"(?:開発|テスト|試験|研修|受入|検証|dev|test|qa|sandbox|development)(?:の|[ :：])*")
"""What may also be a team or a phase: only with 環境 it is an environment."""
_OF_ENVIRONMENTS = words(r"(?:環境|段階)(?:別|ごと)|\b(?:by|per) environment\b|^environments?$|^環境$")
# What a column may hold if its heading names only the environment.
_MEANINGS = ("目標値", "頻度", "保存期間", "しきい値")
_PARTS = re.compile(r"\s*[/／]\s*")
_NOTE = Assumption(Message("design.production-only"), Message("design.why-production"))


@dataclass(frozen=True, slots=True)
class _ViewColumn:
    """One column of the view: its index in the table, and the names of the columns that share its cells."""

    index: int
    names: tuple[str, ...]


def production_views(table: MarkdownTable) -> tuple[tuple[MarkdownTable, ...], tuple[MarkdownTable, ...]]:
    """Return the table without the other environments' columns, in two groups of views.

    In the first, the headings name the values: these views come before the table as written, in which
    保存期間（開発） would pass for production's. In the second, 本番 alone may mean any of several values:
    these come after it, since a kind may know 本番 (whether a log level is written there). Both are empty
    unless the table has columns for production and for another environment.
    """
    found = [_COLUMN.fullmatch(normalise(cell)) for cell in table.header]
    production = {index for index, name in enumerate(found) if name and _is_production(name)}
    others = {index for index, name in enumerate(found) if name} - production
    if not production or not others:
        return (), ()
    names = {index: _names(found[index]) for index in production}
    if all(names.values()):
        return (_view(table, _columns(table, names, others, "")),), ()
    return (), tuple(_view(table, _columns(table, names, others, meaning)) for meaning in _MEANINGS)


@lru_cache(maxsize=256)
def another_environment(headings: tuple[str, ...]) -> str:
    """Return the heading that names an environment other than production, and nothing else; or nothing.

    Development may be a team, unless a heading says that environments follow.
    """
    is_told = any(map(_OF_ENVIRONMENTS.search, headings))
    named = (heading for heading in headings if _HEADING.fullmatch(heading))
    return next((heading for heading in named if is_told or not _NEEDS_A_WORD.fullmatch(heading)), "")


def as_written(outcomes: Sequence[RowOutcome], table: MarkdownTable) -> Iterator[RowOutcome]:
    """Yield the outcomes of a view with the text of the whole row, and a note that columns were left out."""
    texts = {row.line: row_text(row) for row in table.rows}
    for outcome in outcomes:
        text = texts.get(outcome.line, outcome.text)
        clauses = tuple(
            replace(clause, text=text, assumptions=(*clause.assumptions, _NOTE)) for clause in outcome.clauses
        )
        yield replace(outcome, text=text, clauses=clauses)


def _is_production(name: re.Match[str]) -> bool:
    return bool(name["production"] or name["production_too"])


def _names(name: re.Match[str] | None) -> tuple[str, ...]:
    """Return what the heading names besides the environment: 本番（警告/異常） is two columns in one."""
    said = (name["inside"] or name["before"] or "") if name else ""
    return tuple(part for part in _PARTS.split(said) if part)


def _columns(
    table: MarkdownTable, names: dict[int, tuple[str, ...]], others: set[int], meaning: str
) -> tuple[_ViewColumn, ...]:
    return tuple(
        _ViewColumn(index, names.get(index, (cell,)) or (meaning,))
        for index, cell in enumerate(table.header)
        if index not in others
    )


def _view(table: MarkdownTable, columns: tuple[_ViewColumn, ...]) -> MarkdownTable:
    header = tuple(name for column in columns for name in column.names)
    rows = tuple(
        TableRow(
            tuple(cell for column in columns for cell in _cells(row.cells[column.index], len(column.names))),
            row.line,
            row.surplus,
        )
        for row in table.rows
    )
    return MarkdownTable(header, rows, table.line)


def _cells(cell: str, count: int) -> tuple[str, ...]:
    """Return the parts of a cell that several columns share; unreadable if their number does not match."""
    parts = _PARTS.split(cell.strip())
    if count == 1 or len(parts) == count:
        return tuple(parts) if count > 1 else (cell,)
    return ("-",) * count if is_blank(cell) else (cell,) * count
