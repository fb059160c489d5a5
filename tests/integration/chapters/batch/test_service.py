"""Chapter 6 with real tables: due batches run, and their results are shown, announced and recorded."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.engine.runs.claims import succeed, taken
from tests.registered import schema

from toban.chapters.batch import service
from toban.chapters.batch.kinds import command
from toban.chapters.batch.works import plan
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.notify.models import Alert
from toban.engine.registry.kinds import Kinds
from toban.engine.runs.claiming import claim
from toban.engine.runs.models import Run
from toban.engine.runs.modes import shadows
from toban.engine.runs.rules import RunReason
from toban.engine.runs.scheduler import plan_due
from toban.message import plain

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 3, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DOCUMENT = """# 運用設計書

## 6. バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B004 | 集計 | 日次 | 12:00 | 集計 | 再実行、アラート |

### バッチ実行方式
- **リトライ**: 失敗時1回まで自動リトライ (間隔: 5分)
"""
B004 = "batch/batch/B004"


class House:
    """The chapter, with a clock set by the test and runs that end as the test says."""

    def __init__(self, more: str = "") -> None:
        self.now = NOON - SECOND
        design = read_design(DOCUMENT, "運用設計書.md")
        text = f'[batches.B004]\ncommand = ["totals"]\n{more}'
        bindings = read_bindings(text, Path("toban.toml"), schema(batches={"command": command.KIND.config}))
        made = plan(design, bindings, Kinds.given(batches={"command": command.KIND}))
        self.plan, self.works, self.digest = made, made.works, design.digest
        plan_due(self.works.values(), self.now)

    def tell(self) -> None:
        service.tell(self.plan, self.now, self.digest)

    def pass_to(self, moment: datetime, *, error: str = "") -> None:
        """Set the clock to *moment*, let what is due succeed, or fail with *error*, and report it."""
        self.now = moment
        plan_due(self.works.values(), moment)
        while held := taken(self.works, "here", moment):
            if error:
                claim.fail(held, self.works[held.work], RunReason.FAILED, plain(error), moment)
            else:
                succeed(held, moment)
        self.tell()


def shown() -> tuple[str, str]:
    status = ClauseStatus.objects.get(clause_id=B004)
    return status.verdict, str(status.value)


def test_a_due_batch_runs_and_is_shown_with_its_next_time() -> None:
    house = House()
    house.tell()
    assert shown() == ("not-due", "")

    house.pass_to(NOON)

    assert shown() == ("conforming", "2026-04-01 12:00 成功 (0.0秒)")
    assert ClauseStatus.objects.get(clause_id=B004).next_due == NOON + timedelta(days=1)
    assert ClauseStatus.objects.get(clause_id__contains="batch-retry").verdict == "conforming"
    assert not Alert.objects.exists()


def test_a_failure_is_announced_after_the_last_retry_until_the_next_success() -> None:
    house = House()
    house.pass_to(NOON, error="終了コード 1")
    assert (shown()[0], Alert.objects.count()) == ("warning", 0)

    house.pass_to(NOON + timedelta(minutes=5), error="終了コード 1")

    alert = Alert.objects.get()
    assert (shown()[0], alert.condition, alert.resolved_at) == ("deviating", "critical", None)
    assert alert.citation.endswith("運用設計書.md:8")
    assert "終了コード 1" in str(alert.limit)
    assert "toban run B004" in str(alert.advice)
    house.pass_to(NOON + timedelta(days=1))
    assert shown()[0] == "conforming"
    assert Alert.objects.get().resolved_at is not None


def test_a_missed_run_is_shown_as_not_performed_and_announced() -> None:
    house = House()
    Run.objects.create(
        work="B004", due_at=NOON, clause_id=B004, ordered_by="schedule", state=Run.State.MISSED,
        reason="missed", wake_at=NOON,
    )  # fmt: skip
    house.now = NOON + SECOND

    house.tell()

    assert shown() == ("not-performed", "2026-04-01 12:00 実行されませんでした")
    assert Alert.objects.get().condition == "warning"


def test_reporting_the_same_status_again_writes_no_evidence() -> None:
    house = House()
    house.pass_to(NOON)
    count = LedgerEntry.objects.count()

    house.pass_to(NOON + SECOND)

    assert LedgerEntry.objects.count() == count


def test_a_batch_in_shadow_says_when_it_would_have_run_and_is_never_conforming() -> None:
    house = House('mode = "shadow"')
    house.tell()
    before = ClauseStatus.objects.get(pk=B004)
    assert (before.verdict, str(before.reason)[:6]) == ("not-measurable", "試行中です。")

    house.now = NOON
    plan_due(house.works.values(), NOON)
    shadows.record(house.works, NOON)
    house.tell()

    row = ClauseStatus.objects.get(pk=B004)
    assert row.verdict == "not-measurable"
    assert "直近では 2026-04-01 12:00 に実行したはずです" in str(row.reason)
    assert not Alert.objects.exists()
