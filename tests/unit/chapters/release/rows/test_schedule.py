from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toban.chapters.release.rows import schedule
from toban.chapters.release.rows.schedule import (
    Collision,
    CollisionKind,
    Freeze,
    ReleaseCalendar,
    ReleaseWindow,
)
from toban.design.clauses.backup import BackupPolicy
from toban.design.clauses.batch import Batch
from toban.design.clauses.release import ReleaseSchedule
from toban.design.reader import read_design
from toban.design.values.schedule import Schedule, read_schedule
from toban.engine.bindings.model import System
from toban.message import Message

TOKYO = ZoneInfo("Asia/Tokyo")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TOLERANCE = 15 * MINUTE
DEMO = read_design(
    """# 運用設計書

## 4. バックアップ・リカバリ

### バックアップ方針
| 対象 | 方式 | 頻度 | 保存期間 | 保存先 |
|---|---|---|---|---|
| PostgreSQL | 増分バックアップ | 1時間毎 | 7日 | S3 |

## 5. デプロイ・リリース

### リリーススケジュール
| リリース種別 | 頻度 | タイミング |
|---|---|---|
| マイナーリリース | 月1回 | 毎月第2火曜日 |
| パッチリリース | 随時 | 緊急バグ修正時 |

## 6. バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行時刻 | 処理内容 |
|---|---|---|---|
| B001 | 日次売上集計 | 毎日 20:30 | 売上を集計する |
| B002 | 死活確認 | 5分毎 | 動いているか見る |
""",
    "運用設計書.md",
)
MINOR, PATCH = DEMO.of(ReleaseSchedule)


def tokyo(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=TOKYO)  # type: ignore[arg-type, misc]


def calendar(words: str | Schedule, at: time = time(20), **system: object) -> ReleaseCalendar:
    rule = read_schedule(words) if isinstance(words, str) else words
    assert rule is not None
    return ReleaseCalendar(rule, at, System.model_validate(system), TOLERANCE)


BY_ROW = calendar(MINOR.schedule)


def test_a_day_without_a_clock_time_takes_the_bound_one_and_is_open_all_day() -> None:
    # The second Tuesday of April 2026 is the 14th.
    assert BY_ROW.next_after(tokyo(2026, 4, 2)) == ReleaseWindow(
        tokyo(2026, 4, 14, 20), tokyo(2026, 4, 14), tokyo(2026, 4, 15)
    )
    assert BY_ROW.window_at(tokyo(2026, 4, 14, 9)) is not None
    assert BY_ROW.window_at(tokyo(2026, 4, 13, 23, 59)) is None
    assert BY_ROW.window_at(tokyo(2026, 4, 15)) is None


def test_on_its_day_before_its_time_it_is_still_to_come() -> None:
    before, after = tokyo(2026, 4, 14, 19, 59), tokyo(2026, 4, 14, 20)

    assert BY_ROW.next_after(before) == BY_ROW.window_at(before)
    assert BY_ROW.next_after(after) == BY_ROW.window_at(tokyo(2026, 5, 12, 12))


def test_a_clock_time_is_kept_to_a_quarter_of_an_hour() -> None:
    row = calendar("毎月第1水曜 20:00")

    assert row.window_at(tokyo(2026, 4, 1, 20)) is not None
    assert row.window_at(tokyo(2026, 4, 1, 20) + TOLERANCE - timedelta(microseconds=1)) is not None
    assert row.window_at(tokyo(2026, 4, 1, 20) + TOLERANCE) is None
    assert row.window_at(tokyo(2026, 4, 1, 19, 59)) is None


def test_a_window_over_midnight_is_open_on_both_days() -> None:
    row = calendar("毎週木曜 22:00-2:00")

    assert [row.window_at(tokyo(2026, 4, 2, 21, 59)), row.window_at(tokyo(2026, 4, 3, 2))] == [None, None]
    assert row.window_at(tokyo(2026, 4, 2, 22)) == row.window_at(tokyo(2026, 4, 3, 1, 59))


