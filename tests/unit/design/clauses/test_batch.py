from collections.abc import Callable

import pytest

from toban.design.clauses.batch import Batch, BatchRetry, BatchWatch, Scheduler
from toban.design.reader import Design
from toban.design.values.retry import FailureAction
from toban.design.values.schedule import Cadence, DayOfMonth, Weekday

type Read = Callable[..., Design]

HEADER = ("| バッチID | バッチ名 | 実行頻度 | 実行時間 | 説明 |", "|-|-|-|-|-|")


def test_a_batch_has_everything_in_its_row(read: Read) -> None:
    header = "| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |"
    row = "| B003 | 請求書生成 | 月次 | 月末23:00 | PDF生成 | 再実行、アラート |"

    (batch,) = read("## バッチ一覧", header, "|-|-|-|-|-|-|", row).of(Batch)

    assert (batch.id, batch.batch_id, batch.name, batch.work) == (
        "batch/batch/B003",
        "B003",
        "請求書生成",
        "PDF生成",
    )
    assert (batch.schedule.cadence, batch.schedule.day) == (Cadence.MONTHLY, DayOfMonth(-1))
    assert batch.on_failure == (FailureAction.RERUN, FailureAction.ALERT)


@pytest.mark.parametrize(
    ("often", "when", "day", "weekdays"),
    [
        ("月次", "1日 03:00", DayOfMonth(1), ()),
        ("週次", "日曜 03:00", None, (Weekday.SUNDAY,)),
        ("日次", "03:00", None, ()),
    ],
)
def test_the_first_of_the_month_is_not_read_as_sunday(
    read: Read, often: str, when: str, day: DayOfMonth | None, weekdays: tuple[Weekday, ...]
) -> None:
    (batch,) = read("## バッチ一覧", *HEADER, f"| B1 | 集計 | {often} | {when} | - |").of(Batch)

    assert (batch.schedule.day, batch.schedule.weekdays) == (day, weekdays)
    assert batch.schedule.at is not None
    assert batch.schedule.at.hour == 3


def test_a_running_time_next_to_the_frequency_is_not_a_clock_time(read: Read) -> None:
    (batch,) = read("## バッチ一覧", *HEADER, "| B1 | 集計 | 日次 | 30分 | - |").of(Batch)

    assert (batch.schedule.cadence, batch.schedule.at) == (Cadence.DAILY, None)


def test_a_timetable_of_batch_numbers_is_not_a_list_of_batches(read: Read) -> None:
    design = read(
        "## バッチ運用",
        "### 実行スケジュール",
        "| 時間 | バッチ | 説明 |",
        "|-|-|-|",
        "| 02:00 | B1, B2 | 集計 |",
    )

    assert design.of(Batch) == ()
    assert len(design.unread) == 1


def test_unreadable_schedule_is_named_with_both_cells(read: Read) -> None:
    design = read(
        "## バッチ一覧", *HEADER, "| B1 | 集計 | 日次 | そのうち | - |", "| B2 | 送信 | 日次 | 1:00 | - |"
    )

    assert str(design.unread[0].reason) == "「日次」と「そのうち」を合わせて実施時期として読めません"


def test_a_job_may_be_a_list_below_its_name(read: Read) -> None:
    design = read(
        "# ジョブ仕様", "## 請求書の送付", "- 対象: 会員", "- 処理: 送付する。", "- スケジュール: 毎日 3:00。"
    )

    (batch,) = design.of(Batch)

    assert (batch.name, batch.work, batch.schedule.cadence) == ("請求書の送付", "送付する", Cadence.DAILY)


def test_rules_for_all_batches_are_read_from_list_entries(read: Read) -> None:
    design = read(
        "## バッチ実行方式",
        "- **スケジューラー**: CloudWatch Events / Cron",
        "- **リトライ**: 失敗時3回まで自動リトライ (間隔: 5分、15分、30分)",
        "- **監視**: 開始と終了のログ、実行時間",
    )

    assert [entry.tools for entry in design.of(Scheduler)] == [("CloudWatch Events", "Cron")]
    assert [entry.rule.attempts for entry in design.of(BatchRetry)] == [3]
    assert [entry.aspects for entry in design.of(BatchWatch)] == [("開始と終了のログ", "実行時間")]


def test_a_start_column_without_a_frequency_is_unread(read: Read) -> None:
    header = "| バッチ名 | 実行時刻 | 処理内容 |"

    design = read("## バッチ一覧", header, "|-|-|-|", "| 集計 | 毎日 02:00 | - |", "| 送信 | 03:00 | - |")

    assert [batch.name for batch in design.of(Batch)] == ["集計"]
    assert [str(row.reason) for row in design.unread] == ["バッチの頻度が書かれていません"]


def test_a_batch_with_two_times_runs_at_both(read: Read) -> None:
    (friday, workday) = read(
        "## バッチ一覧", "| ID | バッチ名 | 頻度 | 起動時刻 |", "|-|-|-|-|",
        "| J1 | 集配 | | 毎月第1・第3金曜 5:00 |", "| J2 | 送信 | 平日 | 9:00、13:00、17:30 |",
    ).of(Batch)  # fmt: skip

    assert str(friday.schedule) == "毎月第1金曜 05:00、毎月第3金曜 05:00"
    assert str(workday.schedule) == "平日 09:00、平日 13:00、平日 17:30"


def test_a_batch_with_a_time_for_one_of_two_days_is_unread_rather_than_run_at_one(read: Read) -> None:
    design = read(
        "## バッチ一覧", "| ID | バッチ名 | 実行頻度 |", "|-|-|-|", "| J1 | 集配 | 平日 5:00、月末 |"
    )

    assert design.of(Batch) == ()
    assert "予定が2つ以上" in str(design.unread[0].reason)
