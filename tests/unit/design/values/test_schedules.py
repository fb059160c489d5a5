"""Rules for due times in the spellings of documents: counts, spans and lists of days, cron lines."""

import pytest

from toban.design.values.schedule import read_schedule, read_schedules
from toban.message import Message


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1回/月", "月次"),
        ("2回/年", "年2回"),
        ("半年に1回", "半期毎"),
        ("3ヶ月に1回", "四半期毎"),
        ("2週間に1回", "隔週"),
        ("年2回（4月、10月）", "年次 4月・10月"),
        ("年1回（9月）", "年次 9月"),
        ("月〜金 9:00", "毎週月・火・水・木・金曜 09:00"),
        ("月曜-金曜 9:00", "毎週月・火・水・木・金曜 09:00"),
        ("Mon-Fri 9:00", "毎週月・火・水・木・金曜 09:00"),
        ("Sat 3:00", "毎週土曜 03:00"),
        ("土日 3:00", "毎週土・日曜 03:00"),
        ("月水金 9:00", "毎週月・水・金曜 09:00"),
        ("未明3:30", "日次 03:30"),
        ("月末営業日 18:00", "毎月最終営業日 18:00"),
        ("月初営業日 10:00", "毎月第1営業日 10:00"),
        ("2時間おき", "2時間毎"),
        ("時次", "1時間毎"),
        ("毎月25日（休日の場合は前営業日） 10:00", "毎月25日 (休日の場合は前営業日) 10:00"),
        ("毎月25日 10:00、ただし休日の場合は翌営業日に実施", "毎月25日 (休日の場合は翌営業日) 10:00"),
        ("毎月25日（非営業日の場合は翌営業日） 10:00", "毎月25日 (休日の場合は翌営業日) 10:00"),
        ("毎月25日（非営業日の場合は前営業日） 10:00", "毎月25日 (休日の場合は前営業日) 10:00"),
        ("月末18:00（土日祝の場合は直前の営業日）", "毎月末 (休日の場合は前営業日) 18:00"),
        ("第2火曜（祝日の場合は翌営業日） 9:00", "毎月第2火曜 (休日の場合は翌営業日) 09:00"),
        ("毎年4月1日（休日にあたる場合は翌営業日）", "年次 4月 1日 (休日の場合は翌営業日)"),
        ("最終営業日の3営業日前 9:00", "毎月最終営業日の3営業日前 09:00"),
        ("月末の3日前 9:00", "毎月末の3日前 09:00"),
        ("毎週月曜 9:00（祝日を除く）", "毎週月曜 (祝日を除く) 09:00"),
        ("毎日（土日祝を除く） 9:00", "平日 09:00"),
        ("土日祝 3:00", "毎週土・日・祝日 03:00"),
        ("祝日 9:00", "毎週祝日 09:00"),
        ("平日 25:00", "平日 25:00"),
        ("毎日 深夜25:00", "日次 01:00"),
        ("毎週金曜 25時半", "毎週金曜 25:30"),
        ("毎週金曜 25:00-27:00", "毎週金曜 25:00-27:00"),
        ("毎週金曜 23:00〜26:00", "毎週金曜 23:00-02:00"),
    ],
)
def test_a_schedule_is_read_in_the_wording_of_other_companies(text: str, canonical: str) -> None:
    assert str(read_schedule(text)) == canonical


def test_before_dawn_is_assumed_to_be_a_clock_time() -> None:
    schedule = read_schedule("毎日未明")

    assert schedule is not None
    (taken,) = schedule.assumptions
    assert str(schedule) == "日次 02:00"
    assert taken.said == Message("design.clock-assumed", word="未明", at="2:00")
    assert (taken.word, taken.setting) == ("未明", "[assumptions] 未明")