def test_what_names_no_day_is_open_for_the_whole_period() -> None:
    row = calendar("月1回")

    assert row.window_at(tokyo(2026, 4, 1)) == ReleaseWindow(
        tokyo(2026, 5, 1), tokyo(2026, 4, 1), tokyo(2026, 5, 1)
    )
    assert row.next_after(tokyo(2026, 4, 30, 23)) == row.window_at(tokyo(2026, 4, 1))
    quarterly = calendar("四半期毎", quarters=[2, 5, 8, 11])
    assert quarterly.window_at(tokyo(2026, 4, 30)) == ReleaseWindow(
        tokyo(2026, 5, 1), tokyo(2026, 2, 1), tokyo(2026, 5, 1)
    )


def test_a_patch_has_no_days_and_needs_a_cause() -> None:
    row = calendar(PATCH.schedule)

    assert row.needs_cause
    assert not BY_ROW.needs_cause
    assert [row.next_after(tokyo(2026, 4, 1)), row.window_at(tokyo(2026, 4, 1))] == [None, None]
    assert row.last_before(tokyo(2026, 4, 1), tokyo(2020, 1, 1)) is None


def test_the_last_window_is_one_that_is_over_and_began_since() -> None:
    last = BY_ROW.window_at(tokyo(2026, 3, 10, 12))

    assert BY_ROW.last_before(tokyo(2026, 4, 14, 23), tokyo(2026, 1, 1)) == last
    assert BY_ROW.last_before(tokyo(2026, 4, 14, 23), tokyo(2026, 3, 10, 1)) is None
    assert BY_ROW.last_before(tokyo(2026, 4, 15), tokyo(2026, 3, 10, 1)) == BY_ROW.window_at(
        tokyo(2026, 4, 14)
    )
    assert calendar("年1回").last_before(tokyo(2026, 4, 1), tokyo(2020, 1, 1)) == ReleaseWindow(
        tokyo(2026, 1, 1), tokyo(2025, 1, 1), tokyo(2026, 1, 1)
    )


YEARS = [date(2026, 1, 1) + DAY * each for each in range(730)]
OFF = holidays.country_holidays("JP", years=[2026, 2027, 2028])


def works_on(day: date) -> bool:
    return day.weekday() < 5 and day not in OFF


def is_second_tuesday(day: date) -> bool:
    return day.weekday() == 1 and 8 <= day.day <= 14


def is_last_business_day(day: date) -> bool:
    rest = (day.replace(day=each) for each in range(day.day + 1, monthrange(day.year, day.month)[1] + 1))
    return works_on(day) and not any(map(works_on, rest))


def is_wednesday_or_next_business_day(day: date) -> bool:
    back = day
    while works_on(day):
        if back.weekday() == 2 and back.day <= 7:
            return True
        back -= DAY
        if works_on(back):
            return False
    return False


# The rule as the document writes it; on which days it is by hand; hours of the window after midnight.
@pytest.mark.parametrize(
    ("words", "falls_on", "opens", "closes"),
    [
        ("毎月第2火曜", is_second_tuesday, timedelta(0), DAY),
        ("毎月最終営業日 22:00", is_last_business_day, timedelta(hours=22), timedelta(hours=22.25)),
        (
            "毎月第1水曜 21:00-23:30（休日の場合は翌営業日）",
            is_wednesday_or_next_business_day,
            timedelta(hours=21),
            timedelta(hours=23.5),
        ),
        ("毎週木曜 23:00-1:00", lambda day: day.weekday() == 3, timedelta(hours=23), timedelta(hours=25)),
        ("平日 10:00-17:00", works_on, timedelta(hours=10), timedelta(hours=17)),
    ],
)
def test_two_years_of_windows_are_those_counted_by_hand(
    words: str, falls_on: Callable[[date], bool], opens: timedelta, closes: timedelta
) -> None:
    row = calendar(words)
    start, end = tokyo(2026, 1, 1), tokyo(2028, 1, 1)
    midnights = [tokyo(each.year, each.month, each.day) for each in YEARS if falls_on(each)]

    found = [(each.start, each.end) for each in row.windows(start, end)]

    assert found == [(each + opens, each + closes) for each in midnights]
    inside = {each + part for each in midnights for part in (opens, closes - MINUTE)}
    outside = {each + part for each in midnights for part in (opens - MINUTE, closes)} - inside
    assert all(row.window_at(each) is not None for each in inside)
    # The whole days of a row without a clock time may follow each other.
    assert not any(row.window_at(each) for each in outside if not _opens(found, each))


