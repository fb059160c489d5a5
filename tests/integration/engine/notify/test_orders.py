"""Notices about acknowledged, silenced and flapping alerts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.design.reader import Design, read_design
from toban.design.values.people import ChannelKind
from toban.engine.bindings.model import EscalationStep, NoticeBinding
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify import orders
from toban.engine.notify.alerts import report
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.delivery.words import one_line
from toban.engine.notify.models import Alert, Announcement, Delivery, Silence, StageOutcome
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.signal import WHOLE_TARGET, Condition, Signal
from toban.engine.orders import NotPossible

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
TOLD_ALL = {"ops", "mail:manager@example.com", "mail:developer@example.com"}

type MakeSignal = Callable[..., Signal]
type Tell = Callable[[Signal, datetime], list[tuple[str, str]]]
type Look = Callable[[datetime], list[tuple[str, str]]]


def places(told: list[tuple[str, str]]) -> set[str]:
    return {destination for _, destination in told}


def test_the_person_who_acknowledges_is_named_to_everyone_notified(
    tell: Tell, signal: MakeSignal, look: Look
) -> None:
    tell(signal(Condition.CRITICAL), NOON)

    orders.acknowledge(Alert.objects.get().pk, by="nami", now=NOON + MINUTE)

    told = look(NOON + MINUTE)
    assert {title for title, _ in told} == {"■ 異常 (namiが対応中): DB CPU使用率"}
    assert places(told) == TOLD_ALL
    assert look(NOON + 2 * MINUTE) == []
    entry = LedgerEntry.objects.get(kind=LedgerEntry.Kind.AUDIT)
    assert (entry.actor, entry.content["order"]) == ("nami", "acknowledge")


def test_an_alert_can_be_acknowledged_once_and_only_while_it_is_open(tell: Tell, signal: MakeSignal) -> None:
    tell(signal(Condition.CRITICAL), NOON)
    alert_id = Alert.objects.get().pk
    orders.acknowledge(alert_id, by="nami", now=NOON)

    with pytest.raises(NotPossible, match="nami が対応中です"):
        orders.acknowledge(alert_id, by="iha", now=NOON)
    tell(signal(Condition.OK), NOON + MINUTE)
    with pytest.raises(NotPossible, match="継続中のアラート"):
        orders.acknowledge(alert_id, by="iha", now=NOON)


def test_everyone_notified_of_an_acknowledgement_is_notified_of_its_release(
    tell: Tell, signal: MakeSignal, look: Look
) -> None:
    tell(signal(Condition.CRITICAL), NOON)
    alert_id = Alert.objects.get().pk
    orders.acknowledge(alert_id, by="nami", now=NOON + MINUTE)
    look(NOON + MINUTE)

    orders.release(alert_id, by="iha", now=NOON + 2 * MINUTE)

    told = look(NOON + 2 * MINUTE)
    assert {title for title, _ in told} == {"■ 異常 (未対応): DB CPU使用率 92%"}
    assert places(told) == TOLD_ALL
    assert look(NOON + 3 * MINUTE) == []
    entry = LedgerEntry.objects.get(content__order="release")
    assert (entry.actor, entry.content["was_with"]) == ("iha", "nami")


def test_an_unannounced_acknowledgement_is_undone_silently(
    tell: Tell, signal: MakeSignal, look: Look
) -> None:
    tell(signal(Condition.WARNING), NOON)
    alert_id = Alert.objects.get().pk
    orders.acknowledge(alert_id, by="nami", now=NOON + MINUTE)

    orders.release(alert_id, by="nami", now=NOON + MINUTE)

    assert look(NOON + MINUTE) == []
    assert look(NOON + 4 * HOUR) == [("▲ 警告 (継続中): DB CPU使用率 92%", "ops")]


def test_a_second_acknowledgement_is_announced_with_the_new_name_and_not_repeated(
    tell: Tell, signal: MakeSignal, look: Look
) -> None:
    tell(signal(Condition.WARNING), NOON)
    alert_id = Alert.objects.get().pk
    orders.acknowledge(alert_id, by="nami", now=NOON)
    look(NOON)
    orders.release(alert_id, by="nami", now=NOON + MINUTE)
    look(NOON + MINUTE)

    orders.acknowledge(alert_id, by="iha", now=NOON + 2 * MINUTE)

    assert look(NOON + 2 * MINUTE) == [("▲ 警告 (ihaが対応中): DB CPU使用率", "ops")]
    assert look(NOON + 8 * HOUR) == []


def test_an_unacknowledged_or_resolved_alert_cannot_be_released(tell: Tell, signal: MakeSignal) -> None:
    tell(signal(Condition.WARNING), NOON)
    alert_id = Alert.objects.get().pk

    with pytest.raises(NotPossible, match="は未対応です"):
        orders.release(alert_id, by="nami", now=NOON)
    tell(signal(Condition.OK), NOON + MINUTE)
    with pytest.raises(NotPossible, match="継続中のアラート"):
        orders.release(alert_id, by="nami", now=NOON)


def test_many_alerts_are_acknowledged_at_once_except_those_of_others(tell: Tell, signal: MakeSignal) -> None:
    for name in ("one", "two", "three"):
        tell(signal(Condition.WARNING, key=name), NOON)
    first = Alert.objects.order_by("pk")[0]
    orders.acknowledge(first.pk, by="iha", now=NOON)

    every = list(Alert.objects.values_list("pk", flat=True))
    taken = orders.acknowledge_all(every, by="nami", now=NOON)

    assert len(taken) == 2
    assert sorted(Alert.objects.values_list("acknowledged_by", flat=True)) == ["iha", "nami", "nami"]
    with pytest.raises(NotPossible, match="未対応のアラートはありません"):
        orders.acknowledge_all(every, by="nami", now=NOON)


def test_an_acknowledged_alert_that_gets_worse_is_announced(tell: Tell, signal: MakeSignal) -> None:
    tell(signal(Condition.WARNING), NOON)
    orders.acknowledge(Alert.objects.get().pk, by="nami", now=NOON)

    told = tell(signal(Condition.CRITICAL), NOON + MINUTE)

    assert ("■ 異常 (警告から): DB CPU使用率 92%", "ops") in told


def test_an_unacknowledged_alert_is_repeated_when_the_interval_ends(
    tell: Tell, signal: MakeSignal, look: Look
) -> None:
    tell(signal(Condition.WARNING), NOON)

    assert look(NOON + 4 * HOUR - MINUTE) == []
    assert look(NOON + 4 * HOUR) == [("▲ 警告 (継続中): DB CPU使用率 92%", "ops")]
    assert look(NOON + 8 * HOUR - MINUTE) == []


def test_an_acknowledged_alert_is_not_repeated(tell: Tell, signal: MakeSignal, look: Look) -> None:
    tell(signal(Condition.WARNING), NOON)
    orders.acknowledge(Alert.objects.get().pk, by="nami", now=NOON)
    look(NOON)

    assert look(NOON + 4 * HOUR) == []


def test_a_silence_holds_notices_back_and_says_who_why_and_until_when(tell: Tell, signal: MakeSignal) -> None:
    orders.silence({"target": "DB"}, "増設中", ends_at=NOON + HOUR, by="nami", now=NOON)

    assert tell(signal(Condition.CRITICAL), NOON) == []

    outcome = StageOutcome.objects.filter(destination="ops").get()
    assert (outcome.stage, outcome.reason) == ("silence", "silenced")
    assert str(outcome.detail).endswith("(nami: 増設中、2026-04-01 13:00 まで)")


def test_an_alert_still_firing_when_a_silence_ends_is_announced_again(
    tell: Tell, signal: MakeSignal, look: Look
) -> None:
    tell(signal(Condition.WARNING), NOON)
    orders.silence({"item": "cpu"}, "増設中", ends_at=NOON + HOUR, by="nami", now=NOON + MINUTE)

    assert look(NOON + HOUR - MINUTE) == []
    assert look(NOON + HOUR) == [("▲ 警告 (継続中): DB CPU使用率 92%", "ops")]
    assert look(NOON + HOUR + MINUTE) == []


def test_ending_a_silence_early_announces_held_alerts_at_once(
    tell: Tell, signal: MakeSignal, look: Look
) -> None:
    made = orders.silence({"target": "DB"}, "増設中", ends_at=NOON + HOUR, by="nami", now=NOON)
    tell(signal(Condition.WARNING), NOON + MINUTE)

    orders.end_silence(made.pk, by="nami", now=NOON + 2 * MINUTE)

    assert look(NOON + 2 * MINUTE) == [("▲ 警告: DB CPU使用率 92%", "ops")]
    with pytest.raises(NotPossible):
        orders.end_silence(made.pk, by="nami", now=NOON + 3 * MINUTE)


def test_a_silence_of_another_target_has_no_effect(tell: Tell, signal: MakeSignal) -> None:
    orders.silence({"target": "API"}, "増設中", ends_at=NOON + HOUR, by="nami", now=NOON)

    assert places(tell(signal(Condition.WARNING), NOON)) == {"ops"}


@pytest.mark.parametrize(
    ("matchers", "ends_at", "reason", "complaint"),
    [
        ({"target": "DB"}, None, "増設中", "終了時刻がありません"),
        ({"target": "DB"}, NOON, "増設中", "終了が開始より前"),
        ({"target": "DB"}, NOON + timedelta(days=30, seconds=1), "増設中", "30日より長く"),
        ({"target": "DB"}, NOON + HOUR, " ", "理由が必要です"),
        ({"host": "DB"}, NOON + HOUR, "増設中", "「host」は条件に使えません"),
        ({}, NOON + HOUR, "増設中", "ミュートの条件がありません"),
    ],
)
def test_a_silence_without_end_reason_or_matcher_is_refused(
    matchers: dict[str, str], ends_at: datetime | None, reason: str, complaint: str
) -> None:
    with pytest.raises(NotPossible, match=complaint):
        orders.silence(matchers, reason, ends_at=ends_at, by="nami", now=NOON)

    assert not Silence.objects.exists()


def test_announced_maintenance_holds_back_only_its_targets(
    tell: Tell, signal: MakeSignal, look: Look
) -> None:
    orders.announce_maintenance(
        ["DB"], "ストレージ交換", starts_at=NOON, ends_at=NOON + HOUR, by="nami", now=NOON - HOUR
    )

    assert tell(signal(Condition.WARNING), NOON) == []
    other = signal(Condition.WARNING, key="api", target="API", item="latency")
    assert places(tell(other, NOON)) == {"ops"}
    outcome = StageOutcome.objects.filter(stage="maintenance").get()
    assert "(nami: ストレージ交換、13:00 まで)" in str(outcome.detail)
    assert places(look(NOON + HOUR)) == {"ops"}


@pytest.mark.parametrize(
    ("matchers", "reason"),
    [({"clause": "x" * 301}, "x"), ({"label." + "x" * 300: "x"}, "x"), ({"target": "x"}, "x" * 2001)],
)
def test_what_is_longer_than_anything_is_called_is_refused(matchers: dict[str, str], reason: str) -> None:
    with pytest.raises(NotPossible, match="字まで"):
        orders.silence(matchers, reason, ends_at=NOON + HOUR, by="nami", now=NOON)
    with pytest.raises(NotPossible, match="字まで"):
        orders.announce_maintenance(
            [*matchers, *matchers.values()], reason, starts_at=NOON, ends_at=NOON + HOUR, by="nami", now=NOON
        )


def test_maintenance_begins_now_at_the_earliest(look: Look) -> None:
    late = orders.announce_maintenance(
        ["DB"], "交換", starts_at=NOON - HOUR, ends_at=NOON + HOUR, by="nami", now=NOON
    )

    assert (late.starts_at, late.ends_at) == (NOON, NOON + HOUR)
    assert LedgerEntry.objects.latest("sequence").content["from"] == NOON.isoformat()
    with pytest.raises(NotPossible, match="すでに過ぎた時刻です"):
        orders.announce_maintenance(["DB"], "交換", starts_at=NOON - HOUR, ends_at=NOON, by="nami", now=NOON)
    # What is longer than thirty days is so from where it was said to begin.
    with pytest.raises(NotPossible, match="30日"):
        orders.announce_maintenance(
            ["DB"], "交換", starts_at=NOON - HOUR, ends_at=NOON + timedelta(days=30), by="nami", now=NOON
        )


def test_maintenance_can_be_cancelled(tell: Tell, signal: MakeSignal, look: Look) -> None:
    planned = orders.announce_maintenance(
        [], "全停止", starts_at=NOON, ends_at=NOON + HOUR, by="nami", now=NOON
    )
    tell(signal(Condition.WARNING), NOON)

    orders.end_maintenance(planned.pk, by="nami", now=NOON + MINUTE)

    assert places(look(NOON + MINUTE)) == {"ops"}


def test_a_target_that_is_down_inhibits_alerts_caused_by_it(
    tell: Tell, signal: MakeSignal, look: Look
) -> None:
    down = signal(
        Condition.CRITICAL, key="db/up", subject="DB 死活", target="DB", item="up", **{WHOLE_TARGET: "yes"}
    )
    tell(down, NOON)

    assert tell(signal(Condition.NO_DATA, value="接続できません"), NOON + MINUTE) == []
    outcome = StageOutcome.objects.filter(stage="mute").get()
    assert str(outcome.detail) == "原因のアラートを通知済みのため抑制しています (DB 死活)"

    # What fell silent with it may answer in a moment, too: one recovery is told, and what remains after it.
    told = tell(replace(down, condition=Condition.OK), NOON + 2 * MINUTE)
    assert [title for title, _ in told if title.startswith("?")] == []
    assert look(NOON + 4 * MINUTE) == []
    assert ("? 測定不能: DB CPU使用率 接続できません", "ops") in look(NOON + 6 * MINUTE)


WITH_DUTIES = """
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 上原 | 平日9:00-18:00 |
| 開発担当者 | 伊波 | 平日9:00-18:00 |
| 緊急連絡先 | 090-0000-0000 | 24時間365日 |

