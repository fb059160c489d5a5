"""Two years of chapter 10 in Tokyo: every task once, as a calendar on paper has it.

What is expected is computed here from the list of holidays and plain dates: nothing of Toban's own calendar.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.integration.engine.tasks.conftest import tick
from tests.registered import schema

from toban.chapters.routine.operation import OPERATION
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.runs.models import PlannedWork, Run

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

TOKYO = ZoneInfo("Asia/Tokyo")
FIRST, LAST = date(2026, 1, 1), date(2027, 12, 31)
_ALWAYS = "01-01 02-11 02-23 04-29 05-03 05-04 05-05 08-11 11-03 11-23"
HOLIDAYS = frozenset(
    date.fromisoformat(f"{year}-{day}")
    for year, days in (
        (2026, f"{_ALWAYS} 01-12 03-20 05-06 07-20 09-21 09-22 09-23 10-12"),
        (2027, f"{_ALWAYS} 01-11 03-21 03-22 07-19 09-20 09-23 10-11"),
    )
    for day in days.split()
)
"""As the Cabinet Office gives them out."""
MONDAY, TUESDAY, SATURDAY = 0, 1, 5
DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 開発担当者 | 田中 | 平日9:00-18:00 |
| 運用責任者 | 佐藤 | 平日9:00-18:00 |
## 10. 定期作業
### 日次作業
| 作業項目 | 実施時間 | 担当者 | 内容 |
|---------|---------|-------|------|
| 監視ダッシュボード確認 | 9:00 | 開発担当者 | 前日のアラート、エラーログ確認 |
| バックアップ成功確認 | 9:30 | 開発担当者 | バックアップログ確認 |
### 週次作業
| 作業項目 | 実施日時 | 担当者 | 内容 |
|---------|---------|-------|------|
| 会員データの確認 | 毎週月曜10:00 | 開発担当者 | 週次の確認 |
### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---------|-------|-------|------|
| 鍵の確認 | 第1月曜 | 開発担当者 | 期限を見る |
| セキュリティパッチ適用 | 第2火曜 | 開発担当者 | OSパッチ適用 |
| 利用者の確認 | 月初 | 運用責任者 | 利用者を見る |
## 12. ドキュメント管理
### ドキュメント更新
- 四半期毎にドキュメントレビュー
"""
BINDINGS = """
[people."開発担当者"]
account = "tanaka"
[people."運用責任者"]
account = "sato"
"""


def days() -> Iterator[date]:
    yield from (FIRST + timedelta(days=each) for each in range((LAST - FIRST).days + 1))


def is_business(day: date) -> bool:
    return day.weekday() < SATURDAY and day not in HOLIDAYS


def expected() -> set[tuple[str, datetime]]:
    """Every task of both years: its name, and when it is due."""
    found: set[tuple[str, date, time]] = set()
    opened: set[tuple[int, int]] = set()
    for day in days():
        month, nth = (day.year, day.month), (day.day - 1) // 7 + 1
        if is_business(day):
            found |= {("監視ダッシュボード確認", day, time(9)), ("バックアップ成功確認", day, time(9, 30))}
            if month not in opened:
                opened.add(month)
                found.add(("利用者の確認", day, time(9)))
        if day.weekday() == MONDAY:
            found.add(("会員データの確認", day, time(10)))
            if nth == 1:
                found.add(("鍵の確認", day, time(9)))
        if day.weekday() == TUESDAY and nth == 2:
            found.add(("セキュリティパッチ適用", day, time(9)))
        if day.day == 1 and day.month % 3 == 1:
            found.add(("四半期毎にドキュメントレビュー", day, time(9)))
    return {(name, datetime.combine(day, at, TOKYO)) for name, day, at in found}


def edition() -> Edition:
    bound = read_bindings(BINDINGS, Path("toban.toml"), schema())
    return Edition(read_design(DOCUMENT, "運用設計書.md"), bound)


def test_two_years_of_routine_lose_nothing_and_double_nothing() -> None:
    now = datetime.combine(FIRST, time(0), TOKYO)
    end = datetime.combine(LAST, time(23, 59), TOKYO)
    here = edition()
    tick(here, now)
    while now < end:
        due = PlannedWork.objects.filter(in_force=True, next_due__gt=now).order_by("next_due").first()
        assert due is not None
        assert due.next_due is not None
        # The worker also looks in between: what it makes does not depend on how often.
        now = min(due.next_due.astimezone(TOKYO), now + timedelta(hours=11), end)
        tick(here, now)

    names = {key: work.task.name for key, work in here.plan(OPERATION).works.items() if work.task is not None}
    runs = list(Run.objects.values_list("work", "due_at", "state"))
    made = [(names[work], due_at.astimezone(TOKYO)) for work, due_at, _ in runs]

    wanted = expected()
    assert len(wanted) > 1100
    assert sorted(set(made) - wanted) == []
    assert sorted(wanted - set(made)) == []
    assert len(made) == len(set(made))
    daily = [each for each in runs if names[each[0]] in ("監視ダッシュボード確認", "バックアップ成功確認")]
    # Daily ones don't pile up: each is not performed at the end of its day, and the last day has ended.
    assert {state for _, _, state in daily} == {Run.State.MISSED}
