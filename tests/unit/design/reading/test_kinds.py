"""Between two kinds the reader asks, and of an unknown table it names the nearest kind."""

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
