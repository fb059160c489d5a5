"""What a new edition changes, and which rows it would stop."""

from collections.abc import Mapping
from pathlib import Path

from tests.registered import schema

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.change import EditionChange, change_of
from toban.engine.editions.edition import Edition
from toban.message import NOTHING, Message

DESIGN = """\
# 運用設計書

## 監視

| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Web | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| DB | 接続数 | 0-80 | 90 | 100 | 1分 |
"""
UNBOUND = Message("engine.chapter-not-connected")


def edition(design: str = DESIGN, bindings: str = "") -> Edition:
    read = read_bindings(bindings, Path("toban.toml"), schema())
    return Edition(read_design(design, "ops.md"), read)


def change(design: str, bindings: str = "", unbound: tuple[str, ...] = ()) -> EditionChange:
    """Return the change from the design above; all rows run, except *unbound* ones in the new edition."""
    old, new = edition(), edition(design, bindings)

    def rows_of(of: Edition) -> Mapping[str, Message]:
        lacks = unbound if of is new else ()
        return {row.id: UNBOUND if row.id in lacks else NOTHING for row in of.design.clauses}

    return change_of(old, new, rows_of)


def said(found: EditionChange) -> list[str]:
    return [each.said.in_language("en") for each in found.stopped]


def test_another_threshold_is_in_the_plan_as_old_and_new_and_stops_nothing() -> None:
    found = change(DESIGN.replace("85%", "90%"))

    assert [each.in_language("en") for each in found.plan] == [
        '~ Monitor "Web CPU使用率"  Critical: 85% → 90%'
    ]
    assert found.stopped == ()
    assert not found.why_confirm


def test_a_deleted_row_stops() -> None:
    found = change(DESIGN.replace("| DB | 接続数 | 0-80 | 90 | 100 | 1分 |\n", ""))

    assert said(found) == ['Monitor "DB 接続数" (ops.md:8): the row is gone (deleted or renamed)']


def test_a_renamed_row_stops_under_its_former_name() -> None:
    found = change(DESIGN.replace("| DB |", "| データベース |"))

    assert said(found) == ['Monitor "DB 接続数" (ops.md:8): the row is gone (deleted or renamed)']
    assert [each.code for each in found.plan] == ["design.row-removed", "design.row-added"]


def test_a_row_whose_threshold_cannot_be_read_any_more_stops_with_the_reason() -> None:
    found = change(DESIGN.replace("85%", "とても高い"))

    (line,) = said(found)
    assert line.startswith('Monitor "Web CPU使用率" (ops.md:7): line 7 can\'t be read: ')
    assert "とても高い" in line


def test_a_row_that_is_no_longer_bound_stops_although_the_document_is_the_same() -> None:
    found = change(DESIGN, '[system]\nname = "店"\n', unbound=("monitoring/monitor/DB/接続数",))

    assert [each.reason for each in found.stopped] == [UNBOUND]
    assert [each.code for each in found.plan] == ["engine.tables-changed", "engine.row-unbound"]
    assert found.plan[0].values["tables"] == ("[system]",)


def test_a_row_that_never_ran_may_go() -> None:
    old, new = edition(), edition(DESIGN.replace("| DB | 接続数 | 0-80 | 90 | 100 | 1分 |\n", ""))

    found = change_of(old, new, lambda of: {row.id: UNBOUND for row in of.design.clauses})

    assert found.stopped == ()
    assert len(found.plan) == 1


def test_the_reason_to_confirm_lists_the_rows_and_counts_what_it_does_not_list() -> None:
    rows = "".join(f"| Web{number} | CPU使用率 | 0-60% | 70% | 85% | 1分 |\n" for number in range(30))
    old, new = edition(DESIGN + rows), edition(DESIGN)

    found = change_of(old, new, lambda of: {row.id: NOTHING for row in of.design.clauses})

    text = found.why_confirm.in_language("en")
    assert "30 rows that run now" in text
    assert "Web19" in text
    assert "Web20" not in text
    assert "and 10 more" in text
