"""Batches that run elsewhere, as shown on the page and in notices."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.registered import schema

from toban.chapters.batch import service
from toban.chapters.batch.kinds import ping
from toban.chapters.batch.works import plan
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.evidence.models import ClauseStatus
from toban.engine.notify.models import Alert
from toban.engine.registry.kinds import Kinds
from toban.engine.runs.elsewhere import reported
from toban.engine.runs.elsewhere.belonging import ReportWord
from toban.engine.runs.elsewhere.reported import Report
from toban.engine.runs.scheduler import plan_due

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DOCUMENT = """# 運用設計書

## 6. バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|
| B007 | 棚卸 | 0 12 * * * | 外の cron | 再実行 |

### バッチ実行方式
- **リトライ**: 失敗時3回まで自動リトライ (間隔: 5分)
"""


class House:
    """The chapter with one batch of `kind = "ping"`, and a clock set by the test."""

    def __init__(self) -> None:
        self.now = NOON - MINUTE
        design = read_design(DOCUMENT, "運用設計書.md")
        text = '[batches.B007]\nkind = "ping"\ntoken = "env:UNUSED"\ngrace = "30分"\ntimeout = "10分"\n'
        bindings = read_bindings(text, Path("toban.toml"), schema(batches={"ping": ping.KIND.config}))
        made = plan(design, bindings, Kinds.given(batches={"ping": ping.KIND}))
        self.plan, self.works, self.digest = made, made.works, design.digest
        self.pass_to(self.now)

    def tell(self) -> None:
        service.tell(self.plan, self.now, self.digest)

    def pass_to(self, moment: datetime) -> None:
        self.now = moment
        plan_due(self.works.values(), moment)
        reported.close_overdue(self.works, moment)
        self.tell()

    def say(self, word: ReportWord, moment: datetime, text: str = "") -> None:
        reported.take(self.works["B007"], Report(word, moment, text))
        self.pass_to(moment)

    @property
    def shown(self) -> tuple[str, str, str]:
        status = ClauseStatus.objects.get(clause_id="batch/batch/B007")
        return status.verdict, str(status.value), str(status.reason)


def test_a_reported_batch_is_awaited_then_running_then_done() -> None:
    house = House()
    house.pass_to(NOON + 20 * MINUTE)
    assert house.shown == ("not-due", "", "12:00 の分の報告を待っています")

    house.say(ReportWord.START, NOON + 21 * MINUTE)
    assert house.shown[2] == "12:00 の分を実行しています"
    house.say(ReportWord.SUCCESS, NOON + 22 * MINUTE)

    assert house.shown == ("conforming", "2026-04-01 12:00 成功 (60.0秒)", "")
    assert not Alert.objects.exists()


def test_a_missing_report_is_announced_with_where_to_look_until_a_late_success() -> None:
    house = House()
    house.pass_to(NOON)
    house.pass_to(NOON + 30 * MINUTE)

    alert = Alert.objects.get()
    assert house.shown[0] == "not-performed"
    assert "30分 たっても、始まりも終わりも報告されませんでした" in str(alert.limit)
    assert "そのホストと cron の記録" in str(alert.advice)
    assert "toban run" not in str(alert.advice)

    house.say(ReportWord.SUCCESS, NOON + 50 * MINUTE)
    assert house.shown[0] == "conforming"
    assert house.shown[2] == "予定から 50分 遅れて報告されました"
    assert Alert.objects.get().resolved_at is not None


def test_a_reported_failure_is_announced_at_once_and_not_retried_here() -> None:
    house = House()
    house.say(ReportWord.START, NOON)

    house.say(ReportWord.FAIL, NOON + MINUTE, "倉庫に届きません")

    assert house.shown[0] == "deviating"
    assert "倉庫に届きません" in str(Alert.objects.get().limit)
    house.pass_to(NOON + 20 * MINUTE)
    assert house.shown[0] == "deviating"


def test_a_start_without_an_end_is_a_failure_after_its_time_limit() -> None:
    house = House()
    house.say(ReportWord.START, NOON)

    house.pass_to(NOON + 10 * MINUTE)

    assert house.shown[0] == "deviating"
    assert "終わりが報告されませんでした" in house.shown[2]
