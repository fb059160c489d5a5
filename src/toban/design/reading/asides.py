"""Sections without rules: a table of contents, a revision history, links."""

from collections.abc import Iterator

from toban.design.markdown import BulletList, CodeBlock, MarkdownTable, NumberedList
from toban.design.reading.outcome import RowOutcome, aside
from toban.design.reading.tables import row_text
from toban.design.section import DocumentSection
from toban.design.shapes.shape import words
from toban.message import Message

# Sections without rules, wherever they are.
_ASIDE = words(
    r"^(?:目次|table of contents|contents|index)$"
    r"|(?:改訂|改版|変更|更新|修正|改定)の?(?:履歴|記録)|^(?:document )?(?:revision|change"
    r"|version) (?:history|log)|change ?log"
    r"|用語(?:集|の定義|定義)?$|glossary"
    r"|^(?:関連|参考|参照)(?:ドキュメント|資料|文書|情報|リンク|url)?|^(?:related|reference)s?\b|\blinks?$|関連リンク"
    r"|承認欄|検印|配布先|^まとめ|^次のステップ|^next steps?|文書(?:基本)?情報|文書管理情報"
    r"|ドキュメント情報|メタデータ"
)


def is_aside(section: DocumentSection) -> bool:
    return any(_ASIDE.search(heading) for heading in section.words)


def set_aside(
    block: MarkdownTable | BulletList | NumberedList | CodeBlock, section: DocumentSection
) -> Iterator[RowOutcome]:
    reason = Message("design.section-without-rules", heading=section.title)
    if isinstance(block, MarkdownTable):
        for row in block.rows:
            yield aside(row.line, row_text(row), reason)
    elif not isinstance(block, CodeBlock):
        for item in block.items:
            yield aside(item.line, item.text, reason)
