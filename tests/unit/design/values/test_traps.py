"""Texts from real documents that a careless reader gets wrong, one test each."""

from datetime import UTC, date, datetime, time

import pytest

from toban.design.values.duration import read_duration, read_within
from toban.design.values.hours import read_hours
from toban.design.values.money import read_budget_alert
from toban.design.values.people import (
    ChannelKind,
    ChannelRef,
    Placeholder,
    Role,
    is_placeholder,
    read_channels,
    read_recipients,
    read_ways,
)
from toban.design.values.schedule import Cadence, Weekday, join_schedule, read_schedule, read_schedules
from toban.design.values.severity import IncidentSeverity, read_incident_severity
from toban.design.values.threshold import Comparison, read_range, read_threshold


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("日次 (深夜2:00)", "日次 02:00"),
        ("毎月第2日曜日 2:00-4:00 (計画メンテナンス)", "毎月第2日曜 02:00-04:00"),
        ("月末23:00", "毎月末 23:00"),
        ("第1月曜", "毎月第1月曜"),
        ("1時間毎", "1時間毎"),
        ("四半期毎", "四半期毎"),
        ("毎週月曜10:00", "毎週月曜 10:00"),
        ("月・水・金曜 10:00", "毎週月・水・金曜 10:00"),
        ("毎時15分", "毎時15分"),
        ("毎月5営業日", "毎月第5営業日"),
        ("最終営業日", "毎月最終営業日"),
        ("最終金曜日 18:00", "毎月最終金曜 18:00"),
        ("隔週金曜 15:00", "隔週金曜 15:00"),
        ("平日 9:00", "平日 09:00"),
        ("4月", "年次 4月"),
        ("年2回以上", "年2回"),
        ("随時", "随時"),
        ("緊急バグ修正時", "緊急バグ修正時"),
        ("デプロイごと", "デプロイごと"),
        ("first Monday", "毎月第1月曜"),
        ("Monthly (1st biz day)", "毎月第1営業日"),
        ("every 15 minutes", "15分毎"),
        ("0 2 * * 0", "毎週日曜 02:00"),
        ("0 */6 * * *", "6時間毎"),
        ("２４時間毎", "24時間毎"),
    ],
)
def test_a_schedule_reads_as_its_author_meant(text: str, canonical: str) -> None:
    assert str(read_schedule(text)) == canonical


def test_the_first_of_the_month_is_not_read_as_sunday() -> None:
    first, sunday = read_schedule("1日 03:00"), read_schedule("日 03:00")

    assert str(first) == "毎月1日 03:00"
    assert str(sunday) == "毎週日曜 03:00"


def test_once_a_day_is_daily_and_within_a_day_is_not_a_schedule() -> None:
    assert str(read_schedule("1日1回")) == "日次"
    assert read_schedule("1日以内") is None
    assert str(read_within("1日以内")) == "1日"


def test_am_next_to_a_24_hour_time_changes_nothing() -> None:
    schedule = read_schedule("毎日 02:00 AM（JST）")

    assert schedule is not None
    assert (schedule.at, schedule.zone) == (time(2), "Asia/Tokyo")


@pytest.mark.parametrize(
    ("text", "zone"),
    [("JST 9:00", "Asia/Tokyo"), ("daily at 02:00 UTC", "UTC"), ("9:00 CET", "Europe/Paris")],
)
def test_a_time_zone_is_read_anywhere_in_the_cell(text: str, zone: str) -> None:
    schedule = read_schedule(text)

    assert schedule is not None
    assert schedule.zone == zone


def test_spaces_inside_a_schedule_do_not_matter() -> None:
    assert read_schedule("第 1 水曜 15:00 JST") == read_schedule("第1水曜15:00JST")


