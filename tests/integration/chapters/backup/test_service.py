"""Chapter 4 with real tables: due backups are taken, verified, recorded, pruned, and reported."""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.integration.chapters.backup import fake_engine
from tests.integration.chapters.backup.by_hand import HandTurn, do
from tests.integration.chapters.backup.fake_engine import FakeBackup, Source
from tests.integration.engine.runs.claims import succeed, taken
from tests.registered import schema

from toban.chapters.backup import catalogue
from toban.chapters.backup.models import Backup, Drill, LogStretch, SubjectTurn
from toban.chapters.backup.service import Backups
from toban.chapters.backup.taking.config import BackupBatch
from toban.chapters.backup.works import BackupPlan, plan
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.notify.models import Alert
from toban.engine.registry.kinds import Kinds
from toban.engine.runs.claiming import claim
from toban.engine.runs.claiming.claim import Claim, LastStep
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.scheduler import plan_due
from toban.engine.runs.work import StepFailed, Work
from toban.engine.stores import directory
from toban.message import Message, message_of, plain

if TYPE_CHECKING:
    from toban.engine.telemetry.samples import Sample

pytestmark = pytest.mark.django_db(transaction=True)

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
TWO = datetime(2026, 11, 24, 17, tzinfo=UTC)
"""深夜2:00 in Tokyo."""
DOCUMENT = """# 運用設計書

## 4. バックアップ・リストア

### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|---|---|---|---|---|---|
| PostgreSQL | フルバックアップ | 日次 (2:00) | 3世代 | 倉庫 | 2日 |
| PostgreSQL | 増分バックアップ | 1時間毎 | 3世代 | 倉庫 | 3時間 |

### RPO/RTO
| 項目 | 目標値 |
|---|---|
| RPO (復旧時点目標) | 1時間 |
| RTO (復旧時間目標) | 4時間 |

## 6. バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B001 | DBバックアップ | 日次 | 2:00 | フルバックアップ | 再実行、アラート |

### バッチ実行方式
- **リトライ**: 失敗時1回まで自動リトライ (間隔: 5分)
"""
FULL = "backup/backup-policy/PostgreSQL/フルバックアップ"
INCREMENTAL = "backup/backup-policy/PostgreSQL/増分バックアップ"
BINDINGS = """
[stores."倉庫"]
kind = "directory"
path = "store"

[backups.PostgreSQL]
kind = "fake"
"""


class House:
    """The chapter, with a clock set by the test and runs executed in the test's own thread."""

    def __init__(self, folder: Path, *, bindings: str = BINDINGS, document: str = DOCUMENT) -> None:
        self.now = TWO - SECOND
        self.source = Source(now=lambda: self.now)
        self.samples: list[Sample] = []
        self.backups = Backups(lambda: self.now, self.samples.extend)
        self.design = read_design(document, "運用設計書.md")
        self.kinds = Kinds.given(
            backups={"fake": fake_engine.kind_of(self.source)}, stores={"directory": directory.KIND}
        )
        known = schema(
            batches={"backup": BackupBatch},
            stores={"directory": directory.DirectoryConfig},
            backups={"fake": FakeBackup},
        )
        (folder / "store").mkdir(exist_ok=True)
        self.folder = folder / "store"
        self.bindings = read_bindings(bindings, folder / "toban.toml", known)
        self.plan: BackupPlan = plan(self.design, self.bindings, self.kinds, clock=lambda: self.now)
        self.works: dict[str, Work] = dict(self.plan.works)
        self.backups.adopt(self.plan, self.bindings.system, self.design.digest)
        self.said: list[Message | str] = []
        plan_due(self.works.values(), self.now)

    def pass_to(self, moment: datetime) -> None:
        """Set the clock to *moment*, do what is due, and report it."""
        self.now = moment
        plan_due(self.works.values(), moment)
        while held := taken(self.works, "here", moment):
            self._do(held)
        self.backups.tell()

    def _do(self, held: Claim) -> None:
        try:
            turn = do(self.works[held.work], held.run_id, held.due_at)
        except StepFailed as error:
            claim.fail(held, self.works[held.work], error.reason, message_of(error), self.now)
        else:
            self.said += turn.said
            name, result = list(turn.results.items())[-1]
            succeed(held, self.now, LastStep(name, result, self.now))

    def pass_hours(self, count: int) -> None:
        start = self.now
        for hour in range(1, count + 1):
            self.pass_to(start + hour * HOUR)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    yield House(tmp_path)
    assert not SubjectTurn.objects.exists()


def labels() -> list[str]:
    return [each.label for each in catalogue.on_hand("PostgreSQL")]


def shown(clause: str) -> ClauseStatus:
    return ClauseStatus.objects.get(clause_id=clause)


