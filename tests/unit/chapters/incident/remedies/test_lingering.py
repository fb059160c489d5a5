"""How long what a cause has done is still in the figures after it has ended."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.chapters.incident.remedies.lingering import LEAST, LONGEST, Lingering, lingering
from toban.design.clauses.monitoring import Monitor
from toban.design.reader import read_design

HEAD = """# 運用設計書
## 2. 監視設計
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告閾値 | 異常閾値 | 監視間隔 |
|---|---|---|---|---|---|
"""


def of_row(text: str) -> Lingering:
    design = read_design(f"{HEAD}{text}\n", "運用設計書.md")
    (row,) = design.of(Monitor)
    return lingering(design, row.id)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("| API | 死活 | 応答あり | - | 応答なし | 30秒 |", timedelta()),
        ("| API | エラー率 | 0-0.5% | 1% | 5% | 1分 |", LEAST),
        ("| API | エラー率 | 0-0.5% | 1% | 10%以上が30秒継続 | 30秒 |", LEAST),
        ("| API | CPU使用率 | 0-60% | 70% | 85%以上が30分継続 | 1分 |", timedelta(minutes=30)),
        ("| API | CPU使用率 15分平均 | 0-60% | 70% | 85% | 1分 |", timedelta(minutes=15)),
        ("| API | CPU使用率 | 0-60% | 70% | 85%以上が24時間継続 | 1分 |", LONGEST),
    ],
)
def test_it_is_as_long_as_the_row_looks_back(row: str, expected: timedelta) -> None:
    assert of_row(row).wait == expected


def test_for_a_row_that_is_no_monitor_it_is_the_least() -> None:
    design = read_design(f"{HEAD}| API | 死活 | 応答あり | - | 応答なし | 30秒 |", "運用設計書.md")

    assert lingering(design, "x/y/z").wait == LEAST


NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("began", "now", "expected"),
    [
        (-MINUTE, 4 * MINUTE, True),
        (-MINUTE, 5 * MINUTE, False),
        (timedelta(seconds=30), MINUTE, True),
        # What begins when no window reaches back to the cause is something new.
        (2 * MINUTE, 3 * MINUTE, False),
    ],
)
def test_only_what_began_while_the_cause_could_be_seen_is_its_doing(
    began: timedelta, now: timedelta, expected: bool
) -> None:
    past = of_row("| API | エラー率 | 0-0.5% | 1% | 10%以上が1分継続 | 30秒 |")

    assert past.is_of(NOON, NOON + began, NOON + now) is expected
