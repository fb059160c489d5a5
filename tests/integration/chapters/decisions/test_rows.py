"""Every decision of the reference as it should be and as it should not, by evidence."""

from collections.abc import Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.integration.chapters.decisions.judging import edition_of, judge

from toban.chapters.decisions.operation import OPERATION
from toban.design.clauses.logs import LogKind
from toban.design.clauses.monitoring import Monitor
from toban.engine.editions.edition import Edition
from toban.engine.evidence import status
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.models import Alert
from toban.engine.operation import Declared
from toban.message import NOTHING, Message, plain

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 10, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
MINUTE = timedelta(minutes=1)
MONITORS = """
| Webサーバー | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| Webサーバー | メモリ使用率 | 0-70% | 80% | 90% | 1分 |
| DB | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| API | レスポンスタイム | 0-300ms | 500ms | 1000ms | 1分 |
| API | エラー率 | 0-0.05% | 0.1% | 1% | 1分 |
"""
MENDED = """
| Webサーバー | ディスク使用率 | 0-60% | 70% | 85% | 1分 |
| Webサーバー | ネットワーク帯域 | 0-60% | 70% | 85% | 1分 |
| DB | メモリ使用率 | 0-60% | 70% | 85% | 1分 |
| DB | ディスク使用率 | 0-60% | 70% | 85% | 1分 |
| DB | ネットワーク帯域 | 0-60% | 70% | 85% | 1分 |
"""
DOCUMENT = """# 運用設計書
## 2. 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|------|---------|---------|------|------|---------|
{monitors}
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---------|------|-------|---------|
| アプリログ | 処理ログ | CloudWatch Logs | 90日 |
| 監査ログ | 重要操作履歴 | {audit} | 1年 |
## 13. 重要な設計判断
### 監視戦略
- **メトリクス監視**: CPU/メモリ/ディスク/ネットワーク
- **APM**: API レスポンスタイム、エラー率
- **ログ集約**: CloudWatch Logs で一元管理
### 障害対応
- **再発防止**: 障害後は必ず報告書作成、再発防止策実施
- **可用性**: マルチAZ構成
"""
AS_WRITTEN = edition_of(DOCUMENT.format(monitors=MONITORS.strip(), audit="S3"))
AS_MENDED = edition_of(DOCUMENT.format(monitors=MONITORS.strip() + MENDED.rstrip(), audit="CloudWatch Logs"))
METRICS, APM = "decisions/decision/監視戦略/メトリクス監視", "decisions/decision/監視戦略/APM"
LOGS = "decisions/decision/監視戦略/ログ集約"
PREVENTION = "decisions/decision/障害対応/再発防止"


def find(
    edition: Edition,
    kind: type[Monitor | LogKind],
    verdict: Verdict = Verdict.CONFORMING,
    *,
    at: datetime = NOON,
    only: Collection[str] = (),
) -> None:
    """Have the chapter of *kind* find its rows so, or those that begin with one of *only*."""
    rows = [row for row in edition.design.of(kind) if not only or row.text.startswith(tuple(only))]
    reason = plain("接続表に書いてください") if verdict is Verdict.UNBOUND else NOTHING
    status.show([StatusUpdate(row.id, verdict, NOTHING, reason, at) for row in rows], at, "")


def verdict(clause: str) -> str:
    return ClauseStatus.objects.get(clause_id=clause).verdict


def why(clause: str) -> str:
    return str(ClauseStatus.objects.get(clause_id=clause).reason)


def test_metrics_that_no_row_watches_break_the_decision_and_alert_once() -> None:
    find(AS_WRITTEN, Monitor)

    judge(AS_WRITTEN, NOON)
    judge(AS_WRITTEN, NOON + MINUTE)

    assert verdict(METRICS) == "deviating"
    assert why(METRICS) == (
        "ディスク を監視する行がありません、ネットワーク を監視する行がありません、"
        "DB の メモリ を監視する行がありません"
    )
    alert = Alert.objects.get(clause_id=METRICS)
    assert (alert.condition, alert.resolved_at) == ("warning", None)
    entry = LedgerEntry.objects.get(clause_id=METRICS)
    assert (entry.content["verdict"], entry.content["proof"]["missing"]) == ("deviating", 3)


