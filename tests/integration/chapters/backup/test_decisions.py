"""Decisions about what may be lost and how long a restore takes, held against backups and drills."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.chapters.backup.test_service import BINDINGS, DOCUMENT, HOUR, TWO, House
from tests.integration.chapters.decisions.judging import judge

from toban.chapters.backup.models import Backup, Drill
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import ClauseStatus
from toban.engine.notify.models import Alert

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
RPO, RTO = "decisions/decision/バックアップ戦略/RPO-1時間", "decisions/decision/バックアップ戦略/RTO-4時間"
CHAPTER_13 = """
## 13. 重要な設計判断
### バックアップ戦略
- **RPO 1時間**: 1時間毎の増分バックアップ
- **RTO 4時間**: 手順書整備、定期訓練
"""
ROUTINE = """
## 10. 定期作業
### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---------|-------|-------|------|
| バックアップリストアテスト | 第1月曜 | 開発担当者 | ステージング環境でリストア |
"""
DRILLED = f"{BINDINGS}\n[backups.PostgreSQL.drill]\n"


class Decided(House):
    """The chapter, with decisions that are judged after it."""

    def tell(self, after: timedelta = timedelta()) -> None:
        self.now += after
        self.backups.tell()
        judge(Edition(self.design, self.bindings, self.kinds), self.now)


def shown(clause: str) -> tuple[str, str]:
    found = ClauseStatus.objects.get(clause_id=clause)
    return found.verdict, str(found.value)


def drilled(at: datetime, *, hours: float = 1.0) -> Drill:
    label = Backup.objects.latest("pk").label
    return Drill.objects.create(
        subject="PostgreSQL",
        started_at=at,
        ended_at=at + HOUR,
        label=label,
        is_passed=True,
        rto_seconds=hours * 3600,
    )


def test_a_decision_that_chapter_4_promises_too_is_shown_as_its_row(tmp_path: Path) -> None:
    house = Decided(tmp_path, document=DOCUMENT + CHAPTER_13)
    house.tell()
    assert (shown(RPO)[0], shown(RTO)[0]) == ("not-due", "not-due")

    house.pass_to(TWO)
    house.tell()
    assert shown(RPO) == shown("backup/recovery-objective/RPO")
    assert shown(RPO)[0] == "conforming"
    assert "運用設計書.md:14 と同じことを求める行です" in str(ClauseStatus.objects.get(clause_id=RPO).reason)

    house.tell(after=HOUR + timedelta(seconds=1))
    assert shown(RPO)[0] == "deviating"
    # One trouble, one alert: the row of chapter 4 announces it.
    assert [each.clause_id for each in Alert.objects.filter(labels__item="RPO")] == [
        "backup/recovery-objective/RPO"
    ]
    assert not Alert.objects.filter(clause_id=RPO).exists()


def test_a_decision_without_a_row_in_chapter_4_is_measured_by_itself(tmp_path: Path) -> None:
    document = DOCUMENT.replace("| RPO (復旧時点目標) | 1時間 |\n", "").replace(
        "| RTO (復旧時間目標) | 4時間 |\n", "| RTO (復旧時間目標) | 8時間 |\n"
    )
    house = Decided(tmp_path, document=document + CHAPTER_13)
    house.tell()
    assert (shown(RPO)[0], shown(RTO)[0]) == ("not-due", "not-due")

    house.pass_to(TWO)
    drill = drilled(TWO, hours=5)
    house.tell()
    # Chapter 4 allows eight hours, and the decision four.
    assert shown("backup/recovery-objective/RTO")[0] == "conforming"
    assert (shown(RPO)[0], shown(RTO)[0]) == ("conforming", "deviating")
    Drill.objects.filter(pk=drill.pk).update(rto_seconds=4 * 3600)

    house.tell(after=HOUR + timedelta(seconds=1))
    assert (shown(RPO)[0], shown(RTO)[0]) == ("deviating", "conforming")
    assert Alert.objects.filter(clause_id=RPO, resolved_at=None).count() == 1


def test_a_drill_older_than_its_period_proves_nothing_any_more(tmp_path: Path) -> None:
    house = Decided(tmp_path, document=DOCUMENT + ROUTINE + CHAPTER_13, bindings=DRILLED)
    house.pass_to(TWO)
    # The first Monday of November; the next ones are 35 and 63 days later.
    held = datetime(2026, 11, 1, 20, tzinfo=UTC)
    drilled(held)

    house.now = held + 29 * DAY
    house.tell()
    assert shown(RTO)[0] == "conforming"
    house.now += timedelta(seconds=1)
    house.tell()
    assert shown(RTO)[0] == "deviating"
    assert "文書の周期は 28日" in str(ClauseStatus.objects.get(clause_id=RTO).reason)
    assert Alert.objects.filter(clause_id=RTO, resolved_at=None).count() == 1


def test_without_a_backup_both_say_how_to_bind_one(tmp_path: Path) -> None:
    house = Decided(tmp_path, document=DOCUMENT + CHAPTER_13, bindings="")
    house.tell()

    assert (shown(RPO)[0], shown(RTO)[0]) == ("unbound", "unbound")
    assert "[backups.…]" in str(ClauseStatus.objects.get(clause_id=RPO).reason)
