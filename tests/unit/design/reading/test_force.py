"""Rows that their author does not mean to hold now are never acted on, and shown as such."""

import pytest
from tests.unit.design.conftest import Read

from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.objectives import Objective

TARGETS = ("| 項目 | 目標値 |", "|---|---|", "| 稼働率 | 99.9%以上 |")


@pytest.mark.parametrize(
    "heading",
    [
        "## SLA改善計画",
        "## 将来の目標",
        "## アクションアイテム",
        "## 可用性（案）",
        "## レポート例",
        "## Availability roadmap",
    ],
)
def test_a_row_below_a_plan_or_a_sample_does_not_hold(read: Read, heading: str) -> None:
    design = read(heading, "### 可用性", *TARGETS)

    assert design.of(Objective) == ()
    (row,) = design.not_in_force
    assert row.reason.code == "design.heading-not-in-force"
    assert (design.rows, design.read) == (1, 0)


@pytest.mark.parametrize("mark", ["（予定）", "（案）", "(planned)", "【検討中】", "（未実装）"])
def test_a_mark_takes_a_row_back(read: Read, mark: str) -> None:
    design = read("## 可用性", "| 項目 | 目標値 |", "|---|---|", f"| 稼働率{mark} | 99.9%以上 |")

    assert (design.of(Objective), len(design.not_in_force)) == ((), 1)


@pytest.mark.parametrize("status", ["未着手", "計画中", "Planned"])
def test_a_status_of_its_own_takes_a_row_back(read: Read, status: str) -> None:
    table = ("| 項目 | 目標値 | 備考 |", "|---|---|---|", f"| 稼働率 | 99.9%以上 | {status} |")

    assert len(read("## 可用性", *table).not_in_force) == 1


@pytest.mark.parametrize("word", ["計画停止を除く", "将来の増加は含まない", "案内係", "予定外の停止"])
def test_words_about_something_else_take_nothing_back(read: Read, word: str) -> None:
    table = ("| 項目 | 目標値 | 備考 |", "|---|---|---|", f"| 稼働率 | 99.9%以上 | {word} |")

    assert len(read("## 可用性", *table).of(Objective)) == 1


def test_a_value_that_is_not_needed_is_not_in_force_rather_than_unread(read: Read) -> None:
    design = read(
        "## 監視項目",
        "| 対象 | 監視項目 | 警告 |",
        "|---|---|---|",
        "| Web | CPU使用率 | 80% |",
        "| DB | 接続数 | 不要 |",
    )

    assert [monitor.target for monitor in design.of(Monitor)] == ["Web"]
    assert ([row.line for row in design.not_in_force], design.unread) == ([6], ())
