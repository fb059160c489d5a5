"""The forms of each kind of value in documents, and words that only look like one."""

from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from toban.design.values.duration import Duration, TimeUnit, read_duration, read_generations, read_within
from toban.design.values.hours import read_hours
from toban.design.values.metric import Metric, read_metric
from toban.design.values.money import BudgetAlert, Money, read_budget_alert, read_money
from toban.design.values.people import read_channels, read_recipients
from toban.design.values.quantity import Quantity, read_quantity
from toban.design.values.retry import FailureAction, RetryRule, read_failure_actions, read_retry
from toban.design.values.schedule import Cadence, join_schedule, read_schedule, read_schedules
from toban.design.values.schedule.occurrence import occurrences
from toban.design.values.severity import AlertLevel, read_alert_level
from toban.design.values.threshold import read_range, read_threshold

TOKYO = ZoneInfo("Asia/Tokyo")
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("8.76時間", "8.76", TimeUnit.HOUR),
        ("3か月", "3", TimeUnit.MONTH),
        ("3ヶ月", "3", TimeUnit.MONTH),
        ("3カ月", "3", TimeUnit.MONTH),
        ("24h", "24", TimeUnit.HOUR),
        ("15 min", "15", TimeUnit.MINUTE),
        ("90 days", "90", TimeUnit.DAY),
        ("1営業日", "1", TimeUnit.BUSINESS_DAY),
        ("５　分", "5", TimeUnit.MINUTE),
    ],
)
def test_a_duration_is_read_in_any_spelling(text: str, amount: str, unit: TimeUnit) -> None:
    assert read_duration(text) == Duration(Decimal(amount), unit)


@pytest.mark.parametrize("text", ["即時", "7〜14日", "30日以上", "未定", "1日 03:00", "24世代", "4営業時間"])
def test_text_that_is_not_a_single_duration_is_not_read(text: str) -> None:
    assert read_duration(text) is None


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("1時間以内復旧", "1時間"),
        ("within 30 minutes", "30分"),
        ("< 4 hours", "4時間"),
        ("15 分以内", "15分"),
    ],
)
def test_a_time_limit_is_read_with_what_is_due_by_then(text: str, limit: str) -> None:
    assert str(read_within(text)) == limit


@pytest.mark.parametrize("text", ["即時", "翌営業日以内", "1時間以内に復旧、4時間以内に報告", "1時間以上"])
def test_text_with_no_limit_or_two_limits_is_not_a_time_limit(text: str) -> None:
    assert read_within(text) is None


@pytest.mark.parametrize(("text", "count"), [("30世代", 30), ("7世代保持", 7), ("7 generations", 7)])
def test_generations_are_counted(text: str, count: int) -> None:
    generations = read_generations(text)

    assert generations is not None
    assert generations.count == count


@pytest.mark.parametrize(
    ("length", "expected"),
    [("1年", date(2023, 2, 28)), ("4年", date(2020, 2, 29)), ("1か月", date(2024, 1, 29))],
)
def test_years_and_months_before_a_leap_day_follow_the_calendar(length: str, expected: date) -> None:
    duration = read_duration(length)

    assert duration is not None
    assert duration.before(datetime(2024, 2, 29, 12, tzinfo=TOKYO)).date() == expected


def test_a_month_before_the_31st_is_the_last_of_the_shorter_month() -> None:
    duration = Duration(Decimal(1), TimeUnit.MONTH)

    assert duration.before(datetime(2025, 3, 31, tzinfo=TOKYO)).date() == date(2025, 2, 28)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("70%", "70", "%"),
        ("100GB", "100", "GB"),
        ("8,000ユニット/日", "8000", "ユニット/日"),
        ("100万行", "1000000", "行"),
    ],
)
def test_a_quantity_keeps_its_unit(text: str, value: str, unit: str) -> None:
    assert read_quantity(text) == Quantity(Decimal(value), unit)


@pytest.mark.parametrize(
    "text",
    ["0-60%", "80-95%", "80% <= 利用率 < 95%", "予想の120%超過", "> 80 / 100", "1以上が2回継続", "$10"],
)
def test_ranges_and_relative_conditions_are_not_thresholds(text: str) -> None:
    assert read_threshold(text) is None


@pytest.mark.parametrize("text", ["60-0%", "5-10-15", "100", "前週比 0-10%", "2024-01"])
def test_text_without_two_ordered_ends_is_not_a_range(text: str) -> None:
    assert read_range(text) is None


@pytest.mark.parametrize(
    ("comparison", "below", "at", "above"),
    [
        ("80%以上", False, True, True),
        ("> 80%", False, False, True),
        ("80%以下", True, True, False),
        ("< 80%", True, False, False),
    ],
)
def test_each_comparison_is_exact_at_its_limit(comparison: str, below: bool, at: bool, above: bool) -> None:
    threshold = read_threshold(comparison)

    assert threshold is not None
    reached = tuple(threshold.comparison.holds(value, 80) for value in (79.9, 80, 80.1))
    assert reached == (below, at, above)


