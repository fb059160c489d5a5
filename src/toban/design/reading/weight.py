"""How much speaks for a reading: below a margin the row is a question to its author, not a rule.

Four things speak for a kind: a heading with one of its words, and how near that is; the names of the columns,
or an entry's key; values of the kind's types; and the rows beside it. Each of them alone also stands above,
in or beside rows of other kinds, so no reading rests on one of them (docs/adr/0029).
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum

from toban.design.clauses.base import Clause
from toban.design.clauses.labels import KINDS
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import SecurityRoutine
from toban.design.reading.grounds import Grounds
from toban.design.reading.outcome import RowFate, RowOutcome, unread
from toban.design.reading.registry import ENTRIES, TABLES
from toban.design.section import DocumentSection, heading_text, heading_words
from toban.design.shapes.shape import words
from toban.design.shapes.timing import names_an_attribute
from toban.message import NOTHING, Message

_LEAST = 3
"""What a heading directly above weighs; what speaks against the kind must then be outweighed."""
_STRAY = 2
"""What it takes from an entry without a key if the entries beside it are of other kinds, or no rules."""
_ASIDE = 3
"""What is needed besides in a document whose title names nothing that is operated."""
_BESIDE = words(
    "[日週月年]次|毎[日週月年朝晩]|四半期|半期|定期|日常|定常|緊急時?|警告|異常|重大|重要|チェック|レビュー|確認|点検|朝|夕方?|[月火水木金土日]曜日?|平日|午[前後]|月[初末]|時|分"
    "|運用|保守|作業|業務|項目|一覧|リスト|チェックリスト|タスク|スケジュール|計画|管理|対応|手順|フロー|流れ|プロセス"
    "|設計|設定|定義|方針|基準|ルール|規定|条件|要件|目標|指標|値|内容|概要|詳細|ポイント|対象|体制|外部|社内|主要|基本|本番|実施"
    "|自動(?:化|実行)?|手動|以下|とおり|通り|および|及び|[のをにでとはやが・]"
    r"|\b(?:daily|weekly|monthly|quarterly|annual(?:ly)?|yearly|regular|scheduled|routine|recurring|(?:mon|tues|wednes"
    r"|thurs|fri|satur|sun)days?|morning|evening|am|pm|utc|jst|first|operations?|operational|maintenance|tasks?"
    r"|checks?|checklists?|items?|lists?|schedules?|plans?|planning|management|procedures?|process|flow|steps|settings?"
    r"|configuration|configured|definitions?|polic(?:y|ies)|rules?|criteria|conditions?|requirements?|targets?|goals?"
    r"|objectives?|indicators?|metrics?|values?|overview|summary|details?|emergency|critical|warnings?|high|medium|low|(?:p|sev-?)\d|reviews?|external|internal|key|main"
    r"|primary|production|automated|automatic|manual|current|system|service|health|performance|information|our|the|a|an|of|and|or|for|to|in|on|at|by"
    r"|as|with|all|following|these|each|per|s)\b"
)
"""What a heading may say beside the kind without saying of what it is, or to what end."""
_REMARK = re.compile(r"\([^()]*\)")
_KEY_END = re.compile(r"\s*[:：]")
_COMMON = frozenset(field.name for field in fields(Clause))


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """What rows that stand together say of each other's kind."""

    entries: int
    rows: int
    """The entries that state a rule."""
    alike: Mapping[type[Clause], int]
    valued: Collection[type[Clause]]
    """The kinds of which one of them has a value."""
    describes: bool = False
    """Whether one of them only describes the task that the heading names (Scope: …): the others may, too."""

    def weight(self, grounds: Grounds) -> int:
        nearness = grounds.section.nearness(grounds.headings)
        is_valued = grounds.kind in self.valued
        # The heading is all that speaks for these columns.
        if grounds.columns and not is_valued and grounds.telling <= 0:
            return 0
        if not (grounds.columns or grounds.telling) and self._is_only_headed(grounds):
            return 0
        return nearness + grounds.telling + is_valued - _STRAY * self._is_stray(grounds)

    def _is_only_headed(self, grounds: Grounds) -> bool:
        """Say whether only a heading speaks for it, and that heading, or an entry beside it, says more."""
        if self.describes and not grounds.is_sentence:
            return True
        return not (grounds.is_formed or _is_plain(grounds))

    def _is_stray(self, grounds: Grounds) -> bool:
        if grounds.columns or grounds.telling:
            return False
        count = self.alike[grounds.kind]
        # A sentence between sentences that are no rules is hardly one.
        return 3 * count < self.entries if grounds.is_sentence else 2 * count < self.rows


