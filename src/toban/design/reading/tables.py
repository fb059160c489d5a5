"""Which kind of table this is, and its rows as clauses.

Three things together decide the kind: the headings above, the columns' names, and whether the rows' values
have the shape of those columns. A table that only half fits is left unread: a wrong reading is worse than
none.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from toban.design.clauses.base import Clause
from toban.design.clauses.labels import KINDS
from toban.design.markdown import MarkdownTable, TableRow
from toban.design.origin import Origin
from toban.design.reading.grounds import Grounds
from toban.design.reading.leftover import left_over, others_of, without_left_over
from toban.design.reading.nearest import nearest_kind
from toban.design.reading.outcome import RowFate, RowOutcome, aside, read, unread
from toban.design.reading.registry import TABLES
from toban.design.reading.weight import weighed
from toban.design.section import DocumentSection, normalise
from toban.design.shapes.shape import (
    CLOSE,
    Cells,
    ClausePlace,
    NotUnderstood,
    TableShape,
    is_blank,
    roles_of,
    words,
)
from toban.design.values.severity import is_level
from toban.message import NOTHING, Message, message_of, sentences

# Rows tried before a kind is accepted, and the share of them that must be readable.
_SAMPLE = 20
_ENOUGH = 0.25
# If the best kind fails, a kind whose score is this much lower is not tried.
_MARGIN = 4.0

# A longer row is prose in a table; reading values from it is slow and rarely succeeds.
_LONGEST = 5000

_HISTORY = words("版(?:数)?|バージョン|version|rev(?:ision)?")
_CHANGES = words("(?:変更|更新|改訂|修正)(?:内容|点|履歴|箇所)|変更者|changes?|(?:change)?description|author")
_TERM = words("用語|略語|term|abbreviation")
_LINK = words("url|リンク|link")
_OF_LINK = words(
    "説明|概要|内容|用途|目的|備考|区分|種別|環境|認証|補足|description|purpose|notes?|usage|type|environment|what|for"
)
_NUMBER = words(r"no\.?|#|№|番号|項番|id|")
_TOLD = 2
"""What columns that show the kind without a heading weigh: see `reading.weight`."""
_FIGURE = re.compile(r"[~<>=≤≥±約¥$€]*\s?\d")
_ITEM_LEVELS = ("小項目", "中項目", "大項目")
_SAME_AS_ABOVE = frozenset({"〃", "同上", "↑", "''", '"'})


@dataclass(frozen=True, slots=True)
class _KindCandidate:
    """A kind whose columns and headings fit, with its score."""

    shape: TableShape
    roles: Mapping[str, int]
    score: float
    nearness: int
    grounds: Grounds
    is_named: bool = False
    """Whether the meaning of the first column is known, however it is headed."""


@dataclass(frozen=True, slots=True)
class DeclaredKind:
    """A kind of table as its owner declares it, with the column of each role."""

    shape: TableShape
    roles: Mapping[str, int]
    declared: Origin
    is_named: bool
    """Whether the first column has a role, or is declared to have none."""


def read_table(table: MarkdownTable, section: DocumentSection, document: str) -> list[RowOutcome]:
    """Return what became of each row, in order. A table of an unknown kind is unread as a whole."""
    text = " | ".join(table.header)
    if not table.rows:
        return [unread(table.line, text, Message("design.table-without-rows"))]
    why_aside = _why_aside(table.header)
    if why_aside:
        return [aside(row.line, row_text(row), why_aside) for row in table.rows]
    candidates = _candidates(table, section)
    accepted = _accepted(candidates, table, section, document)
    if len(accepted) > 1:
        kinds = tuple(KINDS[candidate.shape.kind.kind] for candidate in accepted)
        return _all_unread(table, Message("design.two-kinds", kinds=kinds))
    if accepted:
        return _settled(list(_outcomes(accepted[0], table.rows, table.header, section, document)))
    if _is_of_links(table.header):
        return [aside(row.line, row_text(row), Message("design.list-of-links")) for row in table.rows]
    if candidates and _is_surely_meant(candidates[0]):
        return _settled(list(_outcomes(candidates[0], table.rows, table.header, section, document)))
    unknown = Message("design.unknown-table", heading=section.title, columns=text)
    return _all_unread(table, sentences(unknown, nearest_kind(table.header, section)))


def read_as(
    kind: DeclaredKind, table: MarkdownTable, section: DocumentSection, document: str
) -> list[RowOutcome]:
    """Return what became of each row of a table whose kind its owner has declared: nothing is weighed."""
    columns = tuple((role, table.header[index]) for role, index in kind.roles.items())
    grounds = Grounds(
        kind.shape.kind, kind.shape.headings, section, columns, telling=_TOLD, declared=kind.declared
    )
    candidate = _KindCandidate(kind.shape, kind.roles, 0, 0, grounds, is_named=kind.is_named)
    return list(_outcomes(candidate, table.rows, table.header, section, document))


def _settled(outcomes: Sequence[RowOutcome]) -> list[RowOutcome]:
    """Return the rows weighed, and those of which a piece is left over unread."""
    return [without_left_over(outcome) for outcome in weighed(outcomes)]


def _all_unread(table: MarkdownTable, reason: Message) -> list[RowOutcome]:
    return [unread(row.line, row_text(row), reason) for row in table.rows]


def _accepted(
    candidates: list[_KindCandidate], table: MarkdownTable, section: DocumentSection, document: str
) -> list[_KindCandidate]:
    """Return the best kind that the rows bear out, with every other that is as good and reads otherwise."""
    found: list[_KindCandidate] = []
    readings: list[list[tuple[Clause, ...]]] = []
    for candidate in _without_partial(candidates, len(table.header)):
        least = found[0].score - CLOSE if found else candidates[0].score - _MARGIN
        if candidate.score < least or any(candidate.shape.kind is other.shape.kind for other in found):
            continue
        reading = _reading(candidate, table, section, document)
        if reading and reading not in readings:
            found.append(candidate)
            readings.append(reading)
    return found


def _without_partial(candidates: list[_KindCandidate], count: int) -> list[_KindCandidate]:
    """Leave out the kinds that know no column for some of the figures, if another kind knows all columns."""
    is_whole = any(
        len(candidate.roles) == count and candidate.shape.tells(frozenset(candidate.roles))
        for candidate in candidates
    )
    return [each for each in candidates if each.grounds.telling >= 0] if is_whole else candidates


def row_text(row: TableRow) -> str:
    """Return the row as one line, as the document's reader sees it."""
    return " | ".join(cell.replace("\n", " ") for cell in row.cells)


