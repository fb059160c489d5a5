"""The rows of procedures with real tables: what is bound and what was taken and restored decides."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.chapters.backup import fake_engine
from tests.integration.chapters.backup.fake_engine import FakeBackup, Source
from tests.registered import schema

from toban.chapters.backup import works
from toban.chapters.backup.drills import routine
from toban.chapters.backup.engine import BackupWay
from toban.chapters.backup.models import Backup, Drill
from toban.chapters.backup.operation import BackupChapterPlan
from toban.chapters.backup.practice import plan as practice
from toban.chapters.backup.practice.service import Procedures
from toban.chapters.backup.service import Backups
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.operation import Declared
from toban.engine.registry.kinds import Kinds
from toban.engine.runs.models import Run
from toban.engine.runs.scheduler import plan_due
from toban.engine.stores import directory
from toban.message import Message, plain

pytestmark = pytest.mark.django_db(transaction=True)

TWO = datetime(2026, 11, 24, 17, tzinfo=UTC)
"""2:00 in Tokyo."""
HOUR = timedelta(hours=1)
DOCUMENT = """# 運用設計書

## 4. バックアップ・リストア

### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|---|---|---|---|---|---|
| PostgreSQL | フルバックアップ | 日次 (2:00) | 3世代 | 倉庫 | 2日 |

### バックアップ手順
```bash
pg_dump shop | gzip > {store}/shop.sql.gz
```

### リストア手順
```bash
gunzip -c {store}/shop.sql.gz > shop.sql
psql shop < shop.sql
```

## 10. 定期作業

### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---|---|---|---|
| バックアップリストアテスト | 第1月曜 | 開発担当者 | ステージング環境でリストア |
"""
BACKUP = "backup/backup-procedure/バックアップ手順"
RESTORE = "backup/restore-procedure/リストア手順"
BINDINGS = """
[stores."倉庫"]
kind = "directory"
path = "store"

[backups.PostgreSQL]
kind = "fake"
"""
DRILL = """
[backups.PostgreSQL.drill]
"""


def way(_config: FakeBackup, facts: Mapping[str, object]) -> BackupWay:
    """Return how pg_dump works, with the compression that the newest backup really has."""
    return BackupWay(
        takes="pg_dump",
        loads="psql",
        programs=frozenset({"pg_dump", "psql"}),
        form="plain",
        compression=str(facts.get("compression", "gzip")),
    )


class House:
    """The chapter's rows, with a clock set by the test."""

    def __init__(self, folder: Path, *, bindings: str = BINDINGS + DRILL, document: str = DOCUMENT) -> None:
        self.now = TWO - HOUR
        self.store = folder / "store"
        self.store.mkdir(exist_ok=True)
        self.design = read_design(document.format(store=self.store / "PostgreSQL"), "運用設計書.md")
        kind = replace(fake_engine.kind_of(Source()), way=way)
        kinds = Kinds.given(backups={"fake": kind}, stores={"directory": directory.KIND})
        known = schema(stores={"directory": directory.DirectoryConfig}, backups={"fake": FakeBackup})
        bound = read_bindings(bindings, folder / "toban.toml", known)
        backups = works.plan(self.design, bound, kinds, clock=lambda: self.now)
        self.plan = BackupChapterPlan(
            backups,
            routine.plan(self.design, bound, backups.sources),
            practice.plan(self.design, backups.sources, bound.file),
        )
        self.backups, self.procedures = Backups(lambda: self.now, lambda _: None), Procedures()
        self.backups.adopt(backups, bound.system, self.design.digest)
        plan_due([*backups.works.values(), *self.plan.drills.works.values()], self.now)

    def tell(self) -> None:
        """Show the rows."""
        reports = self.backups.tell()
        self.procedures.tell(self.plan.procedures, reports, self.plan.drills, self.now, self.design.digest)

    def shown(self, clause: str) -> tuple[str, Message]:
        """Return verdict and first line of the reason as they are shown now."""
        self.tell()
        row = ClauseStatus.objects.get(clause_id=clause)
        reason: Message = row.reason
        while reason.code == "common.lines":
            reason = reason.values["first"]  # type: ignore[assignment]
        return row.verdict, reason


def made(at: datetime, **facts: str) -> Backup:
    """Record a backup as the engine would."""
    return Backup.objects.create(
        subject="PostgreSQL",
        label=f"{at:%Y%m%dT%H%M%SZ}-full",
        method="full",
        engine="fake",
        store="倉庫",
        started_at=at,
        ended_at=at,
        restorable_to=at,
        verified_at=at,
        facts=facts,
    )


def ended(work: str, due_at: datetime, state: Run.State) -> Run:
    """Record a run of *work* that ended in *state* when it was due."""
    return Run.objects.create(work=work, due_at=due_at, wake_at=due_at, ended_at=due_at, state=state)