def test_metrics_of_every_target_keep_the_decision_and_its_alert_ends() -> None:
    find(AS_WRITTEN, Monitor)
    judge(AS_WRITTEN, NOON)

    find(AS_MENDED, Monitor, at=NOON + MINUTE)
    judge(AS_MENDED, NOON + MINUTE)

    assert verdict(METRICS) == "conforming"
    assert Alert.objects.get(clause_id=METRICS).resolved_at == NOON + MINUTE
    assert ClauseStatus.objects.get(clause_id=METRICS).since == NOON + MINUTE


def test_a_metric_that_stays_silent_breaks_the_decision_after_a_while() -> None:
    find(AS_MENDED, Monitor)
    find(AS_MENDED, Monitor, Verdict.NOT_MEASURABLE, only=["API | エラー率"])

    find(AS_MENDED, Monitor, at=NOON + 5 * MINUTE, only=["API | レスポンスタイム"])
    judge(AS_MENDED, NOON + 5 * MINUTE)
    assert (verdict(APM), why(APM)) == ("not-measurable", "測れていません: API エラー率")
    find(AS_MENDED, Monitor, at=NOON + 6 * MINUTE, only=["API | レスポンスタイム"])
    judge(AS_MENDED, NOON + 6 * MINUTE)
    assert (verdict(APM), why(APM)) == ("deviating", "測れていません: API エラー率")
    # The monitor itself announces its silence.
    assert not Alert.objects.exists()

    find(AS_MENDED, Monitor, at=NOON + 7 * MINUTE)
    judge(AS_MENDED, NOON + 7 * MINUTE)
    assert (verdict(APM), why(APM)) == (
        "conforming",
        "レスポンスタイム、エラー率 を測っています",
    )


def test_what_went_out_of_date_says_nothing_about_the_metrics() -> None:
    find(AS_MENDED, Monitor)

    # Toban stood still for an hour.
    judge(AS_MENDED, NOON + 60 * MINUTE)

    assert (verdict(METRICS), verdict(APM)) == ("not-measurable", "not-measurable")
    assert not Alert.objects.exists()


def test_rows_that_are_not_bound_leave_the_decision_unbound() -> None:
    find(AS_MENDED, Monitor)
    find(AS_MENDED, Monitor, Verdict.UNBOUND, only=["API | エラー率"])

    judge(AS_MENDED, NOON)

    assert (verdict(APM), verdict(METRICS)) == ("unbound", "conforming")
    assert "接続表に書いてください" in why(APM)


def test_a_log_that_goes_elsewhere_breaks_the_decision() -> None:
    find(AS_WRITTEN, LogKind)

    judge(AS_WRITTEN, NOON)

    assert (verdict(LOGS), why(LOGS)) == (
        "deviating",
        "監査ログ の出力先は S3 です。CloudWatch Logs ではありません",
    )
    assert Alert.objects.filter(clause_id=LOGS, resolved_at=None).count() == 1


def test_logs_in_one_place_keep_the_decision_once_all_have_arrived() -> None:
    judge(AS_MENDED, NOON)
    assert verdict(LOGS) == "not-measurable"
    find(AS_MENDED, LogKind, only=["アプリログ"])
    find(AS_MENDED, LogKind, Verdict.UNBOUND, only=["監査ログ"])
    judge(AS_MENDED, NOON)
    assert verdict(LOGS) == "unbound"

    find(AS_MENDED, LogKind)
    judge(AS_MENDED, NOON)

    assert verdict(LOGS) == "conforming"
    find(AS_MENDED, LogKind, Verdict.NOT_MEASURABLE, only=["監査ログ"])
    judge(AS_MENDED, NOON + MINUTE)
    assert verdict(LOGS) == "not-measurable"


def test_what_nobody_can_test_is_declared_only() -> None:
    judge(AS_WRITTEN, NOON)

    assert verdict(PREVENTION) == "not-due"
    answer = AS_WRITTEN.plan(OPERATION).rows["decisions/decision/障害対応/可用性"]
    assert answer == Declared(Message("decisions.is-a-record"))


def test_a_decision_that_cannot_be_judged_leaves_its_alert_as_it_is() -> None:
    find(AS_WRITTEN, Monitor)
    judge(AS_WRITTEN, NOON)
    find(AS_MENDED, Monitor, Verdict.NOT_MEASURABLE, at=NOON + MINUTE)

    judge(AS_MENDED, NOON + 2 * MINUTE)

    assert verdict(METRICS) == "not-measurable"
    assert Alert.objects.get(clause_id=METRICS).resolved_at is None
