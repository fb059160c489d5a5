"""Due times of two years in Tokyo against a table that was written by hand."""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from toban.design.values.schedule import Schedule, read_schedule
from toban.engine.bindings.due import due_times
from toban.engine.bindings.model import System

TOKYO = ZoneInfo("Asia/Tokyo")
START, END = datetime(2027, 1, 1, tzinfo=TOKYO), datetime(2029, 1, 1, tzinfo=TOKYO)
LINES = (Path(__file__).with_name("two_tokyo_years.tsv")).read_text(encoding="utf-8").splitlines()
HEAD, *ROWS = [line.split("\t") for line in LINES if not line.startswith("#")]


def schedule(text: str) -> Schedule:
    found = read_schedule(text)
    assert found is not None
    return found


@pytest.mark.parametrize("words", HEAD[1:])
def test_each_month_has_the_day_that_the_table_says(words: str) -> None:
    column = HEAD.index(words)

    due = due_times(schedule(f"{words} 23:00"), System(), START, END)

    assert len(ROWS) == 24
    assert [f"{moment:%Y-%m-%d %H:%M}" for moment in due] == [
        f"{row[0]}-{int(row[column]):02} 23:00" for row in ROWS
    ]


def test_every_wednesday_of_two_years_is_there_across_the_leap_day() -> None:
    due = list(due_times(schedule("毎週水曜 2:00"), System(), START, END))

    assert (f"{due[0]:%m-%d}", f"{due[-1]:%m-%d}", len(due)) == ("01-06", "12-27", 104)
    assert {later - earlier for earlier, later in pairwise(due)} == {timedelta(weeks=1)}


def test_every_day_and_every_hour_are_there_once() -> None:
    days = list(due_times(schedule("日次 2:00"), System(), START, END))
    hours = list(due_times(schedule("1時間毎"), System(), START, END))

    assert (len(days), len(set(days))) == (731, 731)
    assert (len(hours), len(set(hours))) == (731 * 24, 731 * 24)


def test_business_days_leave_out_the_new_year_and_the_holidays_of_may() -> None:
    due = due_times(schedule("平日 9:00"), System(), START, datetime(2027, 5, 10, tzinfo=TOKYO))

    days = [f"{moment:%m-%d}" for moment in due]

    assert days[:2] == ["01-04", "01-05"]
    # The 29th is a holiday, and so are Monday 3 to Wednesday 5 May.
    assert days[-4:] == ["04-28", "04-30", "05-06", "05-07"]


def test_where_no_public_holidays_count_only_weekends_are_left_out() -> None:
    due = due_times(schedule("毎月第1営業日 9:00"), System(holidays="none"), START, END)

    assert f"{next(due):%Y-%m-%d}" == "2027-01-01"


def test_the_end_is_excluded_and_the_start_is_not() -> None:
    daily = schedule("日次 0:00")

    assert list(due_times(daily, System(), START, START + timedelta(days=1))) == [START]
