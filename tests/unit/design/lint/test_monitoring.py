"""Normal ranges, thresholds, targets and promises compared with each other."""

from collections.abc import Callable

import pytest

from toban.design.finding import Finding

type Find = Callable[[str, str], list[Finding]]

HEAD = """# 運用設計書

## 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|------|---------|---------|------|------|---------|
"""
TARGET = """# 運用設計書

## 運用方針

### 運用目標
| 項目 | 目標値 |
|------|-------|
| レスポンスタイム | 平均500ms以内 |
| 稼働率 | 99.5% |

"""
PROMISE = """
## 重要な設計判断

### 障害対応
- **即時検知**: 監視アラートで3分以内に検知
"""


def monitors(*rows: str) -> str:
    return HEAD + "".join(f"{row}\n" for row in rows)


@pytest.mark.parametrize(
    ("row", "count"),
    [
        ("| DB | CPU使用率 | 0-60% | 70% | 85% | 1分 |", 1),
        ("| DB | CPU使用率 | 0-70% | 70% | 85% | 1分 |", 0),
        ("| DB | CPU使用率 | 0-69% | 70% | 85% | 1分 |", 0),
        ("| DB | CPU使用率 | 0-68% | 70% | 85% | 1分 |", 1),
        ("| API | エラー率 | 0-0.09% | 0.1% | 1% | 1分 |", 0),
        ("| API | エラー率 | 0-0.08% | 0.1% | 1% | 1分 |", 1),
        ("| API | レスポンスタイム | 0-1秒 | 1500ms | 3000ms | 1分 |", 0),
        ("| API | レスポンスタイム | 0-1秒 | 2500ms | 3000ms | 1分 |", 1),
    ],
)
def test_a_gap_is_larger_than_one_step_of_the_last_digit(find: Find, row: str, count: int) -> None:
    assert len(find("MN001", monitors(row))) == count


def test_gaps_in_several_rows_are_one_finding_that_quotes_each(find: Find) -> None:
    row = "| DB | %s | 0-60%% | 70%% | 85%% | 1分 |"
    items = ("CPU使用率", "メモリ使用率", "ディスク使用率")

    [found] = find("MN001", monitors(*(row % item for item in items)))

    assert [line.split(" | ")[1] for line in found.quote.splitlines()] == list(items)
    assert found.origin.line == 8
    assert "3行で" in str(found.message)
    assert "8〜10行目" in str(found.message)


@pytest.mark.parametrize(
    ("warning", "critical", "count"),
    [("80%", "90%", 0), ("90%", "80%", 1), ("90%", "90%", 1), ("90%以上が5分継続", "90%以上が15分継続", 0)],
)
def test_warning_comes_before_critical(find: Find, warning: str, critical: str, count: int) -> None:
    row = f"| DB | CPU使用率 | 0-80% | {warning} | {critical} | 1分 |"

    assert len(find("MN002", monitors(row))) == count


def test_falling_thresholds_are_ordered_downwards(find: Find) -> None:
    right = "| DB | ディスク空き | - | 空き20%未満 | 空き10%未満 | 1分 |"
    wrong = "| DB | ディスク空き | - | 空き10%未満 | 空き20%未満 | 1分 |"

    assert [len(find("MN002", monitors(row))) for row in (right, wrong)] == [0, 1]


@pytest.mark.parametrize(("warning", "count"), [("499ms", 0), ("500ms", 1), ("0.5秒", 1), ("800ms", 1)])
def test_a_warning_must_come_before_the_target_is_missed(find: Find, warning: str, count: int) -> None:
    row = f"| API | レスポンスタイム | 0-300ms | {warning} | 1000ms | 1分 |"

    assert len(find("MN003", TARGET + monitors(row))) == count


@pytest.mark.parametrize(("warning", "count"), [("99.7%未満", 0), ("99.5%未満", 1), ("99.0%未満", 1)])
def test_warning_of_availability_must_be_above_the_target(find: Find, warning: str, count: int) -> None:
    row = f"| Web | 稼働率 | - | {warning} | 98%未満 | 1分 |"

    assert len(find("MN003", TARGET + monitors(row))) == count


@pytest.mark.parametrize(
    ("critical", "interval", "count"),
    [
        ("90%", "2分", 0),
        ("90%", "3分", 1),
        ("90%", "5分", 1),
        ("90%以上が連続3回", "1分", 1),
        ("90%以上が連続2回", "1分", 0),
        ("90%以上が2分継続", "1分", 1),
    ],
)
def test_a_detection_promise_must_cover_interval_and_conditions(
    find: Find, critical: str, interval: str, count: int
) -> None:
    row = f"| DB | CPU使用率 | 0-80% | 80% | {critical} | {interval} |"

    assert len(find("MN004", monitors(row) + PROMISE)) == count


def test_one_promise_gives_one_finding_that_cites_all_slow_rows(find: Find) -> None:
    row = "| {} | CPU使用率 | 0-80% | 80% | 90% | 5分 |"

    (finding,) = find("MN004", monitors(*(row.format(name) for name in ("Web", "API", "DB"))) + PROMISE)

    assert "8〜10行目" in str(finding.message)


@pytest.mark.parametrize(
    ("row", "count"),
    [
        ("| DB | Load average | 0-4 | 4 | 8 | 1分 |", 1),
        ("| DB | CPU使用率 | 0-80% | 80% | 90% | 1分 |", 0),
        ("| DB | 決済の失敗 | - | 5分間に3件以上 | 5分間に10件以上 | 1分 |", 0),
    ],
)
def test_an_item_that_nothing_measures_is_found(find: Find, row: str, count: int) -> None:
    assert len(find("MN008", monitors(row))) == count


def test_items_that_nothing_measures_are_one_finding(find: Find) -> None:
    (finding,) = find(
        "MN008", monitors(*(f"| {name} | Load average | 0-4 | 4 | 8 | 1分 |" for name in "ABC"))
    )

    assert "8〜10行目" in str(finding.message)