def _opens(found: list[tuple[datetime, datetime]], moment: datetime) -> bool:
    return any(start <= moment < end for start, end in found)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["毎月第2火曜", "毎週木曜 23:00-1:00", "月1回", "四半期毎", "毎月末 18:00"]),
    st.integers(0, 729 * 24 * 60),
)
def test_windows_around_any_moment_agree_with_each_other(words: str, minute: int) -> None:
    row, now = calendar(words), tokyo(2026, 1, 1) + minute * MINUTE
    current, following = row.window_at(now), row.next_after(now)
    last = row.last_before(now, now - 500 * DAY)

    assert current is None or current.holds(now)
    assert following is not None
    assert following.due_at > now
    assert last is not None
    assert last.end <= now
    between = list(row.windows(last.start + timedelta(microseconds=1), following.start))
    assert all(each == current or each.due_at <= now for each in between)


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        ("障害#12 決済が止まる", "障害#12"),
        ("エラー 34 の修正", "エラー 34"),
        ("OPS-341: checkout fails", "OPS-341"),
        ("fixes #7", "#7"),
        ("see https://tracker.example.com/b/9", "https://tracker.example.com/b/9"),
        ("incident 5", "incident 5"),
        ("CVE-2026-12345", "CVE-2026-12345"),
        ("急ぎ", ""),
        ("", ""),
        ("バグ修正 3件", ""),
        ("20:00 に出します", ""),
    ],
)
def test_a_cause_cites_what_can_be_looked_up(cause: str, expected: str) -> None:
    assert schedule.cites(cause) == expected


YEAR_END = Freeze(tokyo(2026, 12, 25), tokyo(2027, 1, 4), "年末年始")


@pytest.mark.parametrize(
    ("at", "is_blocked"),
    [
        (tokyo(2026, 12, 24, 23, 59), False),
        (tokyo(2026, 12, 25), True),
        (tokyo(2027, 1, 3, 23, 59), True),
        (tokyo(2027, 1, 4), False),
    ],
)
def test_a_freeze_blocks_from_its_first_to_its_last_moment(at: datetime, is_blocked: bool) -> None:
    found = list(schedule.frozen([YEAR_END], at, TOKYO))

    assert [each.is_blocking for each in found] == [True] * is_blocked
    assert bool(schedule.blocking(found)) is is_blocked


def test_only_a_freeze_blocks() -> None:
    system = System()
    shown = [
        *schedule.on_day_off(system, tokyo(2026, 5, 5, 20)),
        *schedule.on_day_off(system, tokyo(2026, 5, 9)),
    ]

    assert [each.kind for each in shown] == [CollisionKind.HOLIDAY] * 2
    assert shown[1].said.values["why"] == Message("release-rows.weekend")
    assert not schedule.blocking(shown)
    assert list(schedule.on_day_off(system, tokyo(2026, 4, 14))) == []


def due(at: datetime) -> list[str]:
    backups = [(each, each.subject) for each in DEMO.of(BackupPolicy)]
    rows = [*backups, *((each, each.name) for each in DEMO.of(Batch))]
    found = schedule.due_meanwhile(CollisionKind.BATCH, rows, System(), at)
    return [f"{each.said.values['name']} {each.said.values['due']:%H:%M}" for each in found]


def test_what_is_due_while_a_release_is_under_way_collides() -> None:
    # Every five minutes would collide with every release.
    assert due(tokyo(2026, 4, 14, 20)) == ["PostgreSQL 20:00", "日次売上集計 20:30"]
    assert due(tokyo(2026, 4, 14, 19, 59)) == ["PostgreSQL 20:00"]
    assert due(tokyo(2026, 4, 14, 20, 31)) == ["PostgreSQL 21:00"]
    assert due(tokyo(2026, 4, 14, 20, 20)) == ["日次売上集計 20:30"]


def test_maintenance_is_shown_in_the_zone_of_the_document() -> None:
    span = (tokyo(2026, 4, 12, 1).astimezone(ZoneInfo("UTC")), tokyo(2026, 4, 12, 3))

    (found,) = schedule.under_maintenance([span], TOKYO)

    said = Message("release-rows.under-maintenance", start=tokyo(2026, 4, 12, 1), end=tokyo(2026, 4, 12, 3))
    assert found == Collision(CollisionKind.MAINTENANCE, said)
    assert f"{found.said.values['start']:%H:%M}" == "01:00"