def verdicts(clauses: Sequence[str] = (FULL, INCREMENTAL)) -> list[str]:
    return [shown(each).verdict for each in clauses]


def test_a_due_backup_is_taken_verified_recorded_and_shown(house: House) -> None:
    house.backups.tell()
    assert verdicts() == ["not-due", "not-due"]

    house.pass_to(TWO)

    assert "20261124T170000Z-full" in labels()
    row = Backup.objects.get(label="20261124T170000Z-full")
    assert (row.verified_at, row.clause_id, row.store) == (TWO, FULL, "倉庫")
    assert (house.folder / "PostgreSQL/20261124T170000Z-full/backup.json").exists()
    assert shown(FULL).verdict == "conforming"
    assert str(shown(FULL).value) == "2026-11-25 02:00 26 B"
    assert shown(FULL).next_due == TWO + DAY
    evidence = LedgerEntry.objects.filter(content__label="20261124T170000Z-full").get()
    assert evidence.content["manifest_sha256"] == row.manifest_sha256
    assert not Alert.objects.exists()


def test_an_increment_is_based_on_the_newest_full_copy(house: House) -> None:
    house.pass_to(TWO)
    house.pass_to(TWO + HOUR)

    newest = Backup.objects.order_by("-label").first()
    assert newest is not None
    assert (newest.method, newest.parent) == ("incremental", "20261124T170000Z-full")
    assert shown("backup/recovery-objective/RPO").verdict == "conforming"


def test_an_increment_without_a_full_copy_becomes_one_and_says_so(house: House) -> None:
    house.now = TWO
    house.pass_to(TWO + HOUR)

    # The full backup of 2:00 is made up for before or after it: no increment is without a base.
    assert all(each.method == "full" or each.parent for each in Backup.objects.all())


def test_a_full_and_an_increment_of_the_first_night_are_two_backups(house: House) -> None:
    house.now = TWO
    # The increment has its turn first: there is nothing yet that it could be based on.
    do(house.works["PostgreSQL/incremental"], 1, TWO)
    do(house.works["PostgreSQL/full"], 2, TWO)

    assert labels() == ["20261124T170000Z-full", "20261124T170000Z-full-for-incr"]
    assert [each.clause_id for each in catalogue.on_hand("PostgreSQL")] == [FULL, INCREMENTAL]
    assert [each.stands_in for each in catalogue.on_hand("PostgreSQL")] == [False, True]


def test_the_reason_why_no_increment_can_be_made_is_reported(house: House) -> None:
    house.pass_to(TWO)
    house.source.needs_full = "WAL summaries are missing from 0/2000000 on"

    house.pass_to(TWO + HOUR)

    assert labels()[-1] == "20261124T180000Z-full-for-incr"
    assert any("0/2000000" in str(line) for line in house.said)
    assert verdicts() == ["conforming", "conforming"]


def test_a_backup_that_does_not_read_back_the_same_is_discarded(house: House) -> None:
    house.source.damages = True

    house.pass_to(TWO)

    assert labels() == []
    run = Run.objects.filter(work="PostgreSQL/full").get()
    assert "SHA-256" in str(run.note)
    assert shown(FULL).verdict == "deviating"
    assert not (house.folder / "PostgreSQL/20261124T170000Z-full/backup.json").exists()


def test_a_backup_that_is_not_read_back_counts_as_listed_only(tmp_path: Path) -> None:
    house = House(tmp_path, bindings=BINDINGS + 'verify = "list"\n')

    house.pass_to(TWO)

    assert Backup.objects.get(method="full").verified_at is None
    assert shown(FULL).verdict == "conforming"


def test_a_failure_is_retried_by_the_rule_for_batches_and_then_announced(house: House) -> None:
    house.pass_to(TWO)
    house.source.refuses = "the server does not answer"

    house.pass_to(TWO + DAY)
    assert shown(FULL).verdict == "warning"
    house.pass_to(TWO + DAY + timedelta(minutes=5))

    alert = Alert.objects.get(key=FULL)
    assert (shown(FULL).verdict, alert.condition) == ("deviating", "critical")
    assert "the server does not answer" in str(alert.value)
    house.source.refuses = ""
    house.pass_to(TWO + 2 * DAY)
    assert Alert.objects.get(key=FULL).resolved_at is not None


def test_backups_that_become_too_old_are_announced_although_no_run_failed(house: House) -> None:
    house.pass_to(TWO)
    house.works = {}

    house.pass_to(TWO + DAY + 6 * HOUR)
    late = shown(FULL).verdict
    house.pass_to(TWO + 2 * DAY + 6 * HOUR)

    assert late == "warning"
    assert shown(FULL).verdict == "deviating"
    assert Alert.objects.get(key=FULL).condition == "critical"
    assert not Run.objects.filter(state=Run.State.FAILED).exists()


