from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from toban.design.reader import Design, read_design
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.notify.alerts import report
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.delivery import attempts, outbox
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.delivery.outbox import NOTICES
from toban.engine.notify.delivery.words import one_line
from toban.engine.notify.models import Alert, Announcement, Delivery, StageOutcome
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.signal import Condition, Signal
from toban.message import from_json, plain

pytestmark = pytest.mark.django_db

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 4, 1, 12, tzinfo=TOKYO)
MINUTE = timedelta(minutes=1)
IN_MAINTENANCE = datetime(2026, 4, 12, 2, 30, tzinfo=TOKYO)
AFTER_MAINTENANCE = datetime(2026, 4, 12, 4, 0, tzinfo=TOKYO)

type MakeSignal = Callable[..., Signal]
type Tell = Callable[[Signal, datetime], list[tuple[str, str]]]


def deliver(channel: Any, now: datetime) -> None:
    for name in ("ops", "watch", "mail"):
        # Notices about one alert to one destination are sent one at a time.
        while attempts.deliver_due(NOTICES, name, channel, clock=lambda: now, jitter=lambda: 0.0):
            pass


def why(destination: str) -> list[tuple[str, str]]:
    outcomes = StageOutcome.objects.filter(destination=destination).order_by("id")
    return [(outcome.stage, outcome.reason) for outcome in outcomes]


def test_a_critical_alert_goes_to_everyone_named_by_the_row(tell: Tell, signal: MakeSignal) -> None:
    told = tell(signal(Condition.CRITICAL), NOON)

    title = "■ 異常: DB CPU使用率 92%"
    assert told == [
        (title, "ops"),
        (title, "mail:manager@example.com"),
        (title, "mail:developer@example.com"),
    ]


def test_a_warning_goes_only_to_the_recipients_of_the_warning_row(tell: Tell, signal: MakeSignal) -> None:
    assert tell(signal(Condition.WARNING), NOON) == [("▲ 警告: DB CPU使用率 92%", "ops")]


def test_a_notice_cites_its_row_and_the_matrix_row_that_ordered_it(tell: Tell, signal: MakeSignal) -> None:
    tell(signal(Condition.WARNING), NOON)

    notice = outbox.notice_of(Delivery.objects.get())

    assert notice.citation == "運用設計書.md:13"
    assert notice.clause_text == "DB | CPU使用率 | 0-60% | 70% | 85% | 1分"
    assert ("通知を定めた行", "運用設計書.md:19 (開発担当者)") in notice.facts
    assert notice.url == f"https://toban.example.com/alerts/{Alert.objects.get().pk}"


def test_an_announced_alert_is_not_announced_again_on_later_passes(tell: Tell, signal: MakeSignal) -> None:
    tell(signal(Condition.WARNING), NOON)

    for minute in range(1, 10):
        assert tell(signal(Condition.WARNING), NOON + minute * MINUTE) == []

    assert why("ops") == [("dedup", "first"), ("dedup", "already-told")]


def test_an_alert_that_gets_worse_is_announced_to_the_wider_circle(tell: Tell, signal: MakeSignal) -> None:
    tell(signal(Condition.WARNING, value="75%"), NOON)

    told = tell(signal(Condition.CRITICAL), NOON + MINUTE)

    title = "■ 異常 (警告から): DB CPU使用率 92%"
    assert sorted(told) == [
        (title, "mail:developer@example.com"),
        (title, "mail:manager@example.com"),
        (title, "ops"),
    ]


def test_an_improvement_is_announced_to_everyone_notified_of_the_worse_level(
    tell: Tell, signal: MakeSignal
) -> None:
    tell(signal(Condition.CRITICAL), NOON)

    told = tell(signal(Condition.WARNING, value="75%"), NOON + MINUTE)

    assert {destination for _, destination in told} == {
        "ops",
        "mail:manager@example.com",
        "mail:developer@example.com",
    }
    assert {title for title, _ in told} == {"▲ 警告 (異常から): DB CPU使用率 75%"}


