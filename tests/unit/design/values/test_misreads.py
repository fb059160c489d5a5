"""Texts that were once read differently from what their author meant, one test each."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from toban.design.values.duration import read_duration, read_retention, read_within
from toban.design.values.hours import read_hours
from toban.design.values.metric import Metric, read_metric
from toban.design.values.people import Role, read_recipients
from toban.design.values.retry import read_retry
from toban.design.values.schedule import Cadence, join_schedule, read_schedule, read_schedules
from toban.design.values.schedule.occurrence import occurrences
from toban.design.values.threshold import read_range, read_threshold

TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("text", "hour"), [("夜8:00", 20), ("夜11:00", 23), ("夜1:00", 1), ("夕方5:00", 17), ("朝8:00", 8)]
)
def test_eight_at_night_is_not_eight_in_the_morning(text: str, hour: int) -> None:
    schedule = read_schedule(text)

    assert schedule is not None
    assert schedule.at == time(hour)


@pytest.mark.parametrize("text", ["1日", "3日", "3営業日", "毎晩 8:00"])
def test_an_ambiguous_duration_or_typo_is_not_a_schedule(text: str) -> None:
    assert read_schedule(text) is None


def test_a_day_of_the_month_needs_only_a_monthly_frequency() -> None:
    assert str(join_schedule("月次", "1日")) == "毎月1日"
    assert str(read_schedule("毎月5営業日")) == "毎月第5営業日"
    assert [str(schedule) for schedule in read_schedules("毎月1日、15日") or ()] == ["毎月1日", "毎月15日"]


@pytest.mark.parametrize("line", ["99 */4 * * *", "*/90 * * * *", "*/0 * * * *"])
def test_a_cron_step_beyond_its_field_is_not_read(line: str) -> None:
    assert read_schedule(line) is None


@pytest.mark.parametrize("line", ["0 */7 * * *", "*/7 * * * *"])
def test_a_cron_step_that_does_not_divide_its_hour_or_day_is_not_an_interval(line: str) -> None:
    schedule = read_schedule(line)

    assert schedule is not None
    assert (schedule.cadence, schedule.cron) == (Cadence.CRON, line)


def test_a_biweekly_schedule_without_its_first_week_has_no_due_times() -> None:
    schedule = read_schedule("隔週金曜 15:00")
    assert schedule is not None
    start, end = datetime(2025, 1, 1, tzinfo=TOKYO), datetime(2025, 3, 1, tzinfo=TOKYO)

    assert list(occurrences(schedule, start, end, TOKYO)) == []


def test_on_demand_next_to_an_event_means_that_event() -> None:
    schedule = join_schedule("随時", "緊急バグ修正時")

    assert schedule is not None
    assert schedule.event == "緊急バグ修正時"


@pytest.mark.parametrize(
    "text",
    [
        "連続3回",
        "3回連続",
        "1分以上不可",
        "30日前",
        "p95 1秒超が継続",
        "持続的に > 70%",
        "連続2回 5xx (HTTPエラー率 > 1%)",
        "> 90% (要確認)",
        "例: 80%",
        "70%（暫定）",
        "SEV-1 の停止",
        "P1障害",
        "レベル 2 の事故",
        "priority 1 outage",
        "GPT-4 の失敗",
    ],
)
def test_a_condition_that_can_only_be_read_in_part_is_not_a_threshold(text: str) -> None:
    assert read_threshold(text) is None


def test_a_range_may_leave_its_lower_end_open() -> None:
    assert str(read_range("～70%")) == "70%以下"


def test_a_capital_m_does_not_mean_minutes() -> None:
    assert read_duration("1M") is None
    assert str(read_duration("5m")) == "5分"


def test_a_note_is_ignored_unless_it_says_the_value_is_undecided() -> None:
    assert str(read_duration("30分（目安）")) == "30分"
    assert str(read_retention("1年 (Glacier)")) == "1年"
    assert read_retention("90日（検討中）") is None


def test_three_runs_a_day_are_not_three_retries() -> None:
    assert read_retry("1日3回再実行") is None
    assert str(read_retry("最大3回リトライ（5分間隔）")) == "3回まで自動リトライ (間隔: 5分)"


def test_a_space_inside_a_metric_does_not_matter() -> None:
    assert read_metric("CPU 使用率") is Metric.CPU_USAGE


def test_an_ampersand_between_letters_is_part_of_the_name() -> None:
    assert read_recipients("R&D部") == (Role("R&D部"),)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("1時間30分", "90分"),
        ("1h30m", "90分"),
        ("1分30秒", "90秒"),
        ("1年6ヶ月", "18ヶ月"),
        ("1年半", "18ヶ月"),
        ("2時間半", "150分"),
        ("半年", "6ヶ月"),
    ],
)
def test_a_duration_in_two_units_is_one_duration(text: str, length: str) -> None:
    assert str(read_duration(text)) == length
    assert str(read_within(f"{text}以内")) == length


@pytest.mark.parametrize("text", ["1日12時間", "30分1時間", "1年6日", "1時間半年", "1日半", "半日"])
def test_two_durations_side_by_side_are_not_one_duration(text: str) -> None:
    assert read_duration(text) is None


def test_a_time_limit_may_say_what_starts_by_then() -> None:
    assert str(read_within("30分以内に調査開始")) == "30分"
    assert read_within("30分以内に第一報、2時間以内に復旧") is None


@pytest.mark.parametrize(
    "text",
    [
        "0.1% 超過 / 5分",
        "0.1%超過/5分間",
        "> 0.1% over 5m",
        "> 0.1% in the last 5 minutes",
        "0.1%超 (5分間平均)",
        "0.1%超過(直近5分平均)",
    ],
)
def test_an_evaluation_window_is_not_a_hold_time(text: str) -> None:
    threshold = read_threshold(text)

    assert threshold is not None
    assert (str(threshold.within), threshold.sustained) == ("5分", None)


def test_a_number_repeated_in_words_gets_its_unit_and_no_hold_time() -> None:
    milliseconds, seconds = read_threshold("> 300000 (5分)"), read_threshold("> 300（5分）")

    assert [str(milliseconds), str(seconds)] == ["300,000ms超", "300秒超"]


@pytest.mark.parametrize("text", ["> 80% (5分)", "> 100 (5分)"])
def test_an_ambiguous_duration_next_to_a_limit_is_not_a_threshold(text: str) -> None:
    assert read_threshold(text) is None


@pytest.mark.parametrize("text", ["80%以上が5分以上続いた場合", "80%以上 (5分間)", "80%以上（5分以上）"])
def test_a_condition_described_as_ongoing_must_be_sustained(text: str) -> None:
    threshold = read_threshold(text)

    assert threshold is not None
    assert str(threshold.sustained) == "5分"


@pytest.mark.parametrize("text", ["22:00〜翌2:00", "22:00-翌日2:00", "22:00〜翌朝 2:00"])
def test_a_window_ends_on_the_next_day(text: str) -> None:
    assert str(read_schedule(f"毎月第3土曜 {text}")) == "毎月第3土曜 22:00-02:00"
    assert str(read_hours(f"平日{text}")) == "平日22:00-02:00"


def test_a_window_longer_than_a_day_is_not_read() -> None:
    assert read_schedule("毎週土曜 2:00〜翌4:00") is None
    assert read_hours("2:00〜翌4:00") is None


@pytest.mark.parametrize(
    "text", ["毎週火曜・金曜 4:00", "火曜日、金曜日 4:00", "毎週火曜日と金曜日 4:00", "火・金曜 4:00"]
)
def test_weekdays_may_each_be_written_in_full(text: str) -> None:
    assert str(read_schedule(text)) == "毎週火・金曜 04:00"


def test_the_last_character_of_a_japanese_weekday_is_not_read_as_sunday() -> None:
    assert str(read_schedule("月曜日・水曜日")) == "毎週月・水曜"
    assert str(read_schedule("月曜日・日曜日")) == "毎週月・日曜"


def test_two_limits_separated_by_a_slash_are_not_a_rate() -> None:
    assert read_threshold("500ms / 1秒") is None
    assert str(read_threshold("500ms (5分間平均)")) == "5分間に500ms"


def test_a_heading_and_bare_numbers_are_not_times() -> None:
    assert read_schedule("実施日") is None
    assert read_hours("0-2") is None
    assert str(read_hours("平日9-18時")) == "平日09:00-18:00"


def test_a_singular_hour_is_read() -> None:
    assert str(read_threshold("> 1 hour")) == "1時間超"


@pytest.mark.parametrize("text", ["Nightly", "every night", "毎朝", "毎晩"])
def test_a_part_of_every_day_is_no_clock(text: str) -> None:
    schedule = read_schedule(text)

    assert schedule is not None
    assert (str(schedule), schedule.assumptions) == ("日次", ())


@pytest.mark.parametrize(
    ("text", "said"),
    [("nightly 23:30", "日次 23:30"), ("Nightly at 10:30 pm", "日次 22:30"), ("毎朝6:45", "日次 06:45")],
)
def test_a_part_of_every_day_has_the_clock_beside_it(text: str, said: str) -> None:
    assert str(read_schedule(text)) == said


@pytest.mark.parametrize("text", ["nightly at 8:00", "every night 11:00"])
def test_a_clock_of_the_morning_is_no_clock_of_the_night(text: str) -> None:
    assert read_schedule(text) is None


@pytest.mark.parametrize(
    ("text", "of", "held", "within"),
    [
        ("5xx > 10（5分間）", "", "None", "5分"),
        ("3回以上（10分間）", "", "None", "10分"),
        ("> 10（5分間）", "ログインエラー数", "None", "5分"),
        ("> 10（5分間）", "接続数", "5分", "None"),
        ("> 1%（5分間）", "エラー率", "5分", "None"),
        ("5xx > 10（5分間継続）", "", "5分", "None"),
    ],
)
def test_events_are_counted_in_a_time_and_not_held_for_it(text: str, of: str, held: str, within: str) -> None:
    threshold = read_threshold(text, of)

    assert threshold is not None
    assert (str(threshold.sustained), str(threshold.within)) == (held, within)