def test_rpo_is_missed_when_the_newest_moment_is_too_old(house: House) -> None:
    house.pass_to(TWO)
    house.works = {}

    house.pass_to(TWO + HOUR)
    kept = shown("backup/recovery-objective/RPO")
    kept_verdict, kept_value = kept.verdict, kept.value
    house.pass_to(TWO + HOUR + SECOND)

    assert (kept_verdict, str(kept_value)) == ("conforming", "1時間 (PostgreSQL)")
    assert kept_value.in_language("en") == "1 h (PostgreSQL)"
    assert shown("backup/recovery-objective/RPO").verdict == "deviating"
    assert str(Alert.objects.get(key="backup/recovery-objective/RPO").limit) == "1時間以内"


def test_a_log_that_continues_meets_the_rpo(house: House) -> None:
    house.pass_to(TWO)
    house.works = {}
    catalogue.log_goes_on(
        "PostgreSQL", "7", timeline=1, first_lsn="0/1000000", last_lsn="0/9000000", durable_to=TWO + 5 * HOUR
    )

    house.pass_to(TWO + 5 * HOUR + SECOND)

    assert str(shown("backup/recovery-objective/RPO").value) == "1秒 (PostgreSQL)"


def test_rto_is_that_of_the_newest_drill(house: House) -> None:
    house.pass_to(TWO)
    assert shown("backup/recovery-objective/RTO").verdict == "not-due"

    Drill.objects.create(
        subject="PostgreSQL", label=labels()[0], started_at=TWO, is_passed=True, rto_seconds=720
    )
    house.backups.tell()

    assert shown("backup/recovery-objective/RTO").verdict == "conforming"
    assert str(shown("backup/recovery-objective/RTO").value) == "12分 (PostgreSQL)"


def test_a_damaged_backup_is_shown_and_no_longer_counts_towards_the_rpo(house: House) -> None:
    house.pass_to(TWO)
    Backup.objects.update(
        trouble=Message("backup.object-of-other-size", key="PostgreSQL/x", wanted=26, found=0)
    )

    house.backups.tell()

    assert shown(FULL).verdict == "deviating"
    assert "26 バイト" in str(Alert.objects.get(key=FULL).value)
    rpo, rto = shown("backup/recovery-objective/RPO"), shown("backup/recovery-objective/RTO")
    assert (rpo.verdict, rto.verdict) == ("deviating", "not-measurable")
    assert "26 バイト" in str(rpo.reason)


@pytest.mark.parametrize("is_gone", [False, True], ids=["broken", "gone"])
def test_an_increment_whose_full_is_broken_or_gone_deviates(house: House, *, is_gone: bool) -> None:
    house.pass_to(TWO)
    house.pass_to(TWO + HOUR)
    assert labels()[-1].endswith("incr")
    lost = {"pruned_at": TWO} if is_gone else {"trouble": plain("base.tar: gone")}
    Backup.objects.filter(method="full").update(**lost)

    house.backups.tell()

    row = shown(INCREMENTAL)
    assert (row.verdict, "20261124T170000Z-full" in str(row.reason)) == ("deviating", True)
    assert shown("backup/recovery-objective/RPO").verdict == "deviating"
    house.pass_to(TWO + 2 * HOUR)
    assert (labels()[-1][-14:], shown(INCREMENTAL).verdict) == ("-full-for-incr", "conforming")
    assert shown("backup/recovery-objective/RPO").verdict == "conforming"


def test_an_increment_that_became_a_full_copy_is_not_said_to_be_not_due_yet(house: House) -> None:
    house.source.needs_full = "WAL summaries are missing"
    four = TWO + 2 * HOUR
    PlannedWork.objects.update(planned_until=four - SECOND, next_due=four)

    house.pass_to(four)
    house.now = four + timedelta(minutes=5)
    house.backups.tell()

    row = shown(INCREMENTAL)
    assert labels() == ["20261124T190000Z-full-for-incr"]
    assert (row.verdict, str(row.value)) == ("conforming", "2026-11-25 04:00 26 B")
    assert str(row.reason).endswith("最新は、増分の代わりになるフルです。最新は読み返し済み")


def test_an_rpo_is_missed_when_no_backup_could_be_taken_for_longer_than_it(house: House) -> None:
    house.source.refuses = "the server does not answer"

    house.pass_to(TWO + HOUR)
    within = shown("backup/recovery-objective/RPO").verdict
    house.pass_to(TWO + HOUR + SECOND)

    missed = shown("backup/recovery-objective/RPO")
    assert (within, missed.verdict) == ("not-measurable", "deviating")
    assert "2026-11-25 02:00" in str(missed.reason)