def _nearest(grounds: Grounds) -> str:
    """Return the heading that names the kind, as words."""
    above = (*reversed(grounds.section.words), heading_words(grounds.section.document))
    return next((heading for heading in above if grounds.headings.search(heading)), "")


def _is_plain(grounds: Grounds) -> bool:
    """Say whether the heading is the kind's name and nothing else: Weekly tasks, not Weekly KPIs to track."""
    rest = _BESIDE.sub(" ", _REMARK.sub(" ", grounds.headings.sub(" ", _nearest(grounds))))
    return not any(letter.isalpha() for letter in rest)


def weighed(outcomes: Sequence[RowOutcome]) -> list[RowOutcome]:
    """Return what became of rows that stand together, with a question where little speaks for a reading."""
    known = [(outcome.grounds.kind, outcome) for outcome in outcomes if outcome.grounds is not None]
    neighbours = _Neighbours(
        entries=len(outcomes),
        rows=sum(outcome.fate is not RowFate.ASIDE for outcome in outcomes),
        alike=Counter(kind for kind, _ in known),
        valued={kind for kind, outcome in known if any(map(states_value, outcome.clauses))},
        describes=any(issubclass(kind, Routine | SecurityRoutine) for kind, _ in known)
        and any(names_an_attribute(_KEY_END.split(outcome.text)[0]) for outcome in outcomes),
    )
    return [_asked(outcome, neighbours) for outcome in outcomes]


def _asked(outcome: RowOutcome, neighbours: _Neighbours) -> RowOutcome:
    grounds = outcome.grounds if outcome.fate is RowFate.READ else None
    if grounds is None:
        return outcome
    weight = neighbours.weight(grounds)
    if weight < _LEAST:
        return unread(outcome.line, outcome.text, _question(grounds), grounds)
    if weight < _LEAST + _ASIDE and not grounds.section.is_of_operations:
        title, kind = heading_text(grounds.section.about), KINDS[grounds.kind.kind]
        question = Message("design.title-of-something-else", title=title, kind=kind)
        return unread(outcome.line, outcome.text, question, grounds)
    return outcome


def states_value(clause: Clause) -> bool:
    """Say whether the clause has a value of a type, not only words: a time, a limit, a level, channels."""
    values = (getattr(clause, field.name) for field in fields(clause) if field.name not in _COMMON)
    parts = (part for value in values for part in (value if isinstance(value, tuple) else (value,)))
    return any(isinstance(part, Enum) or not isinstance(part, str | bool | None) for part in parts)


def _question(grounds: Grounds) -> Message:
    kind = KINDS[grounds.kind.kind]
    other = _rival(grounds.kind, grounds.section)
    if other is NOTHING:
        return Message("design.little-speaks-for", kind=kind)
    return Message("design.two-kinds-of-little", kinds=(kind, other))


def _rival(kind: type[Clause], section: DocumentSection) -> Message:
    """Return the other kind that the headings name nearest; nothing if there is none."""
    entries = (shape for group in ENTRIES for shape in group if shape.key is None)
    named = [
        *((shape.kind, shape.headings) for shape in TABLES),
        *((shape.kind, shape.headings) for shape in entries),
    ]
    near = [(section.nearness(headings), other) for other, headings in named if other is not kind]
    best, other = max(near, key=lambda pair: pair[0])
    return KINDS[other.kind] if best > 1 else NOTHING
