"""The title says whether a document states rules, and whether they are of operations."""

import pytest

from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.objectives import Objective
from toban.design.clauses.routine import Routine
from toban.design.reader import Design, read_design

TARGETS = "| 項目 | 目標値 |\n|---|---|\n| 応答時間 | 2秒以内 |\n"


def document(title: str, *chapters: str) -> Design:
    return read_design("\n\n".join([f"# {title}", *chapters, "サーバー\n"]), "文書.md")


def tasks(title: str, *chapters: str) -> Design:
    return document(title, "## 日次作業\n\n- ログの確認\n- ディスクの確認", *chapters)


@pytest.mark.parametrize(
    "title",
    [
        "障害対応の結果報告書",
        "基盤更新レポート - 通販",
        "Migration report",
        "Incident retrospective: July",
        "運用要件の定義ガイド",
        "Monitoring tutorial",
        "運用改善計画",
        "Operations readiness plan",
        "開発環境のセットアップ",
        "Getting started with monitoring",
        "Database cutover runbook",
        "Task 12: backup",
        "運用設計書テンプレート",
    ],
)
def test_a_document_that_only_tells_of_rules_states_none(title: str) -> None:
    design = document(title, "## 監視の目標\n\n" + TARGETS)

    assert design.clauses == ()
    assert [row.reason.code for row in design.not_in_force] == ["design.heading-not-in-force"]


@pytest.mark.parametrize(
    "title",
    [
        "運用設計書",
        "月次報告のシステム運用",
        "Disaster recovery plan",
        "Monitoring setup guide",
        "テスト環境の運用手順書",
    ],
)
def test_the_title_of_a_design_is_none_of_those(title: str) -> None:
    assert len(document(title, "## 監視の目標\n\n" + TARGETS).of(Objective)) == 1


@pytest.mark.parametrize("title", ["在庫アプリの画面設計", "Checkout service", "README"])
def test_where_nothing_is_operated_more_must_speak_for_a_row(title: str) -> None:
    design = tasks(title)

    assert design.of(Routine) == ()
    assert "design.title-of-something-else" in {row.reason.code for row in design.unread}


@pytest.mark.parametrize("title", ["通販の運用", "Operations of the shop", "概要", "Handbook", "1."])
def test_a_title_about_operations_or_about_nothing_is_none_of_those(title: str) -> None:
    assert len(tasks(title).of(Routine)) == 2


def test_chapters_make_a_document_of_operations_too() -> None:
    chapters = ("## 監視\n\n本文", "## バックアップ\n\n本文", "## 画面\n\n本文")

    assert len(tasks("在庫アプリ", *chapters).of(Routine)) == 2
    assert tasks("在庫アプリ", *chapters[2:], "## 配色\n\n本文").of(Routine) == ()


def test_columns_that_show_the_kind_need_no_title() -> None:
    table = "| 監視項目 | 警告 | 異常 |\n|---|---|---|\n| CPU使用率 | 70% | 85% |\n"

    assert len(document("在庫アプリ", "## 監視\n\n" + table).of(Monitor)) == 1


def test_a_title_that_is_not_the_only_one_of_its_level_counts_too() -> None:
    design = tasks("在庫アプリの画面設計", "# 付録\n\n本文")

    assert design.of(Routine) == ()
