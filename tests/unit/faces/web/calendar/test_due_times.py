"""Due times around a moment."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.design.clauses.batch import Batch
from toban.design.reader import read_design
from toban.design.values.schedule import Schedule
from toban.engine.bindings.model import System
from toban.engine.calendar.due import schedules_of
from toban.faces.web.calendar.due_times import between, next_times, previous_times, since

NOON = datetime(2026, 11, 25, 3, tzinfo=UTC)
"""Noon in Tokyo."""


def batch(timing: str, clock: str) -> tuple[Schedule, ...]:
    document = f"""# 運用設計書
## 6. バッチ処理
| バッチID | バッチ名 | 実行タイミング | 実行時間 |
|---|---|---|---|
| B001 | 控え | {timing} | {clock} |
"""
    return tuple(schedules_of(read_design(document, "d.md").of(Batch)[0]))


def said(moments: list[datetime]) -> list[str]:
    return [f"{moment:%m-%d %H:%M}" for moment in moments]


def test_a_due_time_at_this_very_moment_counts_as_past() -> None:
    daily = batch("日次", "12:00")

    assert said(next_times(daily, System(), NOON, 2)) == ["11-26 12:00", "11-27 12:00"]
    assert said(previous_times(daily, System(), NOON, 2)) == ["11-25 12:00", "11-24 12:00"]


def test_a_rare_due_time_is_found_within_a_year() -> None:
    monthly = batch("月次", "月末23:00")

    assert said(next_times(monthly, System(), NOON, 5)) == [
        "11-30 23:00", "12-31 23:00", "01-31 23:00", "02-28 23:00", "03-31 23:00",
    ]  # fmt: skip
    assert said(previous_times(monthly, System(), NOON, 1)) == ["10-31 23:00"]


@pytest.mark.parametrize("count", [1, 5, 96])
def test_a_frequent_schedule_is_not_expanded_for_a_year(count: int) -> None:
    often = batch("15分毎", "")

    assert len(next_times(often, System(), NOON, count)) == count


def test_a_range_includes_its_start_and_not_its_end() -> None:
    daily = batch("日次", "12:00")

    assert said(between(daily, System(), NOON, NOON + timedelta(days=1))) == ["11-25 12:00"]


MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("moment", "is_day", "shown"),
    [
        (NOON, False, True),
        (NOON - MOMENT, False, False),
        (NOON - timedelta(hours=12), True, True),
        (NOON - timedelta(hours=12) - MOMENT, True, False),
    ],
    ids=["as it began", "just before", "that day", "the day before"],
)
def test_a_time_before_toban_was_there_is_not_shown(moment: datetime, *, is_day: bool, shown: bool) -> None:
    found = since(moment, NOON, is_day=is_day, zone=System().zone)

    assert (found == moment) is shown
    assert since(moment, None, is_day=is_day, zone=System().zone) is None
