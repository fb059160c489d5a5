"""Due times of two years in Tokyo, compared with a table written by hand."""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from toban.design.values.schedule import Schedule, read_schedule
from toban.engine.bindings.model import System
from toban.engine.calendar.due import due_times

TOKYO = ZoneInfo("Asia/Tokyo")
START, END = datetime(2027, 1, 1, tzinfo=TOKYO), datetime(2029, 1, 1, tzinfo=TOKYO)
LINES = (Path(__file__).with_name("two_tokyo_years.tsv")).read_text(encoding="utf-8").splitlines()
HEAD, *ROWS = [line.split("\t") for line in LINES if not line.startswith("#")]


def schedule(text: str) -> Schedule:
    found = read_schedule(text)
    assert found is not None
    return found


@pytest.mark.parametrize("words", HEAD[1:])
def test_each_month_has_the_day_from_the_table(words: str) -> None:
    column = HEAD.index(words)

    due = due_times(schedule(f"{words} 23:00"), System(), START, END)

    assert len(ROWS) == 24
    assert [f"{moment:%Y-%m-%d %H:%M}" for moment in due] == [
        f"{row[0]}-{int(row[column]):02} 23:00" for row in ROWS
    ]


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("毎年2月29日", "2028-02-29"),
        ("毎年12月31日", "2027-12-31 2028-12-31"),
        (
            "毎月31日",
            (
                "2027-01-31 2027-03-31 2027-05-31 2027-07-31 2027-08-31 2027-10-31 2027-12-31"
                " 2028-01-31 2028-03-31 2028-05-31 2028-07-31 2028-08-31 2028-10-31 2028-12-31"
            ),
        ),
        (
            "毎月29日",
            (
                "2027-01-29 2027-03-29 2027-04-29 2027-05-29 2027-06-29 2027-07-29 2027-08-29 2027-09-29"
                " 2027-10-29 2027-11-29 2027-12-29 2028-01-29 2028-02-29 2028-03-29 2028-04-29 2028-05-29"
                " 2028-06-29 2028-07-29 2028-08-29 2028-09-29 2028-10-29 2028-11-29 2028-12-29"
            ),
        ),
        (
            "毎月第5金曜",
            (
                "2027-01-29 2027-04-30 2027-07-30 2027-10-29 2027-12-31"
                " 2028-03-31 2028-06-30 2028-09-29 2028-12-29"
            ),
        ),
    ],
)
def test_days_missing_from_some_months_or_years_occur_only_where_they_exist(words: str, days: str) -> None:
    due = due_times(schedule(f"{words} 23:00"), System(), START, END)

    assert [f"{moment:%Y-%m-%d}" for moment in due] == days.split()


def test_every_wednesday_of_two_years_is_included_across_the_leap_day() -> None:
    due = list(due_times(schedule("毎週水曜 2:00"), System(), START, END))

    assert (f"{due[0]:%m-%d}", f"{due[-1]:%m-%d}", len(due)) == ("01-06", "12-27", 104)
    assert {later - earlier for earlier, later in pairwise(due)} == {timedelta(weeks=1)}


def test_every_day_and_every_hour_occur_once() -> None:
    days = list(due_times(schedule("日次 2:00"), System(), START, END))
    hours = list(due_times(schedule("1時間毎"), System(), START, END))

    assert (len(days), len(set(days))) == (731, 731)
    assert (len(hours), len(set(hours))) == (731 * 24, 731 * 24)


def test_business_days_exclude_new_year_and_the_may_holidays() -> None:
    due = due_times(schedule("平日 9:00"), System(), START, datetime(2027, 5, 10, tzinfo=TOKYO))

    days = [f"{moment:%m-%d}" for moment in due]

    assert days[:2] == ["01-04", "01-05"]
    # The 29th is a holiday, and so are Monday 3 to Wednesday 5 May.
    assert days[-4:] == ["04-28", "04-30", "05-06", "05-07"]


def test_around_new_year_only_weekends_and_public_holidays_are_excluded() -> None:
    first, last = datetime(2027, 12, 27, tzinfo=TOKYO), datetime(2028, 1, 13, tzinfo=TOKYO)

    due = due_times(schedule("平日 9:00"), System(), first, last)

    # 1 January is a Saturday, which has no substitute; the second Monday is Coming-of-Age Day.
    days = "12-27 12-28 12-29 12-30 12-31 01-03 01-04 01-05 01-06 01-07 01-11 01-12"
    assert [f"{moment:%m-%d}" for moment in due] == days.split()


def test_closing_days_around_new_year_shift_the_last_and_first_business_day() -> None:
    system = System.model_validate({"closed": ["12-29..01-03"]})

    last = due_times(schedule("毎月最終営業日 9:00"), system, START, END)
    first = due_times(schedule("毎月第1営業日 9:00"), system, START, END)

    # By hand: 28 December 2027 is a Tuesday, that of 2028 a Thursday; 4 January a Monday and a Tuesday.
    assert [f"{each:%Y-%m-%d}" for each in last if each.month == 12] == ["2027-12-28", "2028-12-28"]
    assert [f"{each:%Y-%m-%d}" for each in first if each.month == 1] == ["2027-01-04", "2028-01-04"]


def test_nothing_bound_to_business_days_is_due_on_a_closing_day() -> None:
    system = System.model_validate({"closed": ["12-29..01-03", "2028-01-07"]})
    first, last = datetime(2027, 12, 27, tzinfo=TOKYO), datetime(2028, 1, 13, tzinfo=TOKYO)

    due = due_times(schedule("平日 9:00"), system, first, last)

    days = "12-27 12-28 01-04 01-05 01-06 01-11 01-12"
    assert [f"{moment:%m-%d}" for moment in due] == days.split()


def test_without_public_holidays_only_weekends_are_excluded() -> None:
    due = due_times(schedule("毎月第1営業日 9:00"), System(holidays="none"), START, END)

    assert f"{next(due):%Y-%m-%d}" == "2027-01-01"


def test_the_start_is_included_and_the_end_is_excluded() -> None:
    daily = schedule("日次 0:00")

    assert list(due_times(daily, System(), START, START + timedelta(days=1))) == [START]