@pytest.mark.parametrize(
    ("frequency", "clock", "canonical"),
    [
        ("月次", "1日 03:00", "毎月1日 03:00"),
        ("週次", "日曜 04:00", "毎週日曜 04:00"),
        ("日次", "深夜3:00", "日次 03:00"),
        ("月次", "月末23:00", "毎月末 23:00"),
        ("5分毎", "-", "5分毎"),
    ],
)
def test_frequency_and_clock_in_two_columns_are_one_schedule(
    frequency: str, clock: str, canonical: str
) -> None:
    assert str(join_schedule(frequency, clock)) == canonical


def test_a_frequency_that_contradicts_its_clock_is_not_read() -> None:
    assert join_schedule("日次", "1日 03:00") is None


def test_the_single_character_of_monday_is_monday() -> None:
    schedule = read_schedule("月")

    assert schedule is not None
    assert schedule.weekdays == (Weekday.MONDAY,)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("日次（フル） + 1時間ごと（増分）", ["日次", "1時間毎"]),
        ("変更時、日次", ["変更時", "日次"]),
        ("週次または必要時", ["週次", "随時"]),
    ],
)
def test_a_cell_may_hold_several_schedules(text: str, canonical: list[str]) -> None:
    schedules = read_schedules(text)

    assert schedules is not None
    assert [str(schedule) for schedule in schedules] == canonical


@pytest.mark.parametrize(
    "text",
    [
        "毎日フル、15 分ごと WAL（保持 30 日）",
        "適宜",
        "日次〜時間単位",
        "1分",
        "9-18 PST",
        "HH:MM",
        "",
        "-",
    ],
)
def test_text_that_is_not_fully_understood_is_not_a_schedule(text: str) -> None:
    assert read_schedules(text) is None


def test_a_vague_time_of_day_is_read_with_an_assumption() -> None:
    schedule = read_schedule("毎週水曜深夜")

    assert schedule is not None
    assert schedule.at == time(2)
    assert list(map(str, schedule.assumptions)) == ["「深夜」を2:00と解釈しました"]


def test_a_clock_time_next_to_a_vague_time_needs_no_assumption() -> None:
    schedule = read_schedule("毎朝8:00")

    assert schedule is not None
    assert (schedule.cadence, schedule.at, schedule.assumptions) == (Cadence.DAILY, time(8), ())


@pytest.mark.parametrize(
    ("text", "comparison", "limit"),
    [
        ("> 80%", Comparison.ABOVE, "80%"),
        ("<70%", Comparison.BELOW, "70%"),
        ("＞＝ ８０％", Comparison.AT_LEAST, "80%"),
        ("80%以上", Comparison.AT_LEAST, "80%"),
        ("500ms 超", Comparison.ABOVE, "500ms"),
        ("14日未満", Comparison.BELOW, "14日"),
        ("< 14 days", Comparison.BELOW, "14日"),
        ("空き20%未満", Comparison.BELOW, "20%"),
        ("> 100K", Comparison.ABOVE, "100,000"),
        ("> 25秒 (timeout間近)", Comparison.ABOVE, "25秒"),
        ("庫内温度 -18℃超", Comparison.ABOVE, "-18°C"),
        ("S3 エラー > 5%", Comparison.ABOVE, "5%"),
        ("above 80%", Comparison.ABOVE, "80%"),
        ("falls below 99%", Comparison.BELOW, "99%"),
        ("queue depth at least 10", Comparison.AT_LEAST, "10"),
        ("no more than 5", Comparison.AT_MOST, "5"),
    ],
)
def test_a_limit_keeps_its_direction(text: str, comparison: Comparison, limit: str) -> None:
    threshold = read_threshold(text)

    assert threshold is not None
    assert (threshold.comparison, str(threshold.limit), threshold.is_bare) == (comparison, limit, False)


def test_a_bare_limit_leaves_its_direction_to_the_row() -> None:
    threshold = read_threshold("70%")

    assert threshold is not None
    assert threshold.is_bare
    assert str(threshold.directed(Comparison.AT_MOST)) == "70%以下"


