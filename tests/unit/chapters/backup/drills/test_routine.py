"""The document's restore test as a work: when it is due, and why it does not run."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.integration.chapters.backup.fake_engine import FakeBackup, Source, kind_of
from tests.registered import schema

from toban.chapters.backup import works
from toban.chapters.backup.drills import routine as drills
from toban.chapters.backup.drills.routine import DrillPlan
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.calendar.due import due_times
from toban.engine.evidence.verdict import Verdict
from toban.engine.overview import EditionStatus, RowStatus
from toban.engine.registry.kinds import Kinds
from toban.engine.stores import directory
from toban.message import NOTHING

KINDS = Kinds.given(backups={"fake": kind_of(Source())}, stores={"directory": directory.KIND})
KNOWN = schema(stores={"directory": directory.DirectoryConfig}, backups={"fake": FakeBackup})
BINDINGS = '[stores.S3]\nkind = "directory"\npath = "s"\n[backups.DB]\nkind = "fake"\n'
DRILLED = f"{BINDINGS}[backups.DB.drill]\n"
DOCUMENT = """# 運用設計書

## 4. バックアップ・リストア

### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|---|---|---|---|---|---|
| DB | フル | 日次 2:00 | 30世代 | S3 | 30日 |

## 10. 定期作業

### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---|---|---|---|
| バックアップリストアテスト | {day} | 開発担当者 | ステージング環境でリストア |
"""


def planned(day: str, bindings: str) -> DrillPlan:
    design = read_design(DOCUMENT.format(day=day), "d.md")
    bound = read_bindings(bindings, Path("toban.toml"), KNOWN)
    return drills.plan(design, bound, works.plan(design, bound, KINDS).sources)


@pytest.mark.parametrize(
    ("day", "more", "due"),
    [
        ("第1月曜", "", "12-07 05:00"),
        ("第1月曜", 'at = "22:30"', "12-07 22:30"),
        ("第1月曜 13:00", 'at = "22:30"', "12-07 13:00"),
    ],
)
def test_a_day_without_a_clock_time_starts_when_the_binding_says(day: str, more: str, due: str) -> None:
    work = planned(day, DRILLED + more).works["DB/drill"]

    begin, end = datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    assert [f"{each:%m-%d %H:%M}" for each in due_times(work.schedule, work.system, begin, end)] == [due]


def test_a_drill_ordered_by_hand_is_next_due_when_the_work_is() -> None:
    plan = planned("第1月曜", DRILLED)
    design = read_design(DOCUMENT.format(day="第1月曜"), "d.md")
    bound = read_bindings(DRILLED, Path("toban.toml"), KNOWN)

    by_hand = drills.routine_of(design, works.plan(design, bound, KINDS).sources["DB"])

    assert by_hand == plan.routines["DB"]


@pytest.mark.parametrize(
    ("day", "bindings", "words"),
    [
        ("第1月曜", BINDINGS, '[backups."対象".drill] を書くと Toban が行います'),
        ("随時", DRILLED, "いつ行うかが「随時」からは決まりません"),
    ],
)
def test_the_reason_why_a_drill_never_runs_is_reported(day: str, bindings: str, words: str) -> None:
    found = planned(day, bindings)

    assert found.works == {}
    (why,) = found.unbound.values()
    assert words in str(why)


def test_without_any_backup_the_routine_says_that_none_is_bound() -> None:
    (why,) = planned("第1月曜", "").unbound.values()

    assert str(why) == "接続したバックアップがまだありません: toban.toml に [backups.…] を書いてください"
    assert why.in_language("en") == "No backup is bound yet: write [backups.…] into toban.toml"


@pytest.mark.parametrize(
    ("verdict", "asked"),
    [
        (Verdict.NOT_PERFORMED, ["バックアップリストアテスト"]),
        (Verdict.DEVIATING, ["バックアップリストアテスト"]),
        (Verdict.CONFORMING, []),
        (Verdict.NOT_MEASURABLE, []),
    ],
)
def test_a_missed_or_failed_drill_is_to_do(verdict: Verdict, asked: list[str]) -> None:
    now = datetime(2026, 12, 8, tzinfo=UTC)
    rows = {"routine/routine/バックアップリストアテスト": RowStatus(verdict, NOTHING, now)}
    design = read_design(DOCUMENT.format(day="第1月曜"), "d.md")

    assert [str(each.subject) for each in drills.to_do(design, EditionStatus(now, rows))] == asked
