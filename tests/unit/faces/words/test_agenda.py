"""The name of a row where the row itself is not shown."""

import pytest

from toban.design.reader import read_design
from toban.faces.words.agenda import name, title

DESIGN = read_design(
    """# 運用設計書
## 2. 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Web | CPU使用率 | 0-60% | 70% | 85% | 1分 |
### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 警告 (Warning) | 開発担当者 | Slack | 即時 |
## 6. バッチ処理
### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B001 | 集計 | 日次 | 深夜4:00 | 前日の売上の集計 | 再実行 |
""",
    "運用設計書.md",
)


@pytest.mark.parametrize(
    ("kind", "called", "titled"),
    [
        ("monitor", "Web CPU使用率", "監視項目 Web CPU使用率"),
        ("notification-rule", "警告 (Warning)", "アラート通知 警告 (Warning)"),
        ("batch", "B001 集計", "バッチ B001 集計"),
    ],
)
def test_a_row_is_named_by_its_key_as_the_document_writes_it(kind: str, called: str, titled: str) -> None:
    (row,) = (each for each in DESIGN.clauses if each.kind == kind)

    assert (name(row), title(row)) == (called, titled)