def test_monday_to_friday_includes_public_holidays_and_working_days_do_not() -> None:
    assert str(read_schedule("平日（月〜金） 9:00")) == "平日 09:00"
    assert str(read_schedule("毎日（月〜金） 9:00")) == "毎週月・火・水・木・金曜 09:00"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("毎月第2・第4火曜", ["毎月第2火曜", "毎月第4火曜"]),
        ("第1・3水曜 3:00", ["毎月第1水曜 03:00", "毎月第3水曜 03:00"]),
        ("第1月曜、第3水曜 3:00", ["毎月第1月曜 03:00", "毎月第3水曜 03:00"]),
        ("毎月1日、15日 9:00", ["毎月1日 09:00", "毎月15日 09:00"]),
        ("毎週月曜 9:00、18:00", ["毎週月曜 09:00", "毎週月曜 18:00"]),
        ("1日2回（9:00、18:00）", ["日次 09:00", "日次 18:00"]),
        ("平日 9:00-10:00、18:00-19:00", ["平日 09:00-10:00", "平日 18:00-19:00"]),
        ("平日 9:00、13:00、17:30", ["平日 09:00", "平日 13:00", "平日 17:30"]),
        ("平日 9時・13時・17時30分", ["平日 09:00", "平日 13:00", "平日 17:30"]),
        ("毎週月曜 9時半、13:00", ["毎週月曜 09:30", "毎週月曜 13:00"]),
        ("5日・20日", ["毎月5日", "毎月20日"]),
        (
            "毎月5日・20日（休日の場合は前営業日）",
            ["毎月5日 (休日の場合は前営業日)", "毎月20日 (休日の場合は前営業日)"],
        ),
    ],
)
def test_text_around_a_list_applies_to_each_of_its_items(text: str, canonical: list[str]) -> None:
    assert read_schedule(text) is None
    assert [str(schedule) for schedule in read_schedules(text) or ()] == canonical


@pytest.mark.parametrize(
    ("line", "canonical"),
    [
        ("@hourly", ["1時間毎"]),
        ("@daily", ["日次 00:00"]),
        ("@weekly", ["毎週日曜 00:00"]),
        ("@monthly", ["毎月1日 00:00"]),
        ("*/15 * * * *", ["15分毎"]),
        ("0,30 * * * *", ["30分毎"]),
        ("5 * * * *", ["毎時5分"]),
        ("0 9 * * 1-5", ["毎週月・火・水・木・金曜 09:00"]),
        ("0 9 * * MON-FRI", ["毎週月・火・水・木・金曜 09:00"]),
        ("0 2 * * 0,7", ["毎週日曜 02:00"]),
        ("0 2 * * 1,3", ["毎週月・水曜 02:00"]),
        ("0 0 1 */3 *", ["年次 1月・4月・7月・10月 1日 00:00"]),
        ("30 2 1 apr,oct *", ["年次 4月・10月 1日 02:30"]),
        ("0 9,18 * * *", ["日次 09:00", "日次 18:00"]),
        ("0 3 1,15 * *", ["毎月1日 03:00", "毎月15日 03:00"]),
        ("*/5 9-18 * * 1-5", ["*/5 9-18 * * 1-5"]),
        ("0 3 * 4 *", ["0 3 * 4 *"]),
        ("0 3 1 * 1", ["0 3 1 * 1"]),
        ("0 3 */2 * 1", ["0 3 */2 * 1"]),
        ("30 2 * * * UTC", ["日次 02:30 UTC"]),
        ("0 9 L * *", ["毎月末 09:00"]),
        ("0 9 L * ?", ["毎月末 09:00"]),
        ("0 9 ? * FRI#2", ["毎月第2金曜 09:00"]),
        ("0 9 * * FRIL", ["毎月最終金曜 09:00"]),
        ("0 9 ? * MON-FRI", ["毎週月・火・水・木・金曜 09:00"]),
        ("0 9 15 * ?", ["毎月15日 09:00"]),
        ("*/5 9-18 ? * MON,WED", ["*/5 9-18 * * mon,wed"]),
    ],
)
def test_a_cron_line_means_what_cron_does(line: str, canonical: list[str]) -> None:
    assert [str(schedule) for schedule in read_schedules(line) or ()] == canonical