def test_a_float_equal_to_the_limit_is_not_above_it() -> None:
    threshold = read_threshold("> 0.1%")

    assert threshold is not None
    assert not threshold.comparison.holds(0.1, float(threshold.limit.value))


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("毎日 24:00", time(0)),
        ("毎日 12:00 AM", time(0)),
        ("毎日 02:00 PM", time(14)),
        ("毎日10時30分", time(10, 30)),
        ("毎晩20:00", time(20)),
    ],
)
def test_a_clock_time_is_read_as_its_author_meant(text: str, clock: time) -> None:
    schedule = read_schedule(text)

    assert schedule is not None
    assert (schedule.cadence, schedule.at) == (Cadence.DAILY, clock)


@pytest.mark.parametrize(
    "text",
    [
        "毎日 30:00",
        "毎月0日",
        "第1週",
        "1/15 09:23",
        "即時",
        "翌営業日",
        "5分集計",
        "[要確認] 日次",
        "日次(検討中)",
        "Per FSA calendar",
        "0 24 * * *",
        "* 24 * 60 *",
        "使用率70%到達時",
    ],
)
def test_text_without_a_rule_for_due_times_is_not_a_schedule(text: str) -> None:
    assert read_schedule(text) is None


def test_a_frequency_and_a_date_column_that_repeat_each_other_agree() -> None:
    assert join_schedule("月1回", "毎月第2火曜日") == read_schedule("毎月第2火曜")


def test_the_days_of_one_month_are_two_schedules() -> None:
    schedules = read_schedules("毎月1日、15日")

    assert schedules is not None
    assert [str(schedule) for schedule in schedules] == ["毎月1日", "毎月15日"]


