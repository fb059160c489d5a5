"""A cell that says something else: the value changes, and no other character of the document."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from toban.design.reader import read_design
from toban.design.stated.value import StatedValue, TimeReckoning, rewriting
from toban.design.stated.values import (
    BACKUP_GENERATIONS,
    BACKUP_RETENTION,
    BATCH_SCHEDULE,
    LOG_RETENTION,
    MONTHLY_BUDGET,
    RESOURCE_LIMIT,
    STATED,
)
from toban.design.values.schedule import read_schedules

TOKYO = TimeReckoning(ZoneInfo("Asia/Tokyo"))
DOCUMENT = """# 運用設計書
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アクセスログ | HTTP | CloudWatch Logs | 90日 |
| 監査ログ   | 重要操作 | S3      | **1年**  |
| アプリログ | 処理 | CloudWatch Logs | 90日間保持 |
## 4. バックアップ・リストア
### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|---|---|---|---|---|---|
| PostgreSQL | フルバックアップ | 日次 (深夜2:00) | 30世代 | S3 | 30日 |
## 6. バッチ処理
### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B002 | ログ整理 | 日次 | 深夜3:00 | 古いログ削除 | 翌日再実行 |
| B003 | 請求書 | 月次 | 月末23:00 | 請求書PDF生成 | 手動再実行 |
## 9. キャパシティ管理
### リソース使用状況
| リソース | 現在使用量 | 上限 | 使用率 | 次回拡張予定 |
|---|---|---|---|---|
| Webサーバー台数 | 2台 | 10台 | 20% | 使用率70%到達時 |
| DBストレージ | 100GB | 500GB | 20% | 使用率70%到達時 |
## 11. コスト管理
### コスト監視
| 項目 | 月額予算 | アラートしきい値 | 確認頻度 |
|---|---|---|---|
| EC2 | ¥200,000 | ¥220,000 | 日次 |
| RDS | 15万円 | ¥165,000 | 日次 |
"""
ENGLISH = """# Operations design
## 3. Logs
### Log types
| Log type | Content | Destination | Retention |
|---|---|---|---|
| Access log | HTTP | CloudWatch Logs | 90 days |
| Error log | Traces | CloudWatch Logs | forever |
## 6. Batch jobs
### Jobs
| Job ID | Job name | Schedule | Description | On failure |
|---|---|---|---|---|
| J1 | Invoices | 0 2 * * * | PDF | alert |
"""


def after(document: str, name: str, value: StatedValue[Any], real: str) -> str | None:
    """Return the document in which the row with *name* in its id says what *real* is."""
    (row,) = (each for each in read_design(document, "").of(value.kind) if name in each.id)
    return rewriting(document, row, (value, real), TOKYO)


@pytest.mark.parametrize(
    ("name", "value", "real", "before", "expected"),
    [
        ("アクセスログ", LOG_RETENTION, "30日", "CloudWatch Logs | 90日 |", "CloudWatch Logs | 30日 |"),
        ("アクセスログ", LOG_RETENTION, "無期限", "CloudWatch Logs | 90日 |", "CloudWatch Logs | 無期限 |"),
        ("アプリログ", LOG_RETENTION, "14日", "| 90日間保持 |", "| 14日間保持 |"),
        ("監査ログ", LOG_RETENTION, "730日", "| **1年**  |", "| **2年**  |"),
        ("監査ログ", LOG_RETENTION, "400日", "| **1年**  |", "| **400日**  |"),
        ("監査ログ", LOG_RETENTION, "無期限", "| **1年**  |", "| **無期限**  |"),
        ("PostgreSQL", BACKUP_RETENTION, "14日", "| 30世代 | S3 | 30日 |", "| 30世代 | S3 | 14日 |"),
        ("PostgreSQL", BACKUP_GENERATIONS, "7世代", "| 30世代 | S3 | 30日 |", "| 7世代 | S3 | 30日 |"),
        ("Webサーバー台数", RESOURCE_LIMIT, "12", "| 2台 | 10台 |", "| 2台 | 12台 |"),
        ("DBストレージ", RESOURCE_LIMIT, "1000000000000B", "| 100GB | 500GB |", "| 100GB | 1000GB |"),
        ("EC2", MONTHLY_BUDGET, "¥250,000", "| EC2 | ¥200,000 |", "| EC2 | ¥250,000 |"),
        ("RDS", MONTHLY_BUDGET, "¥200,000", "| RDS | 15万円 |", "| RDS | 20万円 |"),
        ("B002", BATCH_SCHEDULE, "30 4 * * *", "| 日次 | 深夜3:00 |", "| 日次 | 深夜4:30 |"),
        ("B002", BATCH_SCHEDULE, "30 14 * * *", "| 日次 | 深夜3:00 |", "| 日次 | 14:30 |"),
        ("B002", BATCH_SCHEDULE, "0 3 * * 1", "| 日次 | 深夜3:00 |", "| 毎週月曜 | 03:00 |"),
        ("B002", BATCH_SCHEDULE, "0 */2 * * *", "| 日次 | 深夜3:00 |", "| 2時間毎 | - |"),
        ("B002", BATCH_SCHEDULE, "0 19 * * * UTC", "| 日次 | 深夜3:00 |", "| 日次 19:00 UTC | - |"),
        ("B003", BATCH_SCHEDULE, "0 22 L * *", "| 月末23:00 |", "| 月末22:00 |"),
    ],
)  # fmt: skip
def test_only_the_value_of_the_cell_changes(
    name: str, value: StatedValue[Any], real: str, before: str, expected: str
) -> None:
    assert DOCUMENT.count(before) == 1

    assert after(DOCUMENT, name, value, real) == DOCUMENT.replace(before, expected)


@pytest.mark.parametrize("columns", ["保持期間", "世代管理 | 保持期間"])
def test_generations_in_the_column_of_periods_are_rewritten_there(columns: str) -> None:
    blank = "- | " if "世代管理" in columns else ""
    document = (
        f"# 運用設計書\n## バックアップ方針\n| 対象 | 方式 | 頻度 | {columns} |\n"
        f"|---|---|---|{'---|' * (columns.count('|') + 1)}\n| DB | フル | 日次 | {blank}4世代 |\n"
    )

    assert after(document, "DB", BACKUP_GENERATIONS, "7世代") == document.replace("4世代", "7世代")


def test_a_row_that_says_it_already_stays_as_it_is() -> None:
    assert after(DOCUMENT, "アクセスログ", LOG_RETENTION, "90日") == DOCUMENT


@pytest.mark.parametrize(
    ("name", "value", "real", "before", "expected"),
    [
        ("Access", LOG_RETENTION, "1日", "| 90 days |", "| 1 day |"),
        ("Access", LOG_RETENTION, "無期限", "| 90 days |", "| forever |"),
        ("Error", LOG_RETENTION, "30日", "| forever |", "| 30 days |"),
        ("J1", BATCH_SCHEDULE, "15 4 * * *", "| 0 2 * * * |", "| 15 4 * * * |"),
    ],
)
def test_an_english_document_is_written_in_english(
    name: str, value: StatedValue[Any], real: str, before: str, expected: str
) -> None:
    assert after(ENGLISH, name, value, real) == ENGLISH.replace(before, expected)


def test_ends_of_lines_and_the_mark_of_the_encoding_stay() -> None:
    document = "\ufeff" + DOCUMENT.replace("\n", "\r\n")

    changed = after(document, "アクセスログ", LOG_RETENTION, "30日")

    assert changed == document.replace("CloudWatch Logs | 90日 |", "CloudWatch Logs | 30日 |")


def test_a_row_without_a_cell_of_its_own_gets_no_proposal() -> None:
    document = "# 運用設計書\n## ログ管理\n### ログ保存期間\n- アプリログ: 90日\n- アクセスログ: 30日\n"

    assert after(document, "アプリログ", LOG_RETENTION, "7日") is None


def test_nothing_is_proposed_by_which_another_row_would_be_read_otherwise() -> None:
    """Merged cells repeat the one above: a change of the first row would change the second, too."""
    document = DOCUMENT.replace(
        "| アクセスログ | HTTP | CloudWatch Logs | 90日 |",
        "| アクセスログ | HTTP | CloudWatch Logs | 90日 |\n| エラーログ | 詳細 | CloudWatch Logs | 〃 |",
    )

    assert after(document, "アクセスログ", LOG_RETENTION, "30日") is None


@pytest.mark.parametrize(
    ("value", "stated", "real", "expected"),
    [
        (LOG_RETENTION, "1年", "365日", True),
        (LOG_RETENTION, "1年", "366日", True),
        (LOG_RETENTION, "1年", "364日", False),
        (LOG_RETENTION, "1年", "367日", False),
        (LOG_RETENTION, "3年", "1096日", True),
        (LOG_RETENTION, "3ヶ月", "90日", True),
        (LOG_RETENTION, "3ヶ月", "94日", False),
        (LOG_RETENTION, "90日", "91日", False),
        (LOG_RETENTION, "無期限", "3650日", False),
        (LOG_RETENTION, "90日", "無期限", False),
        (RESOURCE_LIMIT, "500GB", "495000000000B", True),
        (RESOURCE_LIMIT, "500GB", "494000000000B", False),
        (RESOURCE_LIMIT, "10台", "10", True),
        (RESOURCE_LIMIT, "10台", "11", False),
        (RESOURCE_LIMIT, "10台", "10B", False),
        (BACKUP_GENERATIONS, "30世代", "30世代", True),
        (MONTHLY_BUDGET, "15万円", "¥150,000", True),
        (MONTHLY_BUDGET, "15万円", "$150,000", False),
    ],
)
def test_what_counts_as_the_same(value: StatedValue[Any], stated: str, real: str, expected: bool) -> None:
    assert value.is_same(value.read(stated), value.read(real), TOKYO) is expected


@pytest.mark.parametrize(
    ("real", "expected"),
    [
        ("0 3 * * *", True),
        ("0 18 * * * UTC", True),
        ("0 3 * * * UTC", False),
        ("@daily", False),
        ("1 3 * * *", False),
        ("0 3 * * 1-5", False),
        ("0 3 * * 0-7", True),
    ],
)
def test_schedules_are_the_same_if_they_are_due_at_the_same_times(real: str, expected: bool) -> None:
    (row,) = (each for each in read_design(DOCUMENT, "").of(BATCH_SCHEDULE.kind) if "B002" in each.id)

    stated, found = BATCH_SCHEDULE.of(row), BATCH_SCHEDULE.read(real)
    assert stated is not None
    assert found is not None
    assert BATCH_SCHEDULE.is_same(stated, found, TOKYO) is expected


@pytest.mark.parametrize(
    ("real", "expected"),
    [
        ("*/5 * * * *", True),
        ("*/5 * * * * UTC", True),
        ("*/5 * * * 0-4,6", False),
        ("*/5 * 1-27 * *", False),
        ("*/5 * * 1-11 *", False),
        ("*/5 * * 1,3-12 *", False),
    ],
)
def test_a_batch_of_every_few_minutes_that_is_left_out_on_some_days_is_another(
    real: str, expected: bool
) -> None:
    stated, found = read_schedules("5分毎"), BATCH_SCHEDULE.read(real)
    assert stated is not None
    assert found is not None
    assert BATCH_SCHEDULE.is_same(stated, found, TOKYO) is expected


def test_what_is_no_value_is_not_read() -> None:
    assert BATCH_SCHEDULE.read("@reboot") is None
    assert BATCH_SCHEDULE.read("") is None
    for zone in ("Nowhere/X", "Asia", "../../etc/passwd", "a" * 300, "Asia/ Tokyo"):
        assert BATCH_SCHEDULE.read(f"0 3 * * * {zone}") is None
    assert LOG_RETENTION.read("soon") is None


def test_every_value_has_a_name_and_words() -> None:
    real = ("30日", "無期限", "3世代", "3", "0 3 * * *", "¥5")
    for name, value in STATED.items():
        read = next(found for each in real if (found := value.read(each)) is not None)
        assert name == value.name
        assert str(value.label) != value.label.code
        assert str(value.said(read))