def test_a_recovery_is_announced_to_everyone_notified_and_to_the_information_row(
    tell: Tell, signal: MakeSignal
) -> None:
    tell(signal(Condition.CRITICAL), NOON)

    told = tell(signal(Condition.OK, value="41%"), NOON + 5 * MINUTE)

    assert {destination for _, destination in told} == {
        "ops",
        "watch",
        "mail:manager@example.com",
        "mail:developer@example.com",
    }
    announcement = Announcement.objects.get(kind="recovered")
    assert one_line(announcement.title) == "● 復旧: DB CPU使用率 41%"
    assert ("継続時間", "5分") in [(str(label), str(value)) for label, value in announcement.told]
    assert Alert.objects.get().settled


def test_a_settled_alert_is_not_examined_again(
    tell: Tell, signal: MakeSignal, document: Design, contacts: Contacts
) -> None:
    tell(signal(Condition.WARNING), NOON)
    tell(signal(Condition.OK), NOON + MINUTE)

    assert announce(document, contacts, NOON + 2 * MINUTE) == 0


def test_an_alert_that_resolved_before_the_first_pass_is_recorded_but_not_announced(
    signal: MakeSignal, document: Design, contacts: Contacts
) -> None:
    report([signal(Condition.WARNING)], NOON)
    report([signal(Condition.OK)], NOON + MINUTE)

    assert announce(document, contacts, NOON + MINUTE) == 0
    assert why("ops") == [("dedup", "never-told")]


def test_missing_data_has_its_own_notice_and_recovery(tell: Tell, signal: MakeSignal) -> None:
    assert tell(signal(Condition.NO_DATA, value="接続できません"), NOON) == [
        ("? 測定不能: DB CPU使用率 接続できません", "ops")
    ]

    told = tell(signal(Condition.OK, value="42%"), NOON + MINUTE)

    assert ("● 復旧: DB CPU使用率 42%", "ops") in told


def test_data_that_return_with_a_bad_value_recover_only_once_the_value_does(
    tell: Tell, signal: MakeSignal
) -> None:
    tell(signal(Condition.NO_DATA, value="接続できません"), NOON)

    told = tell(signal(Condition.CRITICAL), NOON + MINUTE)
    later = tell(signal(Condition.CRITICAL), NOON + 5 * MINUTE)
    over = tell(signal(Condition.OK, value="42%"), NOON + 6 * MINUTE)

    assert {title for title, _ in told} == {"■ 異常: DB CPU使用率 92%"}
    assert later == []
    assert set(over) >= {
        ("● 復旧: DB CPU使用率 42%", "ops"),
        ("● 復旧: DB CPU使用率 再び測定できています", "ops"),
    }


def test_maintenance_holds_alerts_back_and_announces_those_still_firing_at_its_end(
    tell: Tell, signal: MakeSignal
) -> None:
    assert tell(signal(Condition.WARNING), IN_MAINTENANCE) == []
    assert tell(signal(Condition.WARNING), AFTER_MAINTENANCE - MINUTE) == []

    assert tell(signal(Condition.WARNING), AFTER_MAINTENANCE) == [("▲ 警告: DB CPU使用率 92%", "ops")]
    assert why("ops") == [("maintenance", "in-maintenance"), ("dedup", "first")]
    held = StageOutcome.objects.get(reason="in-maintenance")
    assert "運用設計書.md:6、04:00 まで" in str(held.detail)


def test_an_alert_that_resolves_during_maintenance_is_never_announced(tell: Tell, signal: MakeSignal) -> None:
    tell(signal(Condition.WARNING), IN_MAINTENANCE)

    assert tell(signal(Condition.OK), IN_MAINTENANCE + MINUTE) == []
    assert tell(signal(Condition.OK), AFTER_MAINTENANCE) == []


def test_a_recovery_during_maintenance_is_announced_to_those_notified_before_it(
    tell: Tell, signal: MakeSignal
) -> None:
    tell(signal(Condition.WARNING), IN_MAINTENANCE - timedelta(hours=1))

    told = tell(signal(Condition.OK), IN_MAINTENANCE)

    assert ("● 復旧: DB CPU使用率 92%", "ops") in told