def drilled(at: datetime, passed: bool | None, reason: str = "") -> Drill:
    return Drill.objects.create(
        subject="PostgreSQL",
        label="x-full",
        started_at=at,
        ended_at=at,
        is_passed=passed,
        reason=plain(reason),
        evidence_sequence=7,
    )


def test_before_the_first_backup_and_drill_nothing_is_due(tmp_path: Path) -> None:
    house = House(tmp_path)

    assert house.shown(BACKUP) == ("not-due", Message("backup.not-due-yet"))
    assert house.shown(RESTORE) == ("not-due", Message("backup.no-drill-yet", subject="PostgreSQL"))
    assert ClauseStatus.objects.get(clause_id=BACKUP).next_due == TWO
    assert ClauseStatus.objects.get(clause_id=RESTORE).next_due is not None


def test_a_backup_proves_its_procedure_and_a_passed_drill_that_of_restores(tmp_path: Path) -> None:
    house = House(tmp_path)
    backup, drill = made(house.now), drilled(house.now, passed=True)

    assert house.shown(BACKUP) == ("conforming", Message("backup.procedure-made-backup", label=backup.label))
    verdict, reason = house.shown(RESTORE)
    assert (verdict, reason.code) == ("conforming", "backup.procedure-passed-drill")
    entry = LedgerEntry.objects.filter(clause_id=RESTORE).latest("sequence")
    assert entry.content["proof"]["drill"] == drill.pk
    assert entry.content["proof"]["evidence"] == 7


def test_the_newest_backup_shows_what_is_really_done(tmp_path: Path) -> None:
    house = House(tmp_path)
    made(house.now - HOUR, compression="gzip")
    assert house.shown(BACKUP)[0] == "conforming"

    made(house.now, compression="zstd")

    assert house.shown(BACKUP) == ("deviating", Message("backup.procedure-differs", subject="PostgreSQL"))
    assert house.shown(RESTORE)[0] == "deviating"


def test_a_failed_run_after_the_newest_backup_is_no_proof(tmp_path: Path) -> None:
    house = House(tmp_path)
    made(house.now)
    house.now += HOUR
    ended("PostgreSQL/full", house.now, Run.State.FAILED)

    assert house.shown(BACKUP)[0] == "deviating"


@pytest.mark.parametrize(
    ("passed", "verdict", "code"),
    [
        (False, "deviating", "backup.procedure-failed-drill"),
        (None, "not-measurable", "backup.procedure-undecided"),
    ],
)
def test_the_newest_drill_decides(tmp_path: Path, passed: bool | None, verdict: str, code: str) -> None:
    house = House(tmp_path)
    drilled(house.now - HOUR, passed=True)
    drilled(house.now, passed, "行数が違います")

    found, reason = house.shown(RESTORE)

    assert (found, reason.code) == (verdict, code)
    assert "行数が違います" in str(reason)


def test_a_drill_that_was_due_and_not_held_is_not_performed(tmp_path: Path) -> None:
    house = House(tmp_path)
    ended("PostgreSQL/drill", house.now, Run.State.MISSED)

    assert house.shown(RESTORE)[0] == "not-performed"


def test_without_a_drill_the_restore_procedure_says_how_to_bind_one(tmp_path: Path) -> None:
    house = House(tmp_path, bindings=BINDINGS)

    verdict, reason = house.shown(RESTORE)

    assert (verdict, reason.code) == ("unbound", "backup.drill-not-bound")


def test_without_a_bound_backup_the_procedures_are_not_bound(tmp_path: Path) -> None:
    rows = House(tmp_path, bindings="").plan.procedures.rows

    way_out = Message("backup.none-bound", file=tmp_path / "toban.toml")
    assert [rows[BACKUP], rows[RESTORE]] == [way_out, way_out]


def test_a_script_that_nobody_can_look_into_is_only_declared(tmp_path: Path) -> None:
    document = DOCUMENT.replace("pg_dump shop | gzip > {store}/shop.sql.gz", "/opt/backup.sh --full")

    rows = House(tmp_path, document=document).plan.procedures.rows

    assert rows[BACKUP] == Declared(Message("backup.commands-not-known", commands=("/opt/backup.sh --full",)))
    assert not rows[RESTORE]


def test_an_engine_that_does_not_say_how_it_works_is_not_compared(tmp_path: Path) -> None:
    house = House(tmp_path)
    source = replace(house.plan.backups.sources["PostgreSQL"], kind=fake_engine.kind_of(Source()))

    rows = practice.plan(house.design, {"PostgreSQL": source}, "toban.toml").rows

    assert rows[BACKUP] == Declared(Message("backup.kinds-without-way", kinds=("fake",)))
