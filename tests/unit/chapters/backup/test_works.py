"""From rows of the policy and their bindings to works."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.integration.chapters.backup.fake_engine import FakeBackup, Source, kind_of
from tests.registered import schema

from toban.chapters.backup.engine import Method
from toban.chapters.backup.rules import CopyRetention
from toban.chapters.backup.taking.config import BackupBatch
from toban.chapters.backup.works import BackupPlan, days_of, plan
from toban.design.reader import read_design
from toban.design.values.duration import Duration, Forever, Generations, Retention, TimeUnit
from toban.engine.bindings.load import read_bindings
from toban.engine.registry.kinds import Kinds
from toban.engine.stores import directory

KINDS = Kinds.given(backups={"fake": kind_of(Source())}, stores={"directory": directory.KIND})
KNOWN = schema(
    batches={"backup": BackupBatch},
    stores={"directory": directory.DirectoryConfig},
    backups={"fake": FakeBackup},
)
BINDINGS = '[stores.S3]\nkind = "directory"\npath = "s"\n[backups.DB]\nkind = "fake"\n'
RETRIES = """
## 6. バッチ

### バッチ実行方式
- **リトライ**: 失敗時3回まで自動リトライ (間隔: 5分、15分、30分)
"""


def planned(*rows: str, bindings: str = BINDINGS, more: str = "") -> BackupPlan:
    table = "\n".join(rows)
    text = (
        "# 運用設計書\n\n## 4. バックアップ・リストア\n\n### バックアップ方針\n"
        f"| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |\n|---|---|---|---|---|---|\n{table}\n{more}"
    )
    return plan(read_design(text, "d.md"), read_bindings(bindings, Path("toban.toml"), KNOWN), KINDS)


FULL = "| DB | フル | 日次 2:00 | 30世代 | S3 | 30日 |"
INCREMENT = "| DB | 増分 | 1時間毎 | 24世代 | S3 | 24時間 |"


def test_each_row_is_a_work_with_its_schedule_and_what_it_keeps() -> None:
    made = planned(FULL, INCREMENT)

    assert sorted(made.works) == ["DB/full", "DB/incremental"]
    assert made.unbound == {}
    assert made.sources["DB"].store_name == "S3"
    assert made.sources["DB"].keep == {
        Method.FULL: CopyRetention(Generations(30), Duration(Decimal(30), TimeUnit.DAY)),
        Method.INCREMENTAL: CopyRetention(Generations(24), Duration(Decimal(24), TimeUnit.HOUR)),
    }
    assert [step.name for step in made.works["DB/full"].steps] == ["take", "verify", "record", "prune"]


def test_failures_are_retried_by_the_rule_for_batches() -> None:
    with_rule, without = planned(FULL, more=RETRIES), planned(FULL)

    minutes = [delay / timedelta(minutes=1) for delay in with_rule.works["DB/full"].retry_delays]
    assert minutes == [5, 15, 30]
    assert without.works["DB/full"].retry_delays == (timedelta(minutes=5),)


def test_the_wait_that_no_row_names_comes_from_the_bindings() -> None:
    made = planned(FULL, bindings=f'[runs]\nretry_after = "7分"\n{BINDINGS}')

    assert made.works["DB/full"].retry_delays == (timedelta(minutes=7),)


def test_the_store_of_a_subject_is_that_of_its_full_copies() -> None:
    made = planned(
        "| DB | 増分 | 1時間毎 | - | NAS | - |", FULL,
        bindings=BINDINGS + '[stores.NAS]\nkind = "directory"\npath = "n"\n',
    )  # fmt: skip

    assert made.sources["DB"].store_name == "S3"


def test_a_store_in_the_binding_takes_precedence_over_the_document() -> None:
    more = 'store = "NAS"\n[stores.NAS]\nkind = "directory"\npath = "n"\n'

    assert planned(FULL, bindings=BINDINGS + more).sources["DB"].store_name == "NAS"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("| DB | フル | 随時 | - | S3 | - |", "取得の日時が決まりません"),
        ("| DB | レプリカ | 日次 2:00 | - | S3 | - |", "レプリカ"),
        ("| 別の | フル | 日次 2:00 | - | S3 | - |", '[backups."別の"]'),
        ("| DB | バージョニング | 常時 | - | S3 | - |", 'kind = "versioning"'),
    ],
)
def test_a_row_that_cannot_run_says_what_to_write(row: str, words: str) -> None:
    made = planned(row)

    assert not made.works
    assert [words in str(why) for why in made.unbound.values()] == [True]


def test_two_rows_for_the_same_backup_are_reported() -> None:
    made = planned(FULL, "| DB | 完全 | 週次 月曜 3:00 | 4世代 | S3 | - |")

    assert list(made.works) == ["DB/full"]
    assert "もう一つあります" in str(next(iter(made.unbound.values())))


def test_a_batch_missing_from_the_document_does_not_replace_the_row() -> None:
    made = planned(FULL, bindings=BINDINGS + '[batches.B001]\nkind = "backup"\nsubject = "DB"\n')

    assert list(made.works) == ["DB/full"]


@pytest.mark.parametrize(
    ("retention", "days"),
    [
        (None, None),
        (Forever(), None),
        (Duration(Decimal(30), TimeUnit.DAY), 30),
        (Duration(Decimal(24), TimeUnit.HOUR), 1),
        (Duration(Decimal(25), TimeUnit.HOUR), 2),
        (Duration(Decimal(1), TimeUnit.HOUR), 1),
    ],
)
def test_retentions_are_converted_to_whole_days(retention: Retention | None, days: int | None) -> None:
    assert days_of(retention) == days
