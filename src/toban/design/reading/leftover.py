"""Nothing of a row is left over: each piece of it is read, or is known to change nothing.

A row of which a piece was not understood looks right on every page, and says something else than its author
does. So it is unread, and the piece is named (docs/adr/0052).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from itertools import chain

from toban.design.clauses.base import Clause
from toban.design.reading.outcome import RowFate, RowOutcome
from toban.design.section import normalise
from toban.design.shapes.shape import Built, Cells, PlacedEntry, TableShape, is_blank, roles_of, words
from toban.design.values.remark import limits, rest_of
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
    "|対応状況|(?:実装|実現|達成)(?:方法|手段|方式)|implementation"
    "|参加者|出席者|(?:.*の?)?優先度|ティア|担当(?:者|部署|チーム)?|責任者|チーム|実績(?:値)?|現状(?:値)?|現在(?:値)?"
    "|所要時間|作業時間|duration|participants?|attendees?"
    r"|(?:\w+ ?)?(?:notes?|remarks?|comments?|description|purpose|rationale|reason(?:ing)?|background"
    r"|details?|links?|url|references?|examples?|impact|context|evidence|source)|why.*|see"
    r"|owner|team|responsible|(?:\w+ ?)?priority|(?:current|actual)(?: .*)?|(?:\w+ ?)?status"
)
"""Columns about a row, not of it; the status is asked by `reading.force`."""

_ENVIRONMENT = words("環境|environment|env")
_PRODUCTION = words("本番(?:環境)?|prod(?:uction)?")


def left_over(cells: Cells, shape: TableShape, others: Mapping[str, str], built: Built) -> Message:
    """Return the complaint about the first piece of the row that nothing has read; nothing if there is none.

    *others* are the cells of the columns that have no role, by their heading.
    """
    pieces = _in_part(cells, shape, built), _not_asked(cells, shape), _unknown(shape, others)
    for column, text, is_remark in chain.from_iterable(pieces):
        is_harmless = (is_remark and not limits(text)) or _repeats_level(cells, text)
        if not (is_blank(text) or is_harmless):
            return Message("design.left-over", column=column, words=text)
    return NOTHING


def left_of_entry(entry: PlacedEntry, *, has_key: bool, built: Built) -> Message:
    """Return the complaint about the words of a list entry that nothing has read; nothing if there are none.

    *has_key*: whether its key is that of the kind, and so says nothing else.
    """
    text = entry.value if has_key else f"{entry.key} {entry.value}".strip()
    rest = rest_of(text, (*words_of(built), *entry.pieces))
    return Message("design.left-of-entry", words=rest) if rest else NOTHING


def without_left_over(outcome: RowOutcome) -> RowOutcome:
    """Return the row, unread if a piece of it is left over."""
    if outcome.fate is not RowFate.READ or not outcome.left:
        return outcome
    return replace(outcome, fate=RowFate.UNREAD, clauses=(), reason=outcome.left)


def _repeats_level(cells: Cells, text: str) -> bool:
    """Say whether the cell gives the row's level once more: 重大 | P1."""
    level = read_incident_severity(text) if is_level(text) else None
    said = (read_incident_severity(cells.values.get(role, "")) for role in ("level", "severity"))
    return level is not None and level in said


def words_of(value: object) -> Iterator[str]:
    """Yield the words of the document that *value* holds: those of a clause's fields and assumptions."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from words_of(each)
    elif isinstance(value, Message):
        yield from words_of(tuple(value.values.values()))
    elif is_dataclass(value) and not isinstance(value, type):
        for name in _named(type(value)):
            yield from words_of(getattr(value, name))


@cache
def _named(kind: type) -> tuple[str, ...]:
    # The whole row, and where it is, prove nothing.
    unsaid = {"id", "origin", "text"} if issubclass(kind, Clause) else set()
    return tuple(field.name for field in fields(kind) if field.name not in unsaid)


def _in_part(cells: Cells, shape: TableShape, built: Built) -> Iterator[tuple[str, str, bool]]:
    """Yield what is left of the cells that a builder has looked at, and not read to their end."""
    looked_at = [role for role in cells.asked - cells.whole if not is_blank(cells.values.get(role, ""))]
    held = list(words_of(built)) if looked_at else []
    for role in sorted(looked_at):
        label, rest = cells.label(role), rest_of(cells.values[role], (*held, *cells.pieces))
        yield label, rest, _is_harmless_in(label, role, shape)


def _not_asked(cells: Cells, shape: TableShape) -> Iterator[tuple[str, str, bool]]:
    for role, text in cells.values.items():
        if role not in cells.asked:
            yield cells.label(role), text, _is_harmless_in(cells.label(role), role, shape)


def _is_harmless_in(label: str, role: str, shape: TableShape) -> bool:
    return role in (NOTE, *shape.inert) or is_remark_column(label, shape)


def _unknown(shape: TableShape, others: Mapping[str, str]) -> Iterator[tuple[str, str, bool]]:
    for heading, text in others.items():
        is_production = bool(
            _ENVIRONMENT.fullmatch(normalise(heading)) and _PRODUCTION.fullmatch(normalise(text))
        )
        yield heading, text, is_production or is_remark_column(heading, shape)


def is_remark_column(heading: str, shape: TableShape) -> bool:
    """Say whether what stands in the column changes nothing: No., 備考, 目的."""
    return is_remark_name(heading) or NOTE in roles_of((heading,), shape.columns)


def is_remark_name(heading: str) -> bool:
    """Say the same of a column in a table of any kind."""
    name = normalise(heading).strip("*")
    bare = name.replace(" ", "")
    return not bare or any(
        pattern.fullmatch(each) for pattern in (_IDENTITY, _REMARK) for each in (name, bare)
    )


def others_of(header: Sequence[str], cells: Sequence[str], roles: Mapping[str, int]) -> dict[str, str]:
    """Return the cells of the columns that have no role, by their heading."""
    known = set(roles.values())
    return {
        heading: cell
        for index, (heading, cell) in enumerate(zip(header, cells, strict=True))
        if index not in known
    }
