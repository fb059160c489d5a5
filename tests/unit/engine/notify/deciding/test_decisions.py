"""One pass, decided on values alone: no database, no clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from toban.design.reader import Design, read_design
from toban.design.values.people import ChannelKind
from toban.engine.notify.deciding.decisions import AlertDecision, decide
from toban.engine.notify.deciding.records import (
    AT_LEAST_EVERY,
    AlertingSnapshot,
    AlertRecord,
    DeliveryHistory,
    SentNotice,
)
from toban.engine.notify.delivery.notice import NoticeKind
from toban.engine.notify.duty.escalation import EscalationCall, EscalationProgress
from toban.engine.notify.reason import NoticeReason
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.routing.flapping import CALM
from toban.engine.notify.routing.grouping import BUSY, URGENT
from toban.engine.notify.routing.silences import ActiveSilence
from toban.engine.notify.signal import Condition
from toban.message import NOTHING, plain

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
INSTANT = timedelta(microseconds=1)
DOCUMENT = """# 運用設計書

## 1. 運用方針

### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 緊急連絡先 | 090-0000-0000 | 24時間365日 |

## 2. 監視

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 開発担当者 | Slack | 即時 |
"""
ALERT = AlertRecord(
    id=7,
    key="cpu",
    clause_id="monitor",
    citation="運用設計書.md:34",
    subject=plain("DB CPU使用率"),
    condition=Condition.CRITICAL,
    value=plain("92%"),
    limit=plain("異常 85%以上"),
    advice=NOTHING,
    labels={"target": "DB"},
    people=(),
    began_at=NOON,
    opened_at=NOON,
    changed_at=NOON,
)
TOLD = SentNotice(
    kind=NoticeKind.FIRING,
    condition=Condition.CRITICAL,
    destination="slack",
    channel="slack",
    addresses=(),
    recipients=("開発担当者",),
    rule_id="rule",
    rule_citation=plain("運用設計書.md:13"),
    at=NOON,
)
STEPS = (EscalationCall(15 * MINUTE, ("緊急連絡先",), plain("運用設計書.md:8 (仮定)")),)
UNDER_WAY = DeliveryHistory(notices=(TOLD,), escalation=EscalationProgress(STEPS, NOON))
SILENCE = ActiveSilence({"target": "DB"}, "江藤", "交換", NOON, NOON + timedelta(hours=1))


@pytest.fixture
def design() -> Design:
    return read_design(DOCUMENT, "運用設計書.md")


@pytest.fixture
def contacts(contacts: Contacts) -> Contacts:
    return replace(
        contacts, people={**contacts.people, "緊急連絡先": {ChannelKind.EMAIL: "night@example.com"}}
    )


def decided(
    design: Design, contacts: Contacts, alert: AlertRecord, now: datetime = NOON, **seen: Any
) -> AlertDecision:
    (decision,) = decide(design, contacts, AlertingSnapshot(now=now, alerts=(alert,), **seen))
    return decision


def told(decision: AlertDecision) -> list[tuple[str, NoticeReason]]:
    return [(each.route.destination, each.reason) for each in decision.passed]


def test_the_first_notice_starts_an_escalation_with_the_current_policy(
    design: Design, contacts: Contacts
) -> None:
    decision = decided(design, contacts, ALERT)

    assert told(decision) == [("slack", NoticeReason.FIRST)]
    assert decision.escalation is not None
    assert (decision.escalation.began_at, decision.escalation.done) == (NOON, 0)
    assert [call.roles for call in decision.escalation.steps] == [("緊急連絡先",)]


def test_an_escalation_step_is_scheduled_and_notified_exactly_when_due(
    design: Design, contacts: Contacts
) -> None:
    alert, due = replace(ALERT, past=UNDER_WAY), NOON + 15 * MINUTE

    before = decided(design, contacts, alert, due - INSTANT)
    then = decided(design, contacts, alert, due)

    assert (told(before), before.look_at) == ([], due)
    assert told(then) == [("mail:night@example.com", NoticeReason.ESCALATED)]
    assert then.escalation == EscalationProgress(STEPS, NOON, done=1)


def test_an_escalation_keeps_its_policy_when_the_document_no_longer_names_anyone(
    contacts: Contacts,
) -> None:
    without = read_design(
        DOCUMENT.replace("| 緊急連絡先 | 090-0000-0000 | 24時間365日 |\n", ""), "運用設計書.md"
    )

    decision = decided(without, contacts, replace(ALERT, past=UNDER_WAY), NOON + 15 * MINUTE)

    assert told(decision) == [("mail:night@example.com", NoticeReason.ESCALATED)]


def test_an_escalation_step_waits_for_the_end_of_a_silence(design: Design, contacts: Contacts) -> None:
    alert = replace(ALERT, past=UNDER_WAY)

    quiet = decided(design, contacts, alert, SILENCE.ends_at - 10 * INSTANT, silences=(SILENCE,))
    after = decided(design, contacts, alert, SILENCE.ends_at, silences=(SILENCE,))

    assert (told(quiet), quiet.look_at, quiet.escalation) == ([], SILENCE.ends_at, UNDER_WAY.escalation)
    assert told(after) == [
        ("slack", NoticeReason.SILENCE_ENDED),
        ("mail:night@example.com", NoticeReason.ESCALATED),
    ]


def test_an_acknowledgement_is_announced_once_and_stops_the_escalation(
    design: Design, contacts: Contacts
) -> None:
    taken = replace(ALERT, past=UNDER_WAY, acknowledged_at=NOON + MINUTE, acknowledged_by="江藤")

    first = decided(design, contacts, taken, NOON + 15 * MINUTE)
    again = decided(design, contacts, replace(taken, acknowledgement_told=True), NOON + 15 * MINUTE)

    assert [(each.kind, each.route.destination) for each in first.passed] == [
        (NoticeKind.ACKNOWLEDGED, "slack")
    ]
    assert first.escalation is None
    assert told(again) == []


def test_an_outcome_is_recorded_only_when_it_changes(design: Design, contacts: Contacts) -> None:
    (outcome,) = decided(design, contacts, replace(ALERT, past=UNDER_WAY), NOON + MINUTE).outcomes
    past = replace(UNDER_WAY, said={("slack", "", ()): (outcome.reason, outcome.detail)})

    assert outcome.reason is NoticeReason.ALREADY_TOLD
    assert decided(design, contacts, replace(ALERT, past=past), NOON + MINUTE).outcomes == ()


def test_a_recovery_is_announced_and_settles_the_alert(design: Design, contacts: Contacts) -> None:
    over = replace(ALERT, past=UNDER_WAY, resolved_at=NOON + MINUTE)

    decision = decided(design, contacts, over, NOON + MINUTE)

    assert told(decision) == [("slack", NoticeReason.RECOVERED)]
    assert decision.is_settled


@pytest.mark.parametrize(("newest", "is_settled"), [(ALERT.id, False), (ALERT.id + 1, True)])
def test_the_recovery_of_a_flapping_alert_waits_for_calm_unless_a_newer_one_began(
    design: Design, contacts: Contacts, newest: int, is_settled: bool
) -> None:
    over = replace(ALERT, past=UNDER_WAY, resolved_at=NOON, flap_root_id=3)

    waiting = decided(design, contacts, over, NOON + CALM - INSTANT, newest_flaps={"cpu": newest})

    assert told(waiting) == []
    assert waiting.is_settled is is_settled
    assert waiting.look_at == NOON + CALM


def test_notices_for_a_busy_destination_are_grouped_until_the_next_pass(
    design: Design, contacts: Contacts
) -> None:
    decision = decided(design, contacts, ALERT, lately={"slack": (BUSY, NOON)})

    assert told(decision) == []
    assert [outcome.stage for outcome in decision.outcomes] == ["group"]
    assert NOON < decision.look_at < NOON + AT_LEAST_EVERY


def test_a_critical_alert_waits_only_seconds_for_a_busy_destination(
    design: Design, contacts: Contacts
) -> None:
    lately = {"slack": (100 * BUSY, NOON)}

    waiting = decided(design, contacts, ALERT, NOON + URGENT - INSTANT, lately=lately)

    assert (told(waiting), waiting.look_at) == ([], NOON + URGENT)
    assert told(decided(design, contacts, ALERT, NOON + URGENT, lately=lately)) != []


def test_nothing_waits_to_be_grouped_where_each_comes_alone(design: Design, contacts: Contacts) -> None:
    alone = replace(contacts, ways=tuple(replace(way, gathers=False) for way in contacts.ways))

    assert told(decided(design, alone, ALERT, lately={"slack": (BUSY, NOON)})) != []


def test_a_broken_channel_is_not_announced_through_itself(design: Design, contacts: Contacts) -> None:
    down = replace(ALERT, labels={"channel": "slack"})

    assert told(decided(design, contacts, down)) == []


def test_a_level_without_a_row_says_so_and_notifies_nobody(design: Design, contacts: Contacts) -> None:
    decision = decided(design, contacts, replace(ALERT, condition=Condition.WARNING))

    assert told(decision) == []
    assert [(outcome.stage, outcome.reason) for outcome in decision.outcomes] == [
        ("route", NoticeReason.NO_MATRIX_ROW)
    ]