@pytest.mark.parametrize(
    "text", ["80%以上が5分継続", "> 80% (5分間)", ">90% for 5分", "2% 超 5 分", "> 80% 持続5分"]
)
def test_a_condition_that_must_last_keeps_how_long(text: str) -> None:
    threshold = read_threshold(text)

    assert threshold is not None
    assert threshold.sustained == read_duration("5分")


def test_a_metric_named_inside_the_condition_is_kept() -> None:
    threshold = read_threshold("ELTExecutionDelay > 90 分が 2 データポイント連続")

    assert threshold is not None
    assert (threshold.subject, str(threshold.limit), threshold.consecutive) == (
        "ELTExecutionDelay",
        "90分",
        2,
    )


@pytest.mark.parametrize(
    ("text", "window", "limit"), [("5分間に10件以上", "5分", "10件"), ("> 50/min", "1分", "50")]
)
def test_a_count_in_a_window_keeps_the_window(text: str, window: str, limit: str) -> None:
    threshold = read_threshold(text)

    assert threshold is not None
    assert (str(threshold.within), str(threshold.limit)) == (window, limit)


@pytest.mark.parametrize(
    "text",
    [
        "成功率<95% または処理時間>15分",
        "成功率≥99%, 処理時間≤10分",
        "通常の10倍以上のアクセス",
        "前週比+50%",
        "基準値 ±50%",
        "失敗",
        "desired未満",
        "",
    ],
)
def test_several_limits_and_relative_ones_are_not_a_threshold(text: str) -> None:
    assert read_threshold(text) is None


@pytest.mark.parametrize(
    ("text", "canonical"), [("0-60%", "0-60%"), ("0〜300ms", "0-300ms"), ("< 70%", "70%以下")]
)
def test_a_normal_range_reads_with_or_without_its_lower_end(text: str, canonical: str) -> None:
    assert str(read_range(text)) == canonical


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("Critical", IncidentSeverity.CRITICAL),
        ("P0 - Critical", IncidentSeverity.CRITICAL),
        ("高（P2）", IncidentSeverity.HIGH),
        ("SEV-2（重大）", IncidentSeverity.CRITICAL),
        ("P3", IncidentSeverity.MEDIUM),
        ("軽微", IncidentSeverity.LOW),
    ],
)
def test_a_severity_word_takes_precedence_over_a_number(text: str, severity: IncidentSeverity) -> None:
    assert read_incident_severity(text) is severity


def test_a_support_tier_is_not_a_severity() -> None:
    assert read_incident_severity("L1") is None


def test_a_channel_keeps_its_address_and_loses_its_note() -> None:
    assert read_recipients("Slack#monitoring") == (ChannelRef(ChannelKind.SLACK, "#monitoring"),)
    assert read_channels("PagerDuty (P1 / 即時電話・SMS)") == (ChannelRef(ChannelKind.PAGERDUTY),)


def test_roles_channels_and_placeholders_are_distinguished() -> None:
    assert read_recipients("運用責任者、ops@example.com、[氏名]") == (
        Role("運用責任者"),
        ChannelRef(ChannelKind.EMAIL, "ops@example.com"),
        Placeholder("[氏名]"),
    )