def _why_aside(header: tuple[str, ...]) -> Message:
    names = [normalise(cell).replace(" ", "") for cell in header]

    def has(pattern: re.Pattern[str]) -> bool:
        return any(pattern.fullmatch(name) for name in names)

    if has(_HISTORY) and has(_CHANGES):
        return Message("design.revision-history")
    if names and _TERM.fullmatch(names[0]):
        return Message("design.glossary")
    return NOTHING


def _is_of_links(header: tuple[str, ...]) -> bool:
    """Say whether it lists addresses: 名称 | URL | 説明, but not 項目 | URL | 目標値."""
    names = [normalise(name).replace(" ", "") for name in header]
    return (
        len(names) > 1 and _LINK.fullmatch(names[1]) is not None and all(map(_OF_LINK.fullmatch, names[2:]))
    )


def _candidates(table: MarkdownTable, section: DocumentSection) -> list[_KindCandidate]:
    """Return the kinds that fit the columns and the headings, best first."""
    found: list[_KindCandidate] = []
    grouped = _innermost_as_item(table.header)
    for shape in TABLES:
        if shape.record_only:
            continue
        roles = roles_of(table.header, shape.columns)
        if not shape.fits(frozenset(roles)):
            roles = roles_of(grouped, shape.columns)
        roles = _with_levels(roles, shape, table)
        named = frozenset(roles)
        nearness = section.nearness(shape.headings)
        tells = shape.tells(named)
        if not shape.fits(named) or not (nearness or tells):
            continue
        if shape.avoid is not None and not tells and section.nearness(shape.avoid) > 1:
            continue
        unknown = len(table.header) - len(roles)
        known = len(roles) - (0.5 if "note" in named else 0)
        score = 2 * nearness + known - unknown + (3 if tells else 0)
        columns = tuple((role, table.header[index]) for role, index in roles.items())
        telling = _TOLD if tells else _fullness(table, roles, shape)
        grounds = Grounds(shape.kind, shape.headings, section, columns, telling=telling)
        found.append(_KindCandidate(shape, roles, score, nearness, grounds))
    return sorted(found, key=lambda candidate: -candidate.score)


def _fullness(table: MarkdownTable, roles: Mapping[str, int], shape: TableShape) -> int:
    """Return 1 if every column has a role, 0 if one has none, and -1 if several have or one is of figures.

    It may be another kind's table, or another of its columns may hold the value. A second note is none.
    """
    known = set(roles.values())
    unknown = [
        index
        for index, name in enumerate(table.header)
        if index not in known
        and not (_NUMBER.fullmatch(normalise(name)) or "note" in roles_of((name,), shape.columns))
    ]
    return 1 - min(2, len(unknown) + any(_has_figures(table, index) for index in unknown))


