"""The entries of a document on each day, and their overlaps."""

from datetime import date

from toban.design.reader import read_design
from toban.engine.bindings.model import System
from toban.engine.calendar.agenda import Agenda, AgendaEntry, agenda

DOCUMENT = """# 運用設計書

## 1. 運用方針

### サービス提供時間
- **メンテナンス**: 毎月第2日曜日 23:00-1:00 (計画メンテナンス)

## 4. バックアップ

### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|---|---|---|---|---|---|
| DB | 増分バックアップ | 1時間毎 | 24世代 | S3 | 24時間 |

## 6. バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B001 | 集計 | 日次 | 23:00 | 集計 | 再実行 |
| B002 | 清算 | 日次 | 1:00 | 清算 | 再実行 |
| B003 | 請求 | 月次 | 月末23:00 | 請求 | 再実行 |

## 10. 定期作業

### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---|---|---|---|
| 棚卸し | 第2月曜 | 開発担当者 | 数える |
"""


def shown(first: date, last: date, system: System | None = None) -> Agenda:
    return agenda(read_design(DOCUMENT, "運用設計書.md"), system or System(), first, last)


def names(entries: tuple[AgendaEntry, ...]) -> list[str]:
    return [f"{entry.start:%H:%M} {entry.clause.id.rsplit('/', 1)[1]}" for entry in entries]


def test_every_day_of_the_range_is_included_with_both_ends() -> None:
    days = shown(date(2028, 2, 28), date(2028, 3, 1)).days

    assert [f"{day.date:%m-%d}" for day in days] == ["02-28", "02-29", "03-01"]
    assert [names(day.entries) for day in days] == [
        ["01:00 B002", "23:00 B001"],
        ["01:00 B002", "23:00 B001", "23:00 B003"],
        ["01:00 B002", "23:00 B001"],
    ]


def test_a_moment_overlaps_a_window_at_its_start_but_not_at_its_end() -> None:
    # The second Sunday of March 2028 is the 12th; its window ends on the 13th at 1:00.
    sunday, monday = shown(date(2028, 3, 12), date(2028, 3, 13)).days

    batch, window = (
        next(e for e in sunday.entries if e.clause.kind == k) for k in ("batch", "maintenance-window")
    )
    b001 = next(entry for entry in sunday.entries if entry.clause.id.endswith("B001"))
    b002 = next(entry for entry in monday.entries if entry.clause.id.endswith("B002"))

    assert batch.clause.id.endswith("B002")
    assert f"{window.end:%d %H:%M}" == "13 01:00"
    assert (window.meets, b001.meets) == ((b001.clause.id,), (window.clause.id,))
    assert b002.meets == ()


def test_two_entries_at_the_same_moment_overlap() -> None:
    (day,) = shown(date(2028, 2, 29), date(2028, 2, 29)).days

    assert [entry.meets for entry in day.entries if entry.start.hour == 23] == [
        ("batch/batch/B003",),
        ("batch/batch/B001",),
    ]


def test_a_row_without_a_clock_time_is_on_its_day_and_overlaps_nothing() -> None:
    (day,) = shown(date(2028, 3, 13), date(2028, 3, 13)).days

    first = day.entries[0]

    assert (first.is_all_day, first.clause.kind, first.meets) == (True, "routine", ())
    assert f"{first.start:%d}-{first.end:%d}" == "13-14"


def test_an_hourly_entry_is_listed_once_per_day() -> None:
    found = shown(date(2028, 3, 1), date(2028, 3, 31))

    assert [clause.kind for clause in found.constant] == ["backup-policy"]


def test_a_day_has_the_name_of_its_holiday() -> None:
    days = shown(date(2027, 5, 1), date(2027, 5, 6)).days

    assert [day.is_business_day for day in days] == [False, False, False, False, False, True]
    assert [str(day.holiday) for day in days] == ["", "", "憲法記念日", "みどりの日", "こどもの日", ""]


def test_without_public_holidays_a_monday_in_may_is_a_business_day() -> None:
    (day,) = shown(date(2027, 5, 3), date(2027, 5, 3), System(holidays="none")).days

    assert (day.is_business_day, str(day.holiday)) == (True, "")
