"""The result of the comparison with the source, and of all checks together."""

import pytest

from toban.chapters.backup.drills.check import Check
from toban.chapters.backup.drills.fingerprint import TableContent, Tables
from toban.chapters.backup.drills.rehearsal import DrillOutcome, compared
from toban.design.acts import is_restore_test
from toban.design.clauses.routine import Routine
from toban.design.origin import Origin
from toban.design.values.schedule import read_schedule
from toban.message import Message, plain

ORDERS, ITEMS = TableContent(3, "77"), TableContent(5, "88")


def tables(**read: TableContent) -> Tables:
    return Tables({f"public.{name}": content for name, content in read.items()}, {})


def test_the_same_tables_pass_with_their_rows_counted() -> None:
    check = compared(tables(orders=ORDERS, items=ITEMS), tables(orders=ORDERS, items=ITEMS))

    assert (check.passed, str(check.found)) == (True, "2 表、8 行が一致")
    assert check.found.in_language("en") == "2 tables, 8 rows agree"


@pytest.mark.parametrize(
    ("back", "words"),
    [
        (tables(), "public.orders: 戻った側にありません"),
        (tables(orders=TableContent(2, "77")), "3 行のはずが 2 行"),
        (tables(orders=TableContent(3, "78")), "3 行の中身が違います"),
        (tables(orders=ORDERS, more=ITEMS), "public.more: ソースにはありません"),
    ],
)
def test_differing_tables_fail_the_check_and_are_named(back: Tables, words: str) -> None:
    check = compared(tables(orders=ORDERS), back)

    assert check.passed is False
    assert words in str(check.found)


def test_tables_that_could_not_be_read_in_the_source_are_reported() -> None:
    source = Tables({"public.orders": ORDERS}, {"public.huge": Message("backup.table-not-read-in-time")})

    check = compared(source, tables(orders=ORDERS, huge=ITEMS))

    assert check.passed is True
    assert "public.huge は数えていません: 時間内に読めませんでした" in str(check.found)


def test_a_comparison_of_nothing_does_not_pass() -> None:
    assert compared(tables(), tables()).passed is None


@pytest.mark.parametrize(
    ("checks", "reason", "passed"),
    [
        ([True, True], "", True),
        ([True, None], "", None),
        ([None, False], "", False),
        ([], "", None),
        ([True], "サーバーが立ち上がりません", False),
    ],
)
def test_a_drill_is_green_only_if_every_check_is_green(
    checks: list[bool | None], reason: str, passed: bool | None
) -> None:
    found = [Check(plain("c"), each, plain("f")) for each in checks]
    outcome = DrillOutcome(checks=found, reason=plain(reason))

    assert outcome.passed is passed


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("バックアップリストアテスト", True),
        ("DR訓練 (DB復旧)", True),
        ("Restore drill", True),
        ("バックアップ成功確認", False),
        ("リストア手順書の更新", False),
    ],
)
def test_a_restore_test_is_recognised_by_its_name(name: str, is_one: bool) -> None:
    schedule = read_schedule("毎月第1月曜日")
    assert schedule is not None
    routine = Routine(
        id="r", origin=Origin("ops.md", 1), text="", name=name, schedule=schedule, owner="", content=""
    )

    assert is_restore_test(routine) is is_one