@pytest.mark.parametrize("text", ["[電話/Slack]", "090-XXXX-XXXX", "【要確認】", "TBD", "HH:MM", "未定"])
def test_a_placeholder_is_recognised(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize("text", ["-", "", "運用責任者", "24時間365日"])
def test_a_value_is_not_a_placeholder(text: str) -> None:
    assert not is_placeholder(text)


@pytest.mark.parametrize("text", ["土日祝 9:00-17:00", "土・日・祝日 9:00〜17:00"])
def test_weekends_and_holidays_cover_both(text: str) -> None:
    hours, holiday = read_hours(text), date(2025, 7, 21)

    assert hours is not None
    assert [
        hours.covers(datetime(2025, 7, day, 12, tzinfo=UTC), {holiday}) for day in (18, 19, 20, 21, 22)
    ] == [False, True, True, True, False]


@pytest.mark.parametrize(
    "text",
    [
        "月〜金 9:00-18:00（祝日を除く）",
        "月曜〜金曜(祝日除く) 9:00-18:00",
        "平日（祝日を除く）9:00-18:00",
        "9:00-18:00（土日祝を除く）",
    ],
)
def test_excluding_holidays_means_working_hours_wherever_it_is_written(text: str) -> None:
    assert read_hours(text) == read_hours("平日9:00-18:00")


@pytest.mark.parametrize(
    "text", ["平日 9:00-18:00 UTC", "9:00-18:00 PST", "平日祝 9:00-17:00", "祝 9:00-17:00"]
)
def test_hours_in_another_zone_or_on_unknown_days_are_not_read(text: str) -> None:
    assert read_hours(text) is None


@pytest.mark.parametrize("text", ["即時", "なし", "不要", "-", "運用責任者、なし", "None"])
def test_text_that_names_nobody_is_not_a_role(text: str) -> None:
    assert read_recipients(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("090-1234-5678", "090-1234-5678"),
        ("(03)1234-5678", "(03)1234-5678"),
        ("0120-123-456", "0120-123-456"),
        ("+81-90-1234-5678", "+81-90-1234-5678"),
        ("電話: 03-1234-5678", "03-1234-5678"),
        ("03-1234-5678（内線12）", "03-1234-5678"),
    ],
)
def test_a_phone_number_is_a_channel(text: str, number: str) -> None:
    assert read_channels(text) == (ChannelRef(ChannelKind.PHONE, number),)


def test_addresses_separated_only_by_spaces_are_separate_recipients() -> None:
    mail, phone = (
        ChannelRef(ChannelKind.EMAIL, "a@b.example"),
        ChannelRef(ChannelKind.PHONE, "090-1234-5678"),
    )

    assert read_recipients("a@b.example 090-1234-5678") == (mail, phone)
    assert read_recipients("山田 太郎 090-1234-5678") == (Role("山田 太郎"), phone)
    assert read_recipients("運用担当（a@b.example）") == (Role("運用担当"), mail)


@pytest.mark.parametrize("text", ["2024-01-01", "1-2-3", "2025-10-1234"])
def test_dates_and_case_numbers_are_not_phone_numbers(text: str) -> None:
    assert read_channels(text) is None


@pytest.mark.parametrize(
    "text", ["¥550,000（予算比110%）", "¥550,000（予算の110%）", "¥550,000 (対予算110%)"]
)
def test_a_percentage_of_the_budget_may_be_spelled_out(text: str) -> None:
    assert str(read_budget_alert(text)) == "¥550,000 (110%)"


@pytest.mark.parametrize("text", ["Severity 2", "Sev.2", "severity: 2", "Priority 2"])
def test_a_numbered_severity_is_read_when_written_out(text: str) -> None:
    assert read_incident_severity(text) is IncidentSeverity.HIGH


def test_a_two_digit_number_is_not_a_severity() -> None:
    assert read_incident_severity("Severity 12") is None


@pytest.mark.parametrize("text", ["+1", "N+1問題の解消"])
def test_a_plus_before_a_plain_number_is_not_a_phone_number(text: str) -> None:
    assert read_recipients(text) is None


def test_an_unknown_channel_is_kept_as_written() -> None:
    assert read_ways("Mattermost#運用、Slack") == (
        ChannelRef("Mattermost", "#運用"),
        ChannelRef(ChannelKind.SLACK),
    )
    assert read_ways("LINE WORKS") == (ChannelRef(ChannelKind.LINE, word="LINE WORKS"),)


@pytest.mark.parametrize("text", ["", "即時", "なし", "[要確認]", "担当者へ連絡する。折り返しを待つ。"])
def test_text_without_a_channel_is_not_read(text: str) -> None:
    assert read_ways(text) is None
