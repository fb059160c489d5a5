"""Whether a row is meant to hold now, or only planned, proposed, an example, or still to be filled in."""

import re

from toban.design.reading.entries import split_key
from toban.design.section import DocumentSection, heading_text, normalise
from toban.design.shapes.shape import words
from toban.message import NOTHING, Message

_ELSEWHERE = words(
    "将来|今後の|次期|ロードマップ|改善(?:計画|提案|案|項目|ロードマップ)|アクション(?:アイテム|プラン)|今すぐやる"
    "|残課題|検討(?:事項|課題|中)|要検討|未自動化|未実装|未対応|[(（]案[)）]"
    "|サンプル|テンプレート|雛形|ひな形|(?:記入|出力|レポート|報告)例"
    r"|\b(?:future|roadmap|backlog|todo|action items?|planned improvements?|improvement (?:plan|areas?)"
    r"|samples?|templates?|proposals?|proposed)\b"
)
"""Headings of what does not hold: plans, open points, samples."""

_TAKEN_BACK = (
    "案|予定|将来|今後|未実装|未定|未確定|要設定|検討中|planned|proposed|future|tbd|todo|not implemented"
)
_MARKED = re.compile(
    rf"[(（\[【](?:{_TAKEN_BACK})[^()（）\[\]【】:：]{{0,8}}[)）\]】]"
    r"|未実装|未確定|\bnot (?:yet )?implemented\b"
)
"""Marks within a text that take back what the row says."""

_STATUS = words("未着手|計画中|予定|検討中|未導入|未対応|案|planned|proposed")
"""What a cell of its own says of its row."""

_NOT_DONE = words(
    "不要|必要なし|対象外|実施しない|オンデマンド|on[- ]?demand|not required|n/?a|not applicable"
)
"""What a row may have in the place of its value; it then has no value that could be kept."""


def why_not_in_force(section: DocumentSection, text: str, *, is_read: bool) -> Message:
    """Return by which words the author says that the row does not hold now; nothing if it does.

    A row that was not understood may say so in the place of its value, too (頻度: 不要).
    """
    for heading in section.words:
        if _ELSEWHERE.search(heading):
            return Message("design.heading-not-in-force", heading=heading_text(heading))
    said = normalise(text)
    mark = _MARKED.search(said)
    if mark is not None:
        return Message("design.marked-not-in-force", words=mark.group().strip("()[]【】"))
    for piece in _pieces(said):
        if _STATUS.fullmatch(piece) or (not is_read and _NOT_DONE.fullmatch(piece)):
            return Message("design.marked-not-in-force", words=piece)
    return NOTHING


def _pieces(text: str) -> list[str]:
    cells = text.split(" | ")
    if len(cells) > 1:
        return [cell.strip("()[]【】 ") for cell in cells]
    return [part.strip("()[]【】 ") for part in split_key(text)]
