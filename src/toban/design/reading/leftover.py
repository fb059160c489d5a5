"""Nothing of a row is left over: each of its columns is read, or is known to change nothing.

A row of which a piece was not understood looks right on every page, and says something else than its author
does. So it is unread, and the piece is named (docs/adr/0052).
"""

from collections.abc import Iterator, Mapping, Sequence

from toban.design.reading.outcome import RowFate, RowOutcome, unread
from toban.design.section import normalise
from toban.design.shapes.shape import Cells, TableShape, is_blank, roles_of, words
from toban.design.values.remark import limits
from toban.design.values.severity import is_level, read_incident_severity
from toban.message import NOTHING, Message

NOTE = "note"
"""The role of the columns that a kind knows, and that never change what its rows mean."""

_IDENTITY = words(
    r"(?:.*[^a-z])?id|no\.?|#|№|.*(?:番号|コード)|項番|[大中小]項目|(?:アラート|アラーム|alert|alarm)(?:名|name)?|プロバイダー?|ベンダー|provider|vendor"
)
_REMARK = words(
    "(?:.*の)?(?:備考|補足(?:説明)?|説明|概要|目的|理由|根拠|背景|詳細|メモ|コメント|注記|参考|参照先?|(?:具体)?例|用途)(?:・.*)?"
    "|(?:関連|参照)(?:文書|資料|ドキュメント|リンク|章|節)?|リンク|url|影響(?:範囲|度)?|ステータス|状態|実装(?:状況|状態)"
    "|対応状況"
    "|参加者|出席者|(?:.*の?)?優先度|ティア|担当(?:者|部署|チーム)?|責任者|チーム|実績(?:値)?|現状(?:値)?|現在(?:値)?"
    "|所要時間|作業時間|duration|participants?|attendees?"
    r"|(?:\w+ ?)?(?:notes?|remarks?|comments?|description|purpose|rationale|reason(?:ing)?|background"
    r"|details?|links?|url|references?|examples?|impact|context|evidence|source)|why.*|see"
    r"|owner|team|responsible|(?:\w+ ?)?priority|(?:current|actual)(?: .*)?|(?:\w+ ?)?status"
)
"""Columns about a row, not of it; the status is asked by `reading.force`."""

_ENVIRONMENT = words("環境|environment|env")
_PRODUCTION = words("本番(?:環境)?|prod(?:uction)?")


def left_over(cells: Cells, shape: TableShape, others: Mapping[str, str]) -> Message:
    """Return the complaint about the first piece of the row that nothing has read; nothing if there is none.

    *others* are the cells of the columns that have no role, by their heading.
    """
    for column, text, is_remark in (*_not_asked(cells, shape), *_unknown(shape, others)):
        is_harmless = (is_remark and not limits(text)) or _repeats_level(cells, text)
        if not (is_blank(text) or is_harmless):
            return Message("design.left-over", column=column, words=text)
    return NOTHING


def without_left_over(outcome: RowOutcome) -> RowOutcome:
    """Return the row, unread if a piece of it is left over."""
    if outcome.fate is not RowFate.READ or not outcome.left:
        return outcome
    return unread(outcome.line, outcome.text, outcome.left, outcome.grounds)


def _repeats_level(cells: Cells, text: str) -> bool:
    """Say whether the cell gives the row's level once more: 重大 | P1."""
    level = read_incident_severity(text) if is_level(text) else None
    said = (read_incident_severity(cells.values.get(role, "")) for role in ("level", "severity"))
    return level is not None and level in said


def _not_asked(cells: Cells, shape: TableShape) -> Iterator[tuple[str, str, bool]]:
    for role, text in cells.values.items():
        if role not in cells.asked:
            is_inert = role in (NOTE, *shape.inert)
            yield cells.label(role), text, is_inert or is_remark_column(cells.label(role), shape)


def _unknown(shape: TableShape, others: Mapping[str, str]) -> Iterator[tuple[str, str, bool]]:
    for heading, text in others.items():
        is_production = bool(
            _ENVIRONMENT.fullmatch(normalise(heading)) and _PRODUCTION.fullmatch(normalise(text))
        )
        yield heading, text, is_production or is_remark_column(heading, shape)


def is_remark_column(heading: str, shape: TableShape) -> bool:
    """Say whether what stands in the column changes nothing: No., 備考, 目的."""
    name = normalise(heading).strip("*")
    bare = name.replace(" ", "")
    is_known = any(pattern.fullmatch(each) for pattern in (_IDENTITY, _REMARK) for each in (name, bare))
    return not bare or is_known or NOTE in roles_of((heading,), shape.columns)


def others_of(header: Sequence[str], cells: Sequence[str], roles: Mapping[str, int]) -> dict[str, str]:
    """Return the cells of the columns that have no role, by their heading."""
    known = set(roles.values())
    return {
        heading: cell
        for index, (heading, cell) in enumerate(zip(header, cells, strict=True))
        if index not in known
    }
