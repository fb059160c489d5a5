"""Whether a row's new times collide with other rows', over the coming year."""

from datetime import UTC, datetime
from pathlib import Path

from tests.registered import schema

from toban.design.diff import compare
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.hindsight.collisions import Collisions
from toban.engine.hindsight.question import Hindsight

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
DOCUMENT = """# 運用設計書

## 1. 運用方針

### 計画メンテナンス
- 計画メンテナンス: 毎月第2日曜日 2:00-4:00

## 6. バッチ処理

### 定期バッチ
| バッチ名 | 実行タイミング | 内容 |
|---|---|---|
| 日次集計 | 毎日 1:00 | 集計 |
| 請求 | 毎日 5:00 | 請求 |
"""


def edition(text: str) -> Edition:
    return Edition(read_design(text, "運用設計書.md"), read_bindings("", Path("toban.toml"), schema()))


def told(old: str, new: str) -> list[Hindsight]:
    before, after = edition(old), edition(new)
    collisions = Collisions(before, after, NOW)
    changes = compare(before.design, after.design).changes
    return [each for change in changes for each in collisions.of(change)]


def test_a_time_that_moves_into_maintenance_says_how_often_it_does() -> None:
    (found,) = told(DOCUMENT, DOCUMENT.replace("毎日 1:00", "毎日 3:00"))

    assert found.is_adverse
    assert found.said[0].values["count"] == 12
    assert found.said[0].values["former"] == 0
    assert "メンテナンス" in str(found.said[0])
    assert list(found.values["new"].values()) == [12]  # type: ignore[attr-defined]


def test_two_rows_at_the_same_moment_collide_every_day() -> None:
    (found,) = told(DOCUMENT, DOCUMENT.replace("毎日 1:00", "毎日 5:00"))

    assert found.said[0].values["count"] == 364


def test_a_time_that_moves_out_of_the_way_is_no_reason_against_it() -> None:
    (found,) = told(DOCUMENT.replace("毎日 1:00", "毎日 3:00"), DOCUMENT)

    assert not found.is_adverse
    assert found.said[0].code == "hindsight.collides-never"
    assert found.said[0].values["former"] == 12


def test_a_row_whose_times_stay_says_nothing() -> None:
    assert told(DOCUMENT, DOCUMENT.replace("| 集計 |", "| 売上の集計 |")) == []