def due(words: str, start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the due times of the schedule written as *words*."""
    schedule = read_schedule(words)
    assert schedule is not None
    return list(occurrences(schedule, start, end, zone))


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("月末23:00", [(1, 31), (2, 29), (3, 31)]),
        ("毎月31日 9:00", [(1, 31), (3, 31)]),
        ("第5木曜 9:00", [(2, 29)]),
        ("最終営業日 9:00", [(1, 31), (2, 29), (3, 29)]),
        ("第1営業日 9:00", [(1, 1), (2, 1), (3, 1)]),
    ],
)
def test_a_monthly_day_falls_only_where_the_month_has_it(words: str, days: list[tuple[int, int]]) -> None:
    moments = due(words, datetime(2024, 1, 1, tzinfo=TOKYO), datetime(2024, 4, 1, tzinfo=TOKYO), TOKYO)

    assert [(moment.month, moment.day) for moment in moments] == days


def test_a_clock_time_skipped_by_summer_time_is_still_due_that_day() -> None:
    start, end = datetime(2025, 3, 9, tzinfo=NEW_YORK), datetime(2025, 3, 10, tzinfo=NEW_YORK)

    assert [f"{moment:%H:%M}" for moment in due("毎日 2:30", start, end, NEW_YORK)] == ["03:30"]


def test_a_clock_time_that_occurs_twice_is_due_once() -> None:
    start, end = datetime(2025, 11, 2, tzinfo=NEW_YORK), datetime(2025, 11, 3, tzinfo=NEW_YORK)

    assert len(due("毎日 1:30", start, end, NEW_YORK)) == 1


def test_an_hourly_interval_follows_the_length_of_the_day() -> None:
    start, end = datetime(2025, 11, 2, tzinfo=NEW_YORK), datetime(2025, 11, 3, tzinfo=NEW_YORK)

    assert len(due("1時間毎", start, end, NEW_YORK)) == 25


def test_the_start_is_included_and_the_end_is_not() -> None:
    start, end = datetime(2025, 6, 1, 2, tzinfo=TOKYO), datetime(2025, 6, 2, 2, tzinfo=TOKYO)

    assert due("毎日 2:00", start, end, TOKYO) == [start]


@pytest.mark.parametrize("words", ["月次", "日次", "四半期毎", "随時", "変更時", "リアルタイム"])
def test_a_schedule_that_leaves_its_moment_open_has_no_due_times(words: str) -> None:
    assert due(words, datetime(2025, 1, 1, tzinfo=TOKYO), datetime(2026, 1, 1, tzinfo=TOKYO), TOKYO) == []


@pytest.mark.parametrize("text", ["24時間365日", "24/7", "24x7", "24 時間 365 日（オンコール）"])
def test_always_is_recognised_in_any_spelling(text: str) -> None:
    hours = read_hours(text)

    assert hours is not None
    assert hours.is_always


@pytest.mark.parametrize("text", ["平日9-18時", "平日 9:00〜18:00 JST", "平日9時〜18時", "平日 9:00-18:00"])
def test_working_hours_end_at_their_end_and_skip_public_holidays(text: str) -> None:
    hours, holiday = read_hours(text), date(2025, 7, 21)

    assert hours is not None
    assert hours.covers(datetime(2025, 7, 22, 9, 0, tzinfo=TOKYO))
    assert not hours.covers(datetime(2025, 7, 22, 18, 0, tzinfo=TOKYO))
    assert not hours.covers(datetime(2025, 7, 21, 9, 0, tzinfo=TOKYO), {holiday})


def test_a_night_shift_reaches_into_the_next_morning() -> None:
    hours = read_hours("18:00-08:00")

    assert hours is not None
    assert hours.covers(datetime(2025, 7, 22, 7, 59, tzinfo=TOKYO))
    assert not hours.covers(datetime(2025, 7, 22, 8, 0, tzinfo=TOKYO))


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("¥500,000", Money(Decimal(500_000))),
        ("30万円", Money(Decimal(300_000))),
        ("$10", Money(Decimal(10), "USD")),
    ],
)
def test_an_amount_keeps_its_currency(text: str, money: Money) -> None:
    assert read_money(text) == money


@pytest.mark.parametrize("text", ["500,000", "¥", "無料", "¥500,000-600,000", "-¥5"])
def test_a_number_without_a_currency_is_not_money(text: str) -> None:
    assert read_money(text) is None


def test_a_budget_alert_is_an_amount_a_percentage_or_both() -> None:
    amount, share = Money(Decimal(550_000)), Decimal(110)

    assert read_budget_alert("¥550,000 (110%)") == BudgetAlert(amount, share)
    assert read_budget_alert("110%") == BudgetAlert(None, share)
    assert read_budget_alert("80%, 100%") is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("全員（電話・Slack・メール）", ["全員"]),
        ("UptimeRobot → メール + 携帯 Push（Pushover 等）", ["UptimeRobot", "メール", "プッシュ通知"]),
        ("Slack #alerts-warn (P3)", ["Slack#alerts-warn"]),
        ("山田 太郎", ["山田 太郎"]),
    ],
)
def test_recipients_are_read_in_their_order(text: str, names: list[str]) -> None:
    recipients = read_recipients(text)

    assert recipients is not None
    assert [str(recipient) for recipient in recipients] == names


@pytest.mark.parametrize("text", ["運用責任者", "即時", "[電話/Slack]"])
def test_a_person_a_time_and_a_placeholder_are_not_channels(text: str) -> None:
    assert read_channels(text) is None


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("異常 (Critical)", AlertLevel.CRITICAL),
        ("⚠️ 警告", AlertLevel.WARNING),
        ("情報 (Info)", AlertLevel.INFO),
        ("異常/警告", None),
        ("P1", None),
    ],
)
def test_an_alert_level_is_read_only_if_its_words_agree(text: str, level: AlertLevel | None) -> None:
    assert read_alert_level(text) is level


def test_a_retry_rule_keeps_its_delays_in_order() -> None:
    minutes = tuple(Duration(Decimal(amount), TimeUnit.MINUTE) for amount in (5, 15, 30))

    assert read_retry("失敗時3回まで自動リトライ (間隔: 5分、15分、30分)") == RetryRule(3, minutes)


@pytest.mark.parametrize("text", ["再実行しない", "Slack通知", "-", ""])
def test_text_without_an_action_is_not_a_failure_action(text: str) -> None:
    assert read_failure_actions(text) is None


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("CPU", Metric.CPU_USAGE),
        ("応答時間", Metric.RESPONSE_TIME),
        ("5xx率", Metric.ERROR_RATE),
        ("SSL証明書有効期限", Metric.CERTIFICATE_LIFETIME),
        ("CPU温度", None),
        ("GPU使用率", None),
        ("ディスク空き容量", None),
        ("ログインエラー率", None),
    ],
)
def test_a_metric_is_recognised_only_when_unambiguous(text: str, metric: Metric | None) -> None:
    assert read_metric(text) is metric


@pytest.mark.parametrize("text", ["自動リトライ3回、アラート", "retry 3 times, alert"])
def test_counted_retry_is_a_rerun(text: str) -> None:
    assert read_failure_actions(text) == (FailureAction.RERUN, FailureAction.ALERT)


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("cpu_usage_percent", Metric.CPU_USAGE),
        ("queue_length", Metric.QUEUE_LENGTH),
        ("error_rate", Metric.ERROR_RATE),
    ],
)
def test_a_metric_is_recognised_by_its_name_in_an_expression(name: str, metric: Metric) -> None:
    assert read_metric(name) is metric
