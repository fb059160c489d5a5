"""Neighbouring headings tell the same objectives apart; a heading alone does not."""

import pytest
from tests.unit.design.conftest import Read

from toban.design.clauses.backup import RecoveryObjective
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.objectives import Objective
from toban.design.reader import Design


def subjects(design: Design) -> list[tuple[str, str]]:
    return [(each.objective, each.subject) for each in design.of(RecoveryObjective)]


@pytest.mark.parametrize(
    "lines",
    [
        ("### 貸出", "", "- RPO: 5分", "- RTO: 1時間", "", "### 蔵書検索", "", "- RPO: 1日", "- RTO: 3日"),
        ("**貸出:**", "- RPO: 5分", "- RTO: 1時間", "", "**蔵書検索:**", "- RPO: 1日", "- RTO: 3日"),
        ("- 貸出", "  - RPO: 5分", "  - RTO: 1時間", "- 蔵書検索", "  - RPO: 1日", "  - RTO: 3日"),
    ],
)
def test_objectives_of_neighbours_have_their_headings_as_subjects(read: Read, lines: tuple[str, ...]) -> None:
    design = read("## 図書館の復旧目標", "", *lines)

    assert subjects(design) == [
        ("RPO", "貸出"),
        ("RTO", "貸出"),
        ("RPO", "蔵書検索"),
        ("RTO", "蔵書検索"),
    ]
    assert len({clause.id for clause in design.clauses}) == 4


def test_the_same_component_in_two_tiers_is_told_apart(read: Read) -> None:
    header = ("| Service | RTO |", "|-|-|")
    design = read(
        "## Disaster recovery",
        *("### Tier 1", "", *header, "| Ledger | 1 hour |", ""),
        *("### Tier 2", "", *header, "| Ledger | 4 hours |"),
    )

    assert subjects(design) == [("RTO", "Tier 1 Ledger"), ("RTO", "Tier 2 Ledger")]


def test_service_levels_of_neighbours_have_their_headings_in_their_names(read: Read) -> None:
    header = ("", "| 項目 | 目標値 |", "|-|-|")
    design = read(
        "## サービス目標",
        "",
        "### 予約サイト",
        *header,
        "| 稼働率 | 99.9% |",
        "",
        "### フロント端末",
        *header,
        "| 稼働率 | 99.5% |",
    )

    assert [each.name for each in design.of(Objective)] == ["予約サイト 稼働率", "フロント端末 稼働率"]
    assert len({each.id for each in design.clauses}) == 2


def test_a_heading_without_neighbours_is_no_subject(read: Read) -> None:
    design = read(
        "## バックアップ", "### 方針", "- RPO: 1時間", "", "## 災害対策", "", "### 目標", "", "- RPO: 1時間"
    )

    assert subjects(design) == [("RPO", ""), ("RPO", "")]


def test_a_fact_above_the_table_does_not_hide_the_heading(read: Read) -> None:
    header = ("| Metric | Target |", "|-|-|")
    design = read(
        "## Recovery objectives of the systems",
        *("### Booking desk (kiosks)", "**Service:** check-in", "", *header, "| RTO | 20 minutes |", ""),
        *("### Ledger database", "**Service:** invoices", "", *header, "| RTO | 3 hours |"),
    )

    assert [each.subject for each in design.of(RecoveryObjective)] == [
        "Booking desk (kiosks)",
        "Ledger database",
    ]


@pytest.mark.parametrize("caption", ["**Advantages:**", "**利点:**"])
def test_a_caption_that_all_neighbours_have_does_not_hide_their_headings(read: Read, caption: str) -> None:
    design = read(
        "## 待機系の比較",
        *("### 停止した予備", caption, "", "- RTO: 4時間", "- RPO: 1日", ""),
        *("### 動いている予備", caption, "", "- RTO: 10分", "- RPO: 1分"),
    )

    assert [subject.partition(" ")[0] for _, subject in subjects(design)] == [
        *["停止した予備"] * 2,
        *["動いている予備"] * 2,
    ]


def test_monitors_of_neighbours_have_their_headings_as_targets(read: Read) -> None:
    header = ("| 監視項目 | 警告 | 異常 |", "|-|-|-|")
    design = read(
        "## 監視項目",
        *("### 蔵書検索", "", *header, "| CPU使用率 | 70% | 85% |", "| エラー率 | 1% | 5% |", ""),
        *("### 貸出端末の監視", "", *header, "| CPU使用率 | 80% | 95% |"),
    )

    assert [(each.target, each.item) for each in design.of(Monitor)] == [
        ("蔵書検索", "CPU使用率"),
        ("蔵書検索", "エラー率"),
        ("貸出端末", "CPU使用率"),
    ]
    assert len({each.id for each in design.clauses}) == 3


def test_the_level_of_an_alert_is_no_target(read: Read) -> None:
    design = read(
        "## Alert thresholds",
        *("### Critical alerts (page at once)", "", "- Loan queue > 300", ""),
        *("### Warning alerts", "", "- Loan queue > 100"),
    )

    assert [each.target for each in design.of(Monitor)] == ["", ""]
