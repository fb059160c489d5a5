"""Whether a row is meant to hold now, or only planned, proposed, an example, or still to be filled in."""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from toban.design.clauses.decisions import Decision
from toban.design.clauses.duty import DutyRole
from toban.design.clauses.notices import NotificationRule
from toban.design.clauses.release import DeployFlow, DeployRule, ReleaseSchedule, RollbackProcedure
from toban.design.markdown import Block, Heading
from toban.design.reading.document.title import states_none
from toban.design.reading.entries import split_key
from toban.design.reading.environments import another_environment
from toban.design.reading.outcome import RowFate, RowOutcome
from toban.design.section import DocumentSection, heading_text, heading_words, normalise
from toban.design.shapes.shape import words
from toban.message import NOTHING, Message

_ELSEWHERE = words(
    "将来|今後の|次期|ロードマップ|改善(?:計画|提案|案|項目|ロードマップ|アクション)|アクション(?:アイテム|プラン)|今すぐやる"
    "|残課題|検討(?:事項|課題|中)|要検討|未自動化|未実装|未対応|[(（]案[)）]"
    r"|(?<![起立議答図懸])案$|改善(?:された|後の)"
    "|サンプル|テンプレート|雛形|ひな形|(?:記入|出力|レポート|報告書?)例"
    r"|[(（](?:任意|オプション|optional)[)）]"
    r"|(?:設定|構成|手順|項目|ルール|対応|運用)例$|[(]例[)]"
    "|(?:レポート|報告書?)の?(?:構成|様式|書式|フォーマット|レイアウト)"
    "|(?:マニュアル|手順書|ドキュメント|文書)の?(?:作成|整備)(?:項目|計画|予定|対象|リスト)?$"
    r"|デモ(?:用|環境|アカウント|データ)|テスト用|ダミー"
    r"|\b(?:demo|dummy|seed(?:ed)? data|test (?:accounts?|users?|data))\b"
    "|不要な(?:監視|バックアップ|通知|作業)|(?:監視|バックアップ|通知|実施)し?ないもの|(?:監視|バックアップ)対象外"
    r"|\b(?:future|roadmap|backlog|todo|action items?|planned improvements?|improvement (?:plan|areas?)"
    r"|(?:report|plan) (?:format|layout|structure|outline)|out of scope|not (?:monitored|backed up|in scope)"
    r"|samples?|templates?|proposals?|proposed)\b|^examples?\b"
)
"""Headings of what does not hold: plans, open points, samples, what is left out."""

_QUESTIONS = words(r"よくある(?:ご?質問|問い?合わせ)|\bfaqs?\b|\bq ?& ?a\b|frequently asked")
"""Headings of answers to readers, who are told what to expect."""

_DRAFT = words(r"(?:目標|値|水準|基準|閾値|しきい値|頻度|方針|方式|時間|期間|手段|担当|割当)案$")
"""How a column's name ends whose values are only suggested."""

_NOW = words("現状(?:値)?|現在(?:値|の状態)?|as-?is|current(?:state|value|performance)?|today")
_BETTER = words(
    "改善(?:施?策|案|内容|計画|アクション|方法)?|施策|強化策|to-?be|improvements?(?:action|plan)?"
    r"|(?:target|目標(?:値)?)\(\d+(?:m|y|か月|ヶ月|年|months?|years?)[^()]*\)"
)
"""The columns of a plan: what is now, and what will make it better."""

_DEADLINE = words(
    "(?:対応|完了|実施|導入)?(?:期限|期日)|(?:完了|実施|導入|対応|リリース)予定(?:日|時期)?|(?:導入|実施)時期"
    "|due(?:date|by)?|deadline|eta|target(?:date|quarter)|planned(?:date|for)|complet(?:e|ion)(?:by|date)"
)
_ONE_DAY = words(
    r"(?:\d{4}[-/年.] ?)?\d{1,2}(?:[-/.]|月 ?)\d{1,2}日?(?: ?\([月火水木金土日]\))?(?: ?まで)?"
    r"|\d{4}[-/年.] ?\d{1,2}月?(?: ?末| ?まで)?"
    r"|\d{4}年?度?[ /-]?(?:q[1-4]|第[1-4一二三四]四半期|[上下]期|[春夏秋冬]|末|中)|q[1-4][ /-]?\d{4}"
    r"|(?:end of )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* "
    r"(?:\d{1,2}(?:st|nd|rd|th)?,? )?\d{4}"
    "|(?:今|来)(?:週|月|期|年度?)(?:末|中)?"
)
"""A deadline that is not met again: work that is done once."""

_TAKEN_BACK = (
    "案(?![件内分])|予定(?![外時通])|将来|今後|未実装|未定|未確定|要設定|検討中"
    "|planned|proposed|future|tbd|todo|not implemented"
)
_UNWRITTEN = "作成中|執筆中|準備中|未作成|作成予定|work in progress|wip|to be written|draft"
_MARKED = re.compile(
    rf"[(（\[【](?:{_TAKEN_BACK}|{_UNWRITTEN})[^()（）\[\]【】:：]{{0,8}}[)）\]】]"
    r"|\[(?:todo|tbd)\b[^\[\]]*\]|未実装|未確定|\bnot (?:yet )?implemented\b|\bnot backed up\b"
    r"|\bto be (?:implemented|built|added|defined|written|set up|configured|decided|determined)\b"
)
"""Marks within a text that take back what the row says."""

_STATUS = words(
    "未着手|計画中|予定|検討中|未導入|未対応|案|(?:将来|今後)(?:実装|対応|導入|検討)(?:予定)?|(?:必要|要望)時に(?:実装|導入)"
    "|planned|proposed|not (?:yet )?started"
)
"""What a cell of its own says of its row."""