def test_an_rto_is_not_proven_after_a_drill_that_failed(house: House) -> None:
    house.pass_to(TWO)
    for at, passed in ((TWO, True), (TWO + HOUR, False)):
        Drill.objects.create(
            subject="PostgreSQL", label=labels()[0], started_at=at, is_passed=passed, rto_seconds=720
        )

    house.backups.tell()

    rto = shown("backup/recovery-objective/RTO")
    assert (rto.verdict, "2026-11-25" in str(rto.reason)) == ("not-measurable", True)


def test_backups_the_document_no_longer_requires_are_pruned_with_the_reason(house: House) -> None:
    for day in range(5):
        house.pass_to(TWO + day * DAY)
        house.pass_hours(5)

    fulls = [label for label in labels() if label.endswith("full")]
    increments = [label for label in labels() if label.endswith("incr")]
    assert fulls == ["20261126T170000Z-full", "20261127T170000Z-full", "20261128T170000Z-full"]
    assert len(increments) == 3
    gone = Backup.objects.get(label="20261124T170000Z-full")
    assert gone.pruned_at is not None
    assert gone.pruned_why == Message("backup.past-both-rules", generations="3世代", retention="2日")
    assert not (house.folder / "PostgreSQL/20261124T170000Z-full").exists()
    assert house.source.trimmed_to[-1] == "20261126T170000Z-full"


def test_a_run_ends_with_a_note_of_its_result(house: House) -> None:
    for day in range(4):
        house.pass_to(TWO + day * DAY)

    notes = [str(run.note) for run in Run.objects.order_by("due_at")]
    assert "20261124T170000Z-full (26 B) を取り、読み返して確かめました" in notes
    # The full backup of the first day, and the increment based on it.
    assert [note.partition("。")[2] for note in notes if "消しました" in note] == ["古い 2 個を消しました"]


def test_an_interrupted_prune_is_finished_by_the_next(house: House) -> None:
    for day in range(4):
        house.pass_to(TWO + day * DAY)
    removed = Backup.objects.get(label="20261124T170000Z-full")
    Backup.objects.filter(pk=removed.pk).update(pruned_at=None)

    house.pass_to(TWO + 4 * DAY)

    removed.refresh_from_db()
    assert removed.pruned_at is not None


def test_an_attempt_that_died_resumes_under_its_own_label(house: House) -> None:
    house.source.dies_once = ConnectionResetError("the worker was killed")
    house.now = TWO
    work = house.works["PostgreSQL/full"]
    with pytest.raises(ConnectionResetError):
        work.steps[0].act(HandTurn(1, TWO))
    assert labels() == []

    do(work, 1, TWO)

    assert house.source.taken == ["20261124T170000Z-full"] * 2
    assert labels() == ["20261124T170000Z-full"]


@pytest.mark.parametrize("step", ["take", "verify", "record", "prune"])
def test_a_step_that_was_done_but_not_recorded_can_be_repeated(house: House, step: str) -> None:
    work = house.works["PostgreSQL/full"]
    for day in range(4):
        house.now = TWO + day * DAY
        do(work, day, house.now)

    house.now = TWO + 4 * DAY
    do(work, 4, house.now, twice=step)

    assert labels() == ["20261126T170000Z-full", "20261127T170000Z-full", "20261128T170000Z-full"]
    assert LedgerEntry.objects.filter(content__label="20261128T170000Z-full").count() == 1
    stored = {path.parent.name for path in house.folder.rglob("backup.json")}
    assert stored == set(labels())


def test_an_unfinished_backup_is_swept_after_a_day(house: House) -> None:
    left = house.folder / "PostgreSQL" / "20261101T170000Z-full" / "text"
    foreign = house.folder / "PostgreSQL" / "20261102T170000Z-full" / "backup.json"
    for path in (left, foreign):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"half")
    house.pass_to(TWO)
    assert left.exists()

    old = (TWO - 2 * DAY).timestamp()
    os.utime(left, (old, old))
    os.utime(foreign, (old, old))
    house.pass_to(TWO + DAY)

    assert not left.exists()
    assert foreign.exists()


def test_the_age_of_the_newest_moment_is_measured(house: House) -> None:
    house.pass_to(TWO)
    house.now = TWO + 600 * SECOND

    house.backups.look()

    assert [(each.metric, each.target, each.value) for each in house.samples] == [
        ("backup_age_seconds", "PostgreSQL", 600.0)
    ]


def test_pruned_log_stretches_begin_at_the_oldest_copy(house: House) -> None:
    catalogue.log_goes_on(
        "PostgreSQL", "7", timeline=1, first_lsn="0/10", last_lsn="0/2000000", durable_to=TWO + HOUR
    )

    house.pass_to(TWO)

    assert LogStretch.objects.get().first_lsn == "0/1000000"
