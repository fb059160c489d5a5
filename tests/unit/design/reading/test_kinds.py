"""Between two kinds the reader asks, and of an unknown table it names the nearest kind."""

import pytest
from tests.unit.design.conftest import Read

from toban.design.clauses.routine import Routine


def test_a_table_of_two_kinds_is_unread_with_both_named(read: Read) -> None:
    design = read(
        "## Escalation Paths",
        "### Severity Levels",
        "| Level | Response Time | Escalation |",
        "|---|---|---|",
        "| Critical | 5 minutes | Team lead |",
    )

    assert design.clauses == ()
    assert {kind.code for kind in design.unread[0].reason.values["kinds"]} == {  # type: ignore[union-attr]
        "design.kind-incident-level",
        "design.kind-notification-rule",
    }


def test_an_unknown_table_names_the_nearest_kind_and_what_it_lacks(read: Read) -> None:
    (row,) = read("## 監視", "| 監視項目 | 色 |", "|---|---|", "| CPU使用率 | 青 |").unread

    assert "監視項目" in str(row.reason)
    assert "次の列がありません" in str(row.reason)


def test_a_heading_with_a_time_and_nothing_that_is_read_below_it_is_unread(read: Read) -> None:
    design = read("## 週次メンテナンス（日曜日 2:00）", "よく見ること。")

    assert [(row.line, row.reason.code) for row in design.unread] == [(1, "design.heading-with-time")]


def test_a_heading_with_a_time_that_its_rows_use_is_no_row_of_its_own(read: Read) -> None:
    design = read("## 週次メンテナンス（日曜日 2:00）", "- [ ] ディスクの確認")

    assert (len(design.of(Routine)), design.unread) == (1, ())


@pytest.mark.parametrize(
    ("heading", "header", "row", "field", "value"),
    [
        (
            "## 障害レベル",
            "| 優先度 | レベル | 定義 | 対応時間 |",
            "| 高 | 重大 | 全館の停止 | 15分 |",
            "name",
            "重大",
        ),
        ("## 予算", "| 環境 | サービス | 月額予算 |", "| 本番 | 配信網 | 90,000円 |", "item", "配信網"),
        (
            "## 運用体制",
            "| 役割 | 担当 | 担当者 | 対応時間 |",
            "| 責任者 | 基盤 | 森 | 24時間365日 |",
            "holder",
            "森",
        ),
        (
            "## よくある障害",
            "| 説明 | 障害 | 原因 | 対応 |",
            "| 夜に多い | 遅延 | 索引 | 再構築 |",
            "cause",
            "索引",
        ),
    ],
)
def test_of_two_columns_for_one_role_the_proper_name_has_it(
    read: Read, heading: str, header: str, row: str, field: str, value: str
) -> None:
    (clause,) = read(heading, header, "|---" * header.count(" | ") + "|---|", row).clauses

    assert getattr(clause, field) == value


def test_a_column_of_links_does_not_set_a_known_table_aside(read: Read) -> None:
    header = ("| バッチID | URL | バッチ名 | 実行頻度 |", "|---|---|---|---|")
    design = read("## バッチ一覧", *header, "| L7 | https://wiki.example/l7 | 返却の集計 | 毎日 2:00 |")

    assert [clause.kind for clause in design.clauses] == ["batch"]
    assert design.aside == ()