_NOT_DONE = words(
    "不要|必要なし|対象外|実施しない|オンデマンド|on[- ]?demand|not required|n/?a|not applicable"
)
"""What a row may have in the place of its value; it then has no value that could be kept."""


_CONSIDERED = words(r"\d\S*検討$")
"""A figure that is not decided yet: 30日〜90日検討."""
_BLANK = re.compile(r"\[[^\[\]]*[^\W\d_][^\[\]]*\]|<[^<>=]*[^\W\d_][^<>=]*>|\{\{?[^{}]+\}?\}")
"""What stands where an author is still to write: [Owner], <service>, {{ team }}."""

_PER_ENVIRONMENT = (DeployRule, DeployFlow, ReleaseSchedule, RollbackProcedure)
"""What is said of each environment, and not only of production."""

_PHASE = words(
    r"[^a-zぁ-んァ-ヶ一-龠]*(?P<word>フェーズ|段階|ステージ|phase|stage) ?[0-9a-zⅰ-ⅹ]{1,3}(?![0-9a-z])"
)
_IS_NOW = words(r"[(\[【](?:現状|現在|現行|now|current)[^()\[\]【】]{0,12}[)\]】]")


def other_phases(blocks: Iterable[Block]) -> frozenset[Heading]:
    """Return the headings of the phases beside the one that is marked as current: フェーズA（現状）."""
    series: defaultdict[tuple[int, str], list[Heading]] = defaultdict(list)
    for block in blocks:
        if isinstance(block, Heading) and (phase := _PHASE.match(normalise(block.text))):
            series[block.level, phase["word"]].append(block)
    return frozenset(
        heading
        for phases in series.values()
        if any(_is_now(phase) for phase in phases)
        for heading in phases
        if not _is_now(heading)
    )


def _is_now(heading: Heading) -> bool:
    return _IS_NOW.search(normalise(heading.text)) is not None


def why_not_in_force(section: DocumentSection, outcome: RowOutcome, header: tuple[str, ...] = ()) -> Message:
    """Return by which words the author says that the row does not hold now; nothing if it does.

    A row of a table also says so by its columns, *header*. A row that was not understood may say so in the
    place of its value, too (頻度: 不要).
    """
    above = _heading_of_none(section)
    if above:
        return Message("design.heading-not-in-force", heading=heading_text(above))
    if not any(isinstance(clause, _PER_ENVIRONMENT) for clause in outcome.clauses):
        other = another_environment(section.words)
        if other:
            return Message("design.another-environment", heading=other)
    said = normalise(outcome.text)
    mark = _MARKED.search(said)
    words = (
        mark.group()
        if mark
        else next((piece for piece in _said_by(outcome) if _takes_back(piece, outcome)), "")
    )
    if words:
        return Message("design.marked-not-in-force", words=words.strip("()[]【】 ") or words)
    return _why_planned(header, said) if header else NOTHING


def _heading_of_none(section: DocumentSection) -> str:
    """Return the title or heading above that says what below it no rule is; empty if there is none."""
    title = section.about
    if states_none(title) or _MARKED.search(heading_words(title)):
        return title
    return next(
        (
            heading
            for heading in section.words
            if any(kind.search(heading) for kind in (_ELSEWHERE, _MARKED, _QUESTIONS))
        ),
        "",
    )


def _takes_back(piece: str, outcome: RowOutcome) -> bool:
    """Say whether a cell, key or value says of its row that it is planned, not done or not filled in yet."""
    bare = piece.strip("()[]【】 ")
    if _CONSIDERED.search(bare) and any(isinstance(clause, Decision) for clause in outcome.clauses):
        return True
    if outcome.fate is not RowFate.READ:
        return _STATUS.fullmatch(bare) is not None or _NOT_DONE.fullmatch(bare) is not None
    # Who holds a role, or is told, is asked by name: the rest of such a row stands.
    is_blank = _BLANK.fullmatch(piece) and not any(
        isinstance(clause, DutyRole | NotificationRule) for clause in outcome.clauses
    )
    return _STATUS.fullmatch(bare) is not None or bool(is_blank)


def _why_planned(header: tuple[str, ...], said: str) -> Message:
    """Return why a table with these columns is a draft or a plan, or its row work that is done once."""
    draft = next((column for column in header if _DRAFT.search(normalise(column).strip("* "))), None)
    if draft is not None:
        return Message("design.columns-of-a-draft", column=draft)
    plan = (_column(header, _NOW), _column(header, _BETTER))
    if None not in plan:
        columns = " | ".join(header[index] for index in plan if index is not None)
        return Message("design.columns-of-a-plan", columns=columns)
    deadline = _column(header, _DEADLINE)
    cells = said.split(" | ") if deadline is not None else []
    if deadline is not None and deadline < len(cells) and _ONE_DAY.fullmatch(cells[deadline].strip()):
        return Message("design.done-once", column=header[deadline], words=cells[deadline].strip())
    return NOTHING


@lru_cache(maxsize=256)
def _column(header: tuple[str, ...], name: re.Pattern[str]) -> int | None:
    """Return the index of the column of this name."""
    names = (normalise(column).replace(" ", "").strip("*") for column in header)
    return next((index for index, column in enumerate(names) if name.fullmatch(column)), None)


def _said_by(outcome: RowOutcome) -> list[str]:
    """Return the cells, or the key and the value, of the row; of several entries read as one, of each."""
    is_record = outcome.grounds is not None and outcome.grounds.columns
    lines = outcome.text.split("\n") if is_record else [outcome.text]
    return [piece for line in lines for piece in _pieces(normalise(line))]


def _pieces(text: str) -> list[str]:
    cells = text.split(" | ")
    if len(cells) > 1:
        return [cell.strip() for cell in cells]
    return [part.strip() for part in split_key(text)]