def _has_figures(table: MarkdownTable, index: int) -> bool:
    cells = [cell for row in table.rows[:_SAMPLE] if not is_blank(cell := row.cells[index])]
    return 2 * sum(_FIGURE.match(normalise(cell)) is not None for cell in cells) > len(cells)


def _with_levels(roles: dict[str, int], shape: TableShape, table: MarkdownTable) -> dict[str, int]:
    """Return the roles, with a column that holds levels as the severity, however it is headed.

    A cell that holds something else (監視のみ) is asked about with its row: the levels beside it still count.
    """
    if "severity" not in shape.columns or "severity" in roles:
        return roles
    for index in range(len(table.header)):
        cells = [row.cells[index] for row in table.rows[:_SAMPLE] if not is_blank(row.cells[index])]
        if index not in roles.values() and 2 * sum(map(is_level, cells)) > len(cells):
            return {**roles, "severity": index}
    return roles


def _innermost_as_item(header: tuple[str, ...]) -> tuple[str, ...]:
    """Use the innermost of 大項目 | 中項目 as the item; the others only group it."""
    present = {name: index for index, name in enumerate(map(normalise, header)) if name in _ITEM_LEVELS}
    innermost = next((present[name] for name in _ITEM_LEVELS if name in present), None)
    return tuple("項目" if index == innermost else name for index, name in enumerate(header))


def _reading(
    candidate: _KindCandidate, table: MarkdownTable, section: DocumentSection, document: str
) -> list[tuple[Clause, ...]]:
    """Return what each of the first rows is by this kind; nothing if too few of them are understood."""
    sample = table.rows[:_SAMPLE]
    outcomes = list(_outcomes(candidate, sample, table.header, section, document))
    filled = [outcome for outcome, row in zip(outcomes, sample, strict=True) if not _is_template(row)]
    good = sum(outcome.fate is RowFate.READ for outcome in filled)
    return [outcome.clauses for outcome in outcomes] if good and good >= _ENOUGH * len(filled) else []


def _is_surely_meant(candidate: _KindCandidate) -> bool:
    """Say whether this kind's reasons help the author more than a plain "don't know"."""
    return candidate.nearness == 3 or candidate.shape.tells(frozenset(candidate.roles))


def _filled(cells: tuple[str, ...], above: tuple[str, ...]) -> tuple[str, ...]:
    """Return the cells with 〃 replaced by the text it repeats.

    An empty first cell also repeats the one above: merged cells are exported from spreadsheets like this.
    """
    continues = not cells[0].strip() and any(not is_blank(cell) for cell in cells[1:])
    return tuple(
        earlier if cell.strip() in _SAME_AS_ABOVE or (index == 0 and continues) else cell
        for index, (cell, earlier) in enumerate(zip(cells, above, strict=True))
    )


def _is_template(row: TableRow) -> bool:
    """Say whether nothing but the first cells of the row is filled in."""
    return sum(not is_blank(cell) for cell in row.cells) <= 1


def _outcomes(
    candidate: _KindCandidate,
    rows: Sequence[TableRow],
    header: tuple[str, ...],
    section: DocumentSection,
    document: str,
) -> Iterator[RowOutcome]:
    labels = {role: header[index] for role, index in candidate.roles.items()}
    first = normalise(header[0])
    # 優先度 beside レベル: another name for a column that is there.
    is_other_name = bool(roles_of(header[:1], candidate.shape.columns))
    is_named = (
        candidate.is_named or is_other_name or first in _ITEM_LEVELS or _NUMBER.fullmatch(first) is not None
    )
    nameless = "" if is_named else header[0]
    above = tuple("" for _ in header)
    sample = rows[:_SAMPLE]
    columns = {role: tuple(row.cells[index] for row in sample) for role, index in candidate.roles.items()}
    for row in rows:
        text = row_text(row)
        if row.surplus:
            yield unread(row.line, text, Message("design.surplus-cells", count=row.surplus))
            continue
        if len(text) > _LONGEST:
            yield unread(row.line, text, Message("design.row-too-long", most=_LONGEST))
            continue
        cells = above = _filled(row.cells, above)
        values = {role: cells[index] for role, index in candidate.roles.items()}
        place = ClausePlace(Origin(document, row.line), text, section)
        try:
            read_cells = Cells(place, values, labels, nameless, columns)
            built = candidate.shape.build(read_cells)
            others = others_of(header, cells, candidate.roles)
            left = left_over(read_cells, candidate.shape, others, built)
            yield read(row.line, text, built, candidate.grounds, left)
        except NotUnderstood as reason:
            yield unread(row.line, text, message_of(reason))
