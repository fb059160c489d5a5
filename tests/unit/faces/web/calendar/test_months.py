"""Months and days of the calendar page."""

from datetime import date

import pytest

from toban.design.reader import read_design
from toban.engine.bindings.model import System
from toban.engine.calendar.agenda import agenda, every_day
from toban.faces.web.calendar.months import chosen, daily, grid, month_of, of_chapter, weeks

DOCUMENT = """# 運用設計書
## 6. バッチ処理
### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 |
|---|---|---|---|
| B001 | 控え | 日次 | 2:00 |
| B002 | 掃除 | 毎週水曜 | 2:00 |
## 10. 定期作業
### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---|---|---|---|
| 棚卸し | 第2日曜 | 開発担当者 | 数える |
"""
NOVEMBER = agenda(read_design(DOCUMENT, "d.md"), System(), date(2026, 11, 1), date(2026, 11, 30))


@pytest.mark.parametrize(
    ("step", "expected"),
    [(0, date(2026, 11, 1)), (1, date(2026, 12, 1)), (2, date(2027, 1, 1)), (-11, date(2025, 12, 1))],
)
def test_a_month_is_counted_across_the_end_of_the_year(step: int, expected: date) -> None:
    assert month_of(date(2026, 11, 25), step) == expected


@pytest.mark.parametrize(
    ("month", "expected"),
    [
        # 1 November 2026 is a Sunday: no day of October is shown.
        (date(2026, 11, 1), (date(2026, 11, 1), date(2026, 12, 5))),
        # 31 October 2026 is a Saturday: no day of November is shown.
        (date(2026, 10, 1), (date(2026, 9, 27), date(2026, 10, 31))),
        # A February of exactly four weeks.
        (date(2026, 2, 1), (date(2026, 2, 1), date(2026, 2, 28))),
    ],
)
def test_a_month_is_drawn_in_whole_weeks_from_sunday(month: date, expected: tuple[date, date]) -> None:
    first, last = weeks(month)

    assert (first, last) == expected
    assert ((last - first).days + 1) % 7 == 0


def test_daily_entries_are_distinguished_from_occasional_ones() -> None:
    assert every_day(NOVEMBER) == {"batch/batch/B001"}
    assert [(each.clause.id, f"{each.start:%H:%M}") for each in daily(NOVEMBER, "")] == [
        ("batch/batch/B001", "02:00")
    ]
    assert daily(NOVEMBER, "routine") == []


def test_a_day_shows_the_selected_entries() -> None:
    wednesday, sunday = NOVEMBER.days[3], NOVEMBER.days[7]
    hidden = every_day(NOVEMBER)

    def ids(**asked: object) -> list[str]:
        wanted = {"chapter": "", "hidden": hidden, "is_together": False, **asked}
        return [entry.clause.id for day in (wednesday, sunday) for entry in chosen(day, **wanted)]  # type: ignore[arg-type]

    assert ids() == ["batch/batch/B002", "routine/routine/棚卸し"]
    assert ids(chapter="routine") == ["routine/routine/棚卸し"]
    # A daily entry is also shown where it overlaps another one.
    assert ids(is_together=True) == ["batch/batch/B001", "batch/batch/B002"]


def test_one_chapter_of_an_agenda_keeps_its_days() -> None:
    batches = of_chapter(NOVEMBER, "batch")

    assert len(batches.days) == 30
    assert {entry.clause.chapter for day in batches.days for entry in day.entries} == {"batch"}
    assert of_chapter(NOVEMBER, "nonsense") == NOVEMBER


def test_a_grid_has_seven_days_a_week() -> None:
    assert [len(week) for week in grid([None] * 35)] == [7] * 5