def test_a_level_without_a_row_is_recorded_with_a_hint(signal: MakeSignal, contacts: Contacts) -> None:
    text = """# 運用設計書

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| DB | CPU使用率 | 0-60% | 70% | 85% | 1分 |
"""
    report([signal(Condition.WARNING)], NOON)

    assert announce(read_design(text, "運用設計書.md"), contacts, NOON) == 0

    outcome = StageOutcome.objects.get()
    assert (outcome.stage, outcome.reason, outcome.passed) == ("route", "no-matrix-row", False)
    assert "行を足してください" in str(outcome.detail)


def test_an_unassigned_role_is_recorded_once_and_shown_on_the_row(
    signal: MakeSignal, document: Design, contacts: Contacts
) -> None:
    nobody = replace(contacts, people={"運用責任者": contacts.people["運用責任者"]})
    report([signal(Condition.WARNING)], NOON)

    for minute in range(3):
        assert announce(document, nobody, NOON + minute * MINUTE) == 0

    (outcome,) = StageOutcome.objects.filter(reason="unbound-role")
    assert (outcome.recipients, str(outcome.rule_citation)) == (["開発担当者"], "運用設計書.md:19")
    status = ClauseStatus.objects.get(clause_id=outcome.rule_id)
    assert status.verdict == "unbound"
    assert '[people."開発担当者"]' in str(status.reason)


def test_a_role_bound_later_is_notified_then(
    signal: MakeSignal, document: Design, contacts: Contacts
) -> None:
    nobody = replace(contacts, people={})
    report([signal(Condition.WARNING)], NOON)
    announce(document, nobody, NOON)

    assert announce(document, contacts, NOON + MINUTE) == 1


def test_the_matrix_row_conforms_once_its_notice_was_received(
    tell: Tell, signal: MakeSignal, channel: Any, document: Design, contacts: Contacts
) -> None:
    tell(signal(Condition.WARNING), NOON)
    rule_id = Delivery.objects.get().rule_id
    assert ClauseStatus.objects.get(clause_id=rule_id).verdict == "not-due"

    deliver(channel, NOON + MINUTE)
    announce(document, contacts, NOON + MINUTE)

    status = ClauseStatus.objects.get(clause_id=rule_id)
    assert status.verdict == "conforming"
    assert "12:01:00 に ops が受け取りました" in str(status.reason)


def test_an_alert_whose_row_left_the_document_is_resolved(
    tell: Tell, signal: MakeSignal, document: Design, contacts: Contacts
) -> None:
    tell(signal(Condition.WARNING), NOON)
    without = replace(
        document, clauses=tuple(clause for clause in document.clauses if clause.kind != "monitor")
    )

    assert announce(without, contacts, NOON + MINUTE) == 2

    assert one_line(Announcement.objects.get(kind="recovered").title) == (
        "● 復旧: DB CPU使用率 行が運用設計書からなくなりました"
    )


def test_a_destination_that_never_received_the_alert_gets_no_recovery(
    tell: Tell, signal: MakeSignal, channel: Any
) -> None:
    tell(signal(Condition.WARNING), NOON)
    channel.failures.append(Undelivered("Slack: 404 no_service", retry=False))
    deliver(channel, NOON)

    told = tell(signal(Condition.OK), NOON + MINUTE)

    assert told == []
    assert why("ops")[-1] == ("dedup", "never-told")


def test_a_delivery_is_evidence_with_breach_detection_and_receipt(
    tell: Tell, signal: MakeSignal, channel: Any
) -> None:
    tell(signal(Condition.WARNING), NOON)

    deliver(channel, NOON + MINUTE)

    entry = LedgerEntry.objects.get(kind=LedgerEntry.Kind.NOTICE)
    assert entry.clause_id == Alert.objects.get().clause_id
    assert entry.content["outcome"] == "delivered"
    assert entry.content["receipt"] == "receipt-1"
    assert from_json(entry.content["ordered_by"]) == plain("運用設計書.md:19")
    assert {"breach_at", "detected_at"} <= set(entry.content)
