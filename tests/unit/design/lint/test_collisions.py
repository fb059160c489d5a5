"""Schedules compared with each other and with the calendar."""

from collections.abc import Callable

import pytest

from toban.design.finding import Finding

type Find = Callable[[str, str], list[Finding]]


def maintenance(window: str, batch_at: str, name: str = "集計") -> str:
    return f"""# 運用設計書

## 運用方針

### サービス提供時間
- **メンテナンス**: {window} (計画メンテナンス)

## バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---------|---------|--------------|---------|---------|------------|
| J01 | {name} | 日次 | {batch_at} | 前日分 | 再実行 |
"""


@pytest.mark.parametrize(("at", "count"), [("1:59", 0), ("2:00", 1), ("3:59", 1), ("4:00", 0)])
def test_a_window_includes_its_start_but_not_its_end(find: Find, at: str, count: int) -> None:
    assert len(find("XX001", maintenance("毎月第2日曜日 2:00-4:00", at))) == count


def test_collisions_in_the_coming_year_are_counted_and_the_next_one_named(find: Find) -> None:
    (finding,) = find("XX001", maintenance("毎月第2日曜日 2:00-4:00", "2:00"))

    assert "今後1年で12回、次は2026-04-12(日)、2026-05-10(日)、2026-06-14(日)" in str(finding.message)


@pytest.mark.parametrize("at", ["23:30", "0:30"])
def test_a_window_past_midnight_covers_both_days(find: Find, at: str) -> None:
    assert len(find("XX001", maintenance("毎月第2日曜日 23:00-1:00", at))) == 1


def test_maintenance_work_inside_its_window_is_not_a_collision(find: Find) -> None:
    assert find("XX001", maintenance("毎月第2日曜日 2:00-4:00", "2:30", name="VACUUM")) == []


def releases(release: str, patching: str, name: str = "OSパッチ適用") -> str:
    return f"""# 運用設計書

## デプロイ・リリース

### リリーススケジュール
| リリース種別 | 頻度 | タイミング |
|------------|------|-----------|
| 定例リリース | 月1回 | {release} |

## 定期作業

### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---------|-------|-------|------|
| {name} | {patching} | 運用チーム | 全サーバー |
"""


def test_release_and_patching_on_one_weekday_collide_every_month(find: Find) -> None:
    (finding,) = find("RL001", releases("毎月第2火曜日", "第2火曜"))

    assert "今後1年で12回、次は2026-04-14(火)" in str(finding.message)


def test_a_fixed_date_and_a_weekday_collide_only_now_and_then(find: Find) -> None:
    (finding,) = find("RL001", releases("毎月第2火曜日", "毎月10日"))

    assert "今後1年で1回、次は2026-11-10(火)。" in str(finding.message)


@pytest.mark.parametrize(
    "text",
    [releases("毎月第2火曜日", "第3火曜"), releases("毎月第2火曜日", "第2火曜", name="復旧訓練")],
)
def test_other_days_and_work_that_changes_nothing_raise_no_finding(find: Find, text: str) -> None:
    assert find("RL001", text) == []


def routine(day: str, owner: str = "運用チーム", name: str = "復旧訓練") -> str:
    return f"""# 運用設計書

## 定期作業

### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---------|-------|-------|------|
| {name} | {day} | {owner} | 検証環境での復旧 |
"""


def test_holidays_are_named_with_their_dates(find: Find) -> None:
    (finding,) = find("RT001", routine("第1月曜"))

    assert "次は2026-05-04（みどりの日）" in str(finding.message)


@pytest.mark.parametrize(
    "text",
    [
        routine("第1営業日"),
        routine("第3木曜"),
        routine("第1月曜", owner="自動"),
        routine("第1月曜", name="復旧訓練（祝日は翌日）"),
    ],
)
def test_work_that_avoids_holidays_or_needs_no_people_raises_no_finding(find: Find, text: str) -> None:
    assert find("RT001", text) == []