@pytest.mark.parametrize(
    "line",
    [
        "0 9 15W * *",  # the nearest weekday, with or without public holidays
        "0 9 LW * *",
        "0 9 * * 5L",  # Friday or Thursday
        "0 9 * * 5#2",
        "0 9 ? * 5",
        "0 9 ? * 1-5",
        "? 9 * * *",
        "0 9 * ? *",
        "0 3 30 2 *",
        "0 3 32 * *",
        "0 3 * 13 *",
        "0 3 * * 8",
        "0 3 * * 5-1",
        "0 3 * * moon",
        "60 3 * * *",
        "0 0,24 * * *",
        "* * * * * *",
        "@reboot",
    ],
)
def test_a_cron_line_that_no_schedule_can_express_is_not_read(line: str) -> None:
    assert read_schedules(line) is None


@pytest.mark.parametrize(
    "text",
    [
        "年2回（4月）",  # the months contradict the count
        "0回/月",
        "平日・祝日 3:00",
        "毎月25日（祝日の場合は翌営業日）",  # and on a Saturday?
        "毎月25日（休日の場合は前日）",
        "毎日 9:00（休日の場合は翌営業日）",
        "毎日 30:00",
        "金〜月 9:00",
        "1日おき",  # daily, or every other day
        "毎月1日、15日、2:00または未定",
        "1-5",
        "月日",
    ],
)
def test_words_that_leave_the_rule_open_are_not_a_schedule(text: str) -> None:
    assert read_schedules(text) is None


@pytest.mark.parametrize("text", ["平日 24:00", "毎週月曜 24:00", "毎月1日 24時"])
def test_ambiguous_midnight_of_a_certain_day_is_not_read(text: str) -> None:
    assert read_schedule(text) is None


@pytest.mark.parametrize(
    "text", ["毎日 24:00", "毎週日曜 22:00-24:00", "毎週日曜 22時〜24時", "毎営業日 6:30"]
)
def test_midnight_of_any_day_or_as_an_end_is_read(text: str) -> None:
    assert read_schedule(text) is not None


def test_days_before_the_end_of_the_month_are_counted_from_its_last_business_day() -> None:
    schedule = read_schedule("月末の3営業日前 9:00")

    assert schedule is not None
    assert (str(schedule), [said.code for said in schedule.assumptions]) == (
        "毎月最終営業日の3営業日前 09:00",
        ["design.assumed-before-last-business-day"],
    )


def test_cron_runs_on_a_date_or_a_weekday_and_says_so() -> None:
    schedule = read_schedule("0 1 1-7 * 0")

    assert schedule is not None
    assert [said.code for said in schedule.assumptions] == ["design.cron-date-or-weekday"]


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("隔週水曜 3:00（2026-04-08から）", "隔週水曜 (2026-04-08から) 03:00"),
        ("隔週水曜 3:00（2026年4月8日起点）", "隔週水曜 (2026-04-08から) 03:00"),
    ],
)
def test_the_week_of_a_fortnight_may_be_named(text: str, canonical: str) -> None:
    schedule = read_schedule(text)

    assert (str(schedule), schedule and schedule.assumptions) == (canonical, ())


def test_a_fortnight_and_a_quarter_that_name_no_beginning_say_what_is_assumed() -> None:
    found = [read_schedule(text) for text in ("隔週水曜 3:00", "四半期毎 9:00")]

    assert [said.code for each in found if each for said in each.assumptions] == [
        "design.assumed-fortnight",
        "design.assumed-quarters",
    ]


@pytest.mark.parametrize("text", ["毎週水曜 3:00（2026-04-08から）", "隔週水曜 3:00（2026-02-30から）"])
def test_a_beginning_that_no_fortnight_has_is_not_read(text: str) -> None:
    assert read_schedule(text) is None