## 2. 監視
"""


@pytest.fixture
def duties(document_text: str) -> Design:
    return read_design(document_text.replace("\n## 2. 監視\n", WITH_DUTIES), "運用設計書.md")


@pytest.fixture
def reached(contacts: Contacts) -> Contacts:
    return replace(
        contacts, people={**contacts.people, "緊急連絡先": {ChannelKind.EMAIL: "night@example.com"}}
    )


def told_by(document: Design, contacts: Contacts, now: datetime) -> list[tuple[str, str]]:
    before = set(Delivery.objects.values_list("id", flat=True))
    announce(document, contacts, now, everything=False)
    new = Delivery.objects.exclude(id__in=before).select_related("announcement")
    return sorted((one_line(each.announcement.title), each.destination) for each in new)


def test_at_night_the_emergency_contact_is_notified_too_and_the_assumption_is_stated(
    signal: MakeSignal, duties: Design, reached: Contacts
) -> None:
    report([signal(Condition.CRITICAL)], NOON + 11 * HOUR)

    told = told_by(duties, reached, NOON + 11 * HOUR)

    assert places(told) == {*TOLD_ALL, "mail:night@example.com"}
    outcome = StageOutcome.objects.get(destination="mail:night@example.com")
    assert outcome.trail[0] == ["route", "off-hours"]
    assert str(outcome.rule_citation) == "運用設計書.md:13 (対応時間外、仮定)"


def test_during_the_day_the_emergency_contact_is_not_notified(
    signal: MakeSignal, duties: Design, reached: Contacts
) -> None:
    report([signal(Condition.CRITICAL)], NOON)

    assert places(told_by(duties, reached, NOON)) == TOLD_ALL


def test_an_alert_escalates_until_someone_acknowledges_it(
    signal: MakeSignal, duties: Design, reached: Contacts
) -> None:
    report([signal(Condition.CRITICAL)], NOON)
    told_by(duties, reached, NOON)

    assert told_by(duties, reached, NOON + 15 * MINUTE - timedelta(seconds=1)) == []
    assert told_by(duties, reached, NOON + 15 * MINUTE) == [
        ("■ 異常 (未対応): DB CPU使用率 92%", "mail:night@example.com")
    ]
    assert told_by(duties, reached, NOON + 40 * MINUTE) == []


def test_an_acknowledged_alert_is_not_escalated_further(
    signal: MakeSignal, duties: Design, reached: Contacts
) -> None:
    report([signal(Condition.CRITICAL)], NOON)
    told_by(duties, reached, NOON)
    orders.acknowledge(Alert.objects.get().pk, by="nami", now=NOON + MINUTE)
    told_by(duties, reached, NOON + MINUTE)

    assert told_by(duties, reached, NOON + HOUR) == []


def test_a_running_escalation_keeps_the_policy_it_began_with(
    signal: MakeSignal, duties: Design, reached: Contacts
) -> None:
    report([signal(Condition.CRITICAL)], NOON)
    told_by(duties, reached, NOON)
    changed = NoticeBinding(escalation=(EscalationStep(after=MINUTE, to=("運用責任者",)),))

    now_otherwise = replace(reached, notices=changed)

    assert told_by(duties, now_otherwise, NOON + 2 * MINUTE) == []
    assert places(told_by(duties, now_otherwise, NOON + 15 * MINUTE)) == {"mail:night@example.com"}


def test_an_escalation_resumes_when_the_alert_is_released(
    signal: MakeSignal, duties: Design, reached: Contacts
) -> None:
    report([signal(Condition.CRITICAL)], NOON)
    told_by(duties, reached, NOON)
    alert_id = Alert.objects.get().pk
    orders.acknowledge(alert_id, by="nami", now=NOON + MINUTE)
    told_by(duties, reached, NOON + MINUTE)
    assert told_by(duties, reached, NOON + 20 * MINUTE) == []

    orders.release(alert_id, by="nami", now=NOON + 20 * MINUTE)

    assert places(told_by(duties, reached, NOON + 20 * MINUTE)) == {*TOLD_ALL, "mail:night@example.com"}


def test_a_silenced_alert_is_not_escalated(signal: MakeSignal, duties: Design, reached: Contacts) -> None:
    report([signal(Condition.CRITICAL)], NOON)
    told_by(duties, reached, NOON)
    orders.silence({"target": "DB"}, "対応中", ends_at=NOON + HOUR, by="nami", now=NOON + MINUTE)

    assert told_by(duties, reached, NOON + 20 * MINUTE) == []


def test_everyone_notified_by_escalation_gets_the_recovery(
    signal: MakeSignal, duties: Design, reached: Contacts
) -> None:
    report([signal(Condition.CRITICAL)], NOON)
    told_by(duties, reached, NOON)
    told_by(duties, reached, NOON + 15 * MINUTE)

    report([signal(Condition.OK)], NOON + 20 * MINUTE)

    assert "mail:night@example.com" in places(told_by(duties, reached, NOON + 20 * MINUTE))


def test_many_alerts_at_once_are_grouped_into_one_message_per_destination(
    signal: MakeSignal, document: Design, contacts: Contacts
) -> None:
    many = [
        signal(
            Condition.WARNING, key=f"web-{number}", subject=f"web-{number} CPU使用率", target=f"web-{number}"
        )
        for number in range(40)
    ]
    report(many, NOON)

    assert told_by(document, contacts, NOON) == [
        ("▲ 警告 40件: web-0 CPU使用率、web-1 CPU使用率、web-2 CPU使用率 ほか", "ops")
    ]
    assert Announcement.objects.get().alerts.count() == 40
    assert told_by(document, contacts, NOON + MINUTE) == []

    report([replace(each, condition=Condition.OK) for each in many[:10]], NOON + 2 * MINUTE)
    assert ("● 復旧 10件: web-0 CPU使用率、web-1 CPU使用率、web-2 CPU使用率 ほか", "ops") in told_by(
        document, contacts, NOON + 2 * MINUTE
    )


def test_two_alerts_are_sent_as_two_messages(
    signal: MakeSignal, document: Design, contacts: Contacts
) -> None:
    report([signal(Condition.WARNING, key=key) for key in ("one", "two")], NOON)

    assert len(told_by(document, contacts, NOON)) == 2


def test_a_busy_destination_gets_the_next_notices_grouped(
    signal: MakeSignal, document: Design, contacts: Contacts
) -> None:
    second = timedelta(seconds=1)
    for number in range(6):
        report([signal(Condition.WARNING, key=f"w{number}", target=f"w{number}")], NOON + number * second)
        told_by(document, contacts, NOON + number * second)

    report([signal(Condition.WARNING, key="late", target="late")], NOON + 5.5 * second)

    assert told_by(document, contacts, NOON + 5.5 * second) == []
    assert StageOutcome.objects.get(stage="group").reason == "gathering"
    assert len(told_by(document, contacts, NOON + 15 * second)) == 1
