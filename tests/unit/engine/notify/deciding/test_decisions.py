"""One look, decided on values alone: no database, no clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from toban.design.reader import Design, read_design
from toban.design.values.people import ChannelKind
from toban.engine.notify.deciding.decisions import Decision, decide
from toban.engine.notify.deciding.records import AT_LEAST_EVERY, AlertRecord, Past, SentNotice, Snapshot
from toban.engine.notify.delivery.notice import NoticeKind
from toban.engine.notify.duty.escalation import Call, Progress
from toban.engine.notify.reason import Reason
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.routing.flapping import CALM
from toban.engine.notify.routing.grouping import BUSY
from toban.engine.notify.routing.silences import Quiet
from toban.engine.notify.signal import Condition

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
    subject="DB CPU使用率",
    condition=Condition.CRITICAL,
    value="92%",
    limit="異常 85%以上",
    advice="",
    labels={"target": "DB"},
    people=(),
    began_at=NOON,
    opened_at=NOON,
)
TOLD = SentNotice(
    kind=NoticeKind.FIRING,
    condition=Condition.CRITICAL,
    destination="slack",
    channel="slack",
    addresses=(),
    recipients=("開発担当者",),
    rule_id="rule",
    rule_citation="運用設計書.md:13",
    at=NOON,
)
STEPS = (Call(15 * MINUTE, ("緊急連絡先",), "運用設計書.md:8 (仮定)"),)
UNDER_WAY = Past(notices=(TOLD,), escalation=Progress(STEPS, NOON))
SILENCE = Quiet({"target": "DB"}, "江藤", "交換", NOON, NOON + timedelta(hours=1))


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
) -> Decision:
    (decision,) = decide(design, contacts, Snapshot(now=now, alerts=(alert,), **seen))
    return decision


def told(decision: Decision) -> list[tuple[str, Reason]]:
    return [(each.route.destination, each.reason) for each in decision.passed]


def test_the_first_notice_begins_an_escalation_with_the_policy_of_that_moment(
    design: Design, contacts: Contacts
) -> None:
    decision = decided(design, contacts, ALERT)

    assert told(decision) == [("slack", Reason.FIRST)]
    assert decision.escalation is not None
    assert (decision.escalation.began_at, decision.escalation.done) == (NOON, 0)
    assert [call.roles for call in decision.escalation.steps] == [("緊急連絡先",)]


def test_a_step_is_called_at_its_moment_and_looked_at_just_then(design: Design, contacts: Contacts) -> None:
    alert, due = replace(ALERT, past=UNDER_WAY), NOON + 15 * MINUTE

    before = decided(design, contacts, alert, due - INSTANT)
    then = decided(design, contacts, alert, due)

    assert (told(before), before.look_at) == ([], due)
    assert told(then) == [("mail:night@example.com", Reason.ESCALATED)]
    assert then.escalation == Progress(STEPS, NOON, done=1)


def test_an_escalation_keeps_to_its_policy_when_the_document_names_nobody_any_more(
    contacts: Contacts,
) -> None:
    without = read_design(
        DOCUMENT.replace("| 緊急連絡先 | 090-0000-0000 | 24時間365日 |\n", ""), "運用設計書.md"
    )

    decision = decided(without, contacts, replace(ALERT, past=UNDER_WAY), NOON + 15 * MINUTE)

    assert told(decision) == [("mail:night@example.com", Reason.ESCALATED)]


def test_nobody_is_called_while_a_silence_holds_and_the_step_waits_for_its_end(
    design: Design, contacts: Contacts
) -> None:
    alert = replace(ALERT, past=UNDER_WAY)

    quiet = decided(design, contacts, alert, SILENCE.ends_at - 10 * INSTANT, silences=(SILENCE,))
    after = decided(design, contacts, alert, SILENCE.ends_at, silences=(SILENCE,))

    assert (told(quiet), quiet.look_at, quiet.escalation) == ([], SILENCE.ends_at, UNDER_WAY.escalation)
    assert told(after) == [("slack", Reason.SILENCE_ENDED), ("mail:night@example.com", Reason.ESCALATED)]


def test_who_was_told_hears_once_who_has_taken_it_on_and_nobody_is_called_any_more(
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


def test_an_outcome_is_recorded_only_when_it_is_another_than_before(
    design: Design, contacts: Contacts
) -> None:
    (outcome,) = decided(design, contacts, replace(ALERT, past=UNDER_WAY), NOON + MINUTE).outcomes
    past = replace(UNDER_WAY, said={("slack", "", ()): (outcome.reason, outcome.detail)})

    assert outcome.reason is Reason.ALREADY_TOLD
    assert decided(design, contacts, replace(ALERT, past=past), NOON + MINUTE).outcomes == ()


def test_a_recovery_is_told_and_settles_the_alert(design: Design, contacts: Contacts) -> None:
    over = replace(ALERT, past=UNDER_WAY, resolved_at=NOON + MINUTE)

    decision = decided(design, contacts, over, NOON + MINUTE)

    assert told(decision) == [("slack", Reason.RECOVERED)]
    assert decision.is_settled


@pytest.mark.parametrize(("newest", "is_settled"), [(ALERT.id, False), (ALERT.id + 1, True)])
def test_a_recovery_of_what_flaps_waits_for_the_calm_unless_another_has_begun(
    design: Design, contacts: Contacts, newest: int, is_settled: bool
) -> None:
    over = replace(ALERT, past=UNDER_WAY, resolved_at=NOON, flap_root_id=3)

    waiting = decided(design, contacts, over, NOON + CALM - INSTANT, newest_flaps={"cpu": newest})

    assert told(waiting) == []
    assert waiting.is_settled is is_settled
    assert waiting.look_at == NOON + CALM


def test_what_a_busy_place_is_to_be_told_is_gathered_until_it_is_looked_at_again(
    design: Design, contacts: Contacts
) -> None:
    decision = decided(design, contacts, ALERT, lately={"slack": (BUSY, NOON)})

    assert told(decision) == []
    assert [outcome.stage for outcome in decision.outcomes] == ["group"]
    assert NOON < decision.look_at < NOON + AT_LEAST_EVERY


def test_that_a_channel_is_down_is_not_told_through_it(design: Design, contacts: Contacts) -> None:
    down = replace(ALERT, labels={"channel": "slack"})

    assert told(decided(design, contacts, down)) == []


def test_a_level_without_a_row_says_so_and_reaches_nobody(design: Design, contacts: Contacts) -> None:
    decision = decided(design, contacts, replace(ALERT, condition=Condition.WARNING))

    assert told(decision) == []
    assert [(outcome.stage, outcome.reason) for outcome in decision.outcomes] == [
        ("route", Reason.NO_MATRIX_ROW)
    ]
