"""The document's words are shown as written, and never become markup."""

from tests.registered import PARTS

from toban.design.reader import read_design
from toban.faces.document.live import unknown_row
from toban.faces.document.outline import outline
from toban.faces.web.document.skeleton import filled, skeleton

DOCUMENT = """# 運用設計書
## 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| `<script>alert(1)</script>` | CPU使用率 | 0-60% | 70% | 85% | 1分 |
"""


def page(document: str = DOCUMENT) -> str:
    built = outline(read_design(document, "d.md"))
    return filled(skeleton(built, PARTS.row_kinds), {each: unknown_row(each) for each in built.clauses}, {})


def test_markup_in_the_document_is_shown_as_text() -> None:
    shown = page()

    assert "<script>" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown


def test_a_row_with_an_unknown_status_is_never_green() -> None:
    shown = page()

    assert "測定不能" in shown
    assert "適合" not in shown


def test_a_verdict_has_a_shape_and_a_word_and_links_to_its_evidence() -> None:
    shown = page()

    assert '<span class="mark" aria-hidden="true">?</span> <b>測定不能</b>' in shown
    assert 'href="/clauses/monitoring/monitor/' in shown


def test_rows_show_their_value_and_a_trend_if_there_is_a_series() -> None:
    monitors = page()
    objectives = page("# 運用設計書\n## 運用目標\n| 項目 | 目標値 |\n|---|---|\n| 稼働率 | 99.9% |\n")

    assert '<output class="value" data-value="monitoring/monitor/' in monitors
    assert 'data-spark="monitoring/monitor/' in monitors
    assert '<output class="value" data-value="objectives/objective/稼働率"' in objectives
    assert "data-spark" not in objectives
