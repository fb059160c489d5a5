"""Placeholders, assumptions, repeated rows, empty tables, unread rows."""

from collections.abc import Callable

import pytest

from toban.design.finding import Finding

type Find = Callable[[str, str], list[Finding]]


def duty(holder: str) -> str:
    return f"""# 運用設計書

## 運用方針

### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | {holder} | 平日9:00-18:00 |
"""


@pytest.mark.parametrize(
    "blank", ["[氏名]", "[電話/Slack]", "【要確認】", "TBD", "090-XXXX-XXXX", "未定", "○○"]
)
def test_a_placeholder_is_found(find: Find, blank: str) -> None:
    (finding,) = find("XX002", duty(blank))

    assert str(finding.message) == f"「{blank}」が埋められていません"


@pytest.mark.parametrize(
    "value", ["山田", "情報システム部 [第2係]", "当番表による", "【公式】サポート窓口", "5xxの担当", "N/A"]
)
def test_a_filled_value_is_not_a_placeholder(find: Find, value: str) -> None:
    assert find("XX002", duty(value)) == []


def test_a_row_repeated_word_for_word_is_reported_as_identical(find: Find) -> None:
    text = duty("山田") + "| 運用責任者 | 山田 | 平日9:00-18:00 |\n"

    (finding,) = find("XX004", text)

    assert finding.origin.line == 9
    assert str(finding.message) == "8行目と同じ行です"


def test_an_overview_that_repeats_some_values_raises_no_finding(find: Find) -> None:
    batches = """# 運用設計書

## バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| J01 | 在庫の同期 | 日次 | 1:15 | 倉庫との突き合わせ | 再実行 |

### 実行スケジュール一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 |
|---|---|---|---|
| J01 | 在庫同期 | 日次 | {} |
"""

    assert find("XX004", batches.format("1:15")) == []
    assert [finding.origin.line for finding in find("XX004", batches.format("1:45"))] == [13]


def test_a_table_of_empty_rows_counts_as_empty(find: Find) -> None:
    empty = """# 運用設計書

## 障害対応

### 障害レベル定義
| レベル | 定義 | 対応時間 |
|---|---|---|
| | | |
"""

    assert [finding.origin.line for finding in find("XX005", empty)] == [6]


def test_a_class_of_status_codes_is_not_a_placeholder(find: Find) -> None:
    monitors = """# 運用設計書

## 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| API | HTTP 5xx | 0-10 | 10 | 50 | 1分 |
"""

    assert find("XX002", monitors) == []
