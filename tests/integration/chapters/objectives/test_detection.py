"""The promise of detection, held against the alerts that there were."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.integration.chapters.decisions.judging import edition_of, judge

from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.notify.alerts import report, tell
from toban.engine.notify.models import Alert, Announcement, Delivery, StageOutcome
from toban.engine.notify.signal import Condition, Signal
from toban.message import NOTHING, plain

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 10, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
EDITION = edition_of(
    """# 運用設計書

## 13. 重要な設計判断

### 障害対応
- **即時検知**: 監視アラートで1分以内に検知
"""
)


def shown(clause: str) -> tuple[str, str]:
    status = ClauseStatus.objects.get(clause_id=clause)
    return status.verdict, str(status.value)


def detect(lag: timedelta, number: int) -> None:
    began = NOON - HOUR
    signal = Signal(
        key=f"k{number}", clause_id="x", citation="d:1", clause_text="x", condition=Condition.WARNING,
        subject=plain("x"), value=plain("1"), limit=plain("0"), began_at=began, detected_at=began + lag,
    )  # fmt: skip
    report([signal], began + lag)


def test_a_promised_detection_time_is_compared_with_the_alerts() -> None:
    promise = "decisions/decision/障害対応/即時検知"
    judge(EDITION, NOON)
    assert shown(promise)[0] == "not-due"

    detect(MINUTE, 1)
    judge(EDITION, NOON)
    assert shown(promise) == ("conforming", "最長 1分 (30日で 1件)")

    detect(MINUTE + timedelta(seconds=1), 2)
    judge(EDITION, NOON)
    assert shown(promise) == ("deviating", "最長 1分1秒 (30日で 2件)")
    late = Alert.objects.get(key="k2")
    reason = str(ClauseStatus.objects.get(clause_id=promise).reason)
    assert reason == f"1件が 1分 を超えました: アラート {late.pk}"


def test_the_verdict_on_detection_is_evidence_with_breach_detection_and_delivery_times() -> None:
    detect(40 * timedelta(seconds=1), 1)
    alert = Alert.objects.get()
    told = Announcement.objects.create(
        alert=alert, kind="firing", condition="warning", level="warning", title="x", facts=[], at=NOON
    )
    told.alerts.add(alert, through_defaults={"kind": "firing", "condition": "warning"})
    for number, (state, after) in enumerate([("delivered", 52), ("delivered", 47), ("failed", 45)]):
        Delivery.objects.create(
            announcement=told, key=str(number), destination="ops", channel="ops", recipients=["x"],
            rule_id="x", rule_citation="x", state=state, created_at=NOON, next_at=NOON,
            settled_at=alert.began_at + after * timedelta(seconds=1),
        )  # fmt: skip

    judge(EDITION, NOON)

    entry = LedgerEntry.objects.get(clause_id="decisions/decision/障害対応/即時検知")
    assert entry.content["verdict"] == "conforming"
    proof = entry.content["proof"]
    assert isinstance(proof, dict)
    assert proof["slowest"] == {
        "alert": alert.pk,
        "breach": alert.began_at.isoformat(),
        "detection": alert.opened_at.isoformat(),
        "delivery": (alert.began_at + 47 * timedelta(seconds=1)).isoformat(),
        "seconds": "40.000",
    }
    assert proof["longest_to_delivery_seconds"] == "47.000"
    assert "通知が届くまでは最長 47秒 (1件)" in str(
        ClauseStatus.objects.get(clause_id=entry.clause_id).reason
    )


def test_a_mere_event_is_not_counted_as_a_detected_problem() -> None:
    event = Signal(
        key="e", clause_id="x", citation="d:1", clause_text="x", condition=Condition.INFO, subject=plain("x"),
        value=plain("1"), limit=NOTHING, began_at=NOON - HOUR, detected_at=NOON,
    )  # fmt: skip
    tell([event], NOON)

    judge(EDITION, NOON)

    assert shown("decisions/decision/障害対応/即時検知")[0] == "not-due"


def test_what_another_alert_inhibited_is_detected_with_that() -> None:
    detect(2 * MINUTE, 1)
    alert = Alert.objects.get()
    StageOutcome.objects.create(
        alert=alert, at=NOON, condition=alert.condition, passed=False, stage="mute", reason="muted", trail=[]
    )

    judge(EDITION, NOON)
    assert shown("decisions/decision/障害対応/即時検知")[0] == "not-due"

    # Once it was told, because its cause was over and it was not, it is trouble of its own.
    told = Announcement.objects.create(
        alert=alert, kind="firing", condition="warning", level="warning", title="x", facts=[], at=NOON
    )
    told.alerts.add(alert, through_defaults={"kind": "firing", "condition": "warning"})
    judge(EDITION, NOON)
    assert shown("decisions/decision/障害対応/即時検知")[0] == "deviating"


def test_that_a_level_was_raised_late_is_no_late_detection() -> None:
    event = Signal(
        key="e", clause_id="x", citation="d:1", clause_text="x", condition=Condition.CRITICAL,
        subject=plain("x"), value=plain("1"), limit=NOTHING, began_at=NOON - HOUR, detected_at=NOON,
    )  # fmt: skip
    tell([event], NOON)

    judge(EDITION, NOON)

    assert shown("decisions/decision/障害対応/即時検知")[0] == "not-due"
