"""What counts as a change between two versions."""

from toban.design.diff import Difference, FieldChange, compare
from toban.design.reader import read_design
from toban.message import NOTHING, Message, plain

MONITORS = """# 運用設計書

## 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|------|---------|---------|------|------|---------|
"""
WEB = "| Web | CPU使用率 | 0-70% | 70% | 85% | 1分 |\n"
WEB_LOW = "| Web | CPU使用率 | 0-50% | 50% | 60% | 1分 |\n"
FLOW = """# 運用設計書

## デプロイ・リリース

### デプロイフロー
1. レビュー
2. ステージング環境デプロイ
3. 本番環境デプロイ
"""


def between(old: str, new: str) -> Difference:
    return compare(read_design(old, "old.md"), read_design(new, "new.md"))


def changed_fields(difference: Difference) -> list[FieldChange]:
    return [field for change in difference.changes for field in change.fields]


def test_only_the_changed_value_of_a_row_is_named() -> None:
    difference = between(MONITORS + WEB, MONITORS + WEB.replace("1分", "30秒"))

    assert changed_fields(difference) == [
        FieldChange(Message("design.field-interval"), plain("1分"), plain("30秒"))
    ]


def test_character_width_and_spacing_alone_are_not_a_change() -> None:
    assert not between(MONITORS + WEB, MONITORS + WEB.replace(" ", "  "))


def test_two_rows_with_one_key_may_change_places() -> None:
    assert not between(MONITORS + WEB + WEB_LOW, MONITORS + WEB_LOW + WEB)


def test_if_one_of_two_rows_with_the_same_key_is_removed_the_other_is_unchanged() -> None:
    difference = between(MONITORS + WEB + WEB_LOW, MONITORS + WEB_LOW)

    ((change,), fields) = difference.changes, changed_fields(difference)

    assert change.new is None
    assert change.old is not None
    assert "85%" in change.old.text
    assert fields == []


def test_only_the_added_step_is_shown() -> None:
    new = FLOW.replace("3. 本番", "3. 動作確認\n4. 本番")

    assert changed_fields(between(FLOW, new)) == [
        FieldChange(Message("design.field-steps"), NOTHING, plain("動作確認"))
    ]


def test_the_same_schedule_in_other_words_is_reported_as_a_wording_change() -> None:
    batches = """# 運用設計書

## バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| J01 | 集計 | {} | 1:15 | 前日分 | 再実行 |
"""

    (field,) = changed_fields(between(batches.format("日次"), batches.format("毎日")))

    assert str(field.label) == "文言"


def test_a_changed_unread_row_is_reported() -> None:
    old = MONITORS + WEB + WEB.replace("85%", "高いとき").replace("Web", "DB")

    difference = between(old, old.replace("高いとき", "とても高いとき"))

    assert [row.line for row in (*difference.unread_added, *difference.unread_removed)] == [9, 9]


def test_changes_are_sorted_by_chapter_then_line() -> None:
    old = FLOW + "\n" + MONITORS.removeprefix("# 運用設計書\n") + WEB
    new = old.replace("85%", "86%").replace("レビュー", "相互レビュー")

    chapters = [change.clause.chapter.value for change in between(old, new).changes]

    assert chapters == ["monitoring", "release"]
