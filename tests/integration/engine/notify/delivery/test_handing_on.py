"""A broken channel: its notices are sent by another channel, and it raises an alert itself."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from toban.design.reader import Design
from toban.design.values.people import ChannelKind
from toban.engine.bindings.model import NoticeBinding
from toban.engine.notify.alerts import report
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.delivery import attempts
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.delivery.outbox import NOTICES
from toban.engine.notify.models import Alert, Delivery
from toban.engine.notify.routing.contacts import BoundChannel, Contacts
from toban.engine.notify.signal import Condition, Signal

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
MINUTE = timedelta(minutes=1)
DOWN = Undelivered("Slack: 503", retry=True)

type MakeSignal = Callable[..., Signal]


class Office:
    """The pipeline and the outbox with a Slack that is down until it is repaired."""

    def __init__(self, document: Design, contacts: Contacts, channel: Any) -> None:
        self.document, self.contacts, self.mail = document, contacts, channel
        self.slack_is_down = True

    def send(self, _notice: Any, _addresses: tuple[str, ...]) -> str:
        if self.slack_is_down:
            raise DOWN
        return "ok"

    def turn(self, now: datetime) -> None:
        announce(self.document, self.contacts, now)
        for name in ("ops", "watch"):
            attempts.deliver_due(NOTICES, name, self, clock=lambda: now, jitter=lambda: 0.0)
        attempts.deliver_due(NOTICES, "mail", self.mail, clock=lambda: now, jitter=lambda: 0.0)


@pytest.fixture
def office(document: Design, contacts: Contacts, channel: Any) -> Office:
    return Office(document, contacts, channel)


def test_a_notice_that_slack_refuses_is_mailed_to_the_same_people(office: Office, signal: MakeSignal) -> None:
    report([signal(Condition.WARNING)], NOON)
    office.turn(NOON)
    office.turn(NOON + MINUTE - timedelta(seconds=1))
    assert office.mail.titles == []

    office.turn(NOON + MINUTE)

    assert office.mail.titles[0] == "▲ 警告: DB CPU使用率 92%"
    assert office.mail.sent[0][1] == ("developer@example.com",)


def test_a_broken_channel_is_reported_through_working_channels(office: Office, signal: MakeSignal) -> None:
    report([signal(Condition.WARNING)], NOON)
    for turn in range(3):
        office.turn(NOON + turn * MINUTE)

    alert = Alert.objects.get(labels={"channel": "ops"})
    assert (alert.condition, str(alert.subject), str(alert.limit)) == (
        "critical",
        "通知方法 ops",
        "Slack: 503",
    )
    assert "■ 異常: 通知方法 ops 1件が届いていません" in office.mail.titles
    assert not Delivery.objects.filter(announcement__alerts=alert, channel="ops").exists()


def test_the_alert_about_a_channel_resolves_when_it_delivers_again(
    office: Office, signal: MakeSignal
) -> None:
    report([signal(Condition.WARNING)], NOON)
    for turn in range(3):
        office.turn(NOON + turn * MINUTE)

    office.slack_is_down = False
    for turn in range(10, 13):
        office.turn(NOON + turn * MINUTE)

    assert Alert.objects.get(labels={"channel": "ops"}).resolved_at is not None
    assert "● 復旧: 通知方法 ops 届いています" in office.mail.titles


def test_a_notice_is_handed_on_only_once(office: Office, signal: MakeSignal) -> None:
    report([signal(Condition.WARNING)], NOON)
    for turn in range(6):
        office.turn(NOON + turn * MINUTE)

    assert office.mail.titles.count("▲ 警告: DB CPU使用率 92%") == 1


def test_people_already_notified_by_another_channel_are_not_notified_twice(
    office: Office, signal: MakeSignal
) -> None:
    report([signal(Condition.CRITICAL)], NOON)
    for turn in range(4):
        office.turn(NOON + turn * MINUTE)

    assert office.mail.titles.count("■ 異常: DB CPU使用率 92%") == 2


def test_the_fallback_channel_of_the_bindings_gets_notices_that_reach_nobody_else(
    office: Office, signal: MakeSignal
) -> None:
    teams = BoundChannel("teams", ChannelKind.TEAMS, is_shared=True)
    office.contacts = replace(
        office.contacts,
        people={"開発担当者": {}},
        ways=(*office.contacts.ways, teams),
        notices=NoticeBinding(fallback="teams"),
    )
    report([signal(Condition.WARNING)], NOON)

    office.turn(NOON)
    office.turn(NOON + MINUTE)

    assert Delivery.objects.filter(channel="teams").count() == 1


def test_a_permanent_refusal_is_handed_on_at_once(
    office: Office, signal: MakeSignal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_notice: Any, _addresses: tuple[str, ...]) -> str:
        raise Undelivered("Slack: 404 no_service", retry=False)

    monkeypatch.setattr(office, "send", refuse)
    report([signal(Condition.WARNING)], NOON)
    office.turn(NOON)

    office.turn(NOON + timedelta(seconds=1))

    assert office.mail.titles[0] == "▲ 警告: DB CPU使用率 92%"


def test_after_an_outage_repeats_go_where_the_document_says_and_nowhere_else(
    office: Office, signal: MakeSignal
) -> None:
    office.contacts = replace(office.contacts, notices=NoticeBinding(repeat=60 * MINUTE))
    report([signal(Condition.WARNING)], NOON)
    for turn in range(3):
        office.turn(NOON + turn * MINUTE)
    office.slack_is_down = False
    for turn in range(3, 8):
        office.turn(NOON + turn * MINUTE)
    mailed = office.mail.titles.count("▲ 警告: DB CPU使用率 92%")

    for hour in range(1, 4):
        office.turn(NOON + hour * 61 * MINUTE)

    repeats = Delivery.objects.filter(created_at__gt=NOON + 60 * MINUTE, announcement__condition="warning")
    assert mailed == 1
    assert {each.channel for each in repeats} == {"ops"}


def test_whoever_was_told_another_way_is_told_that_it_is_over(office: Office, signal: MakeSignal) -> None:
    report([signal(Condition.WARNING)], NOON)
    for turn in range(3):
        office.turn(NOON + turn * MINUTE)
    office.slack_is_down = False

    report([signal(Condition.OK)], NOON + 10 * MINUTE)
    office.turn(NOON + 10 * MINUTE)
    office.turn(NOON + 11 * MINUTE)

    assert "● 復旧: DB CPU使用率 92%" in office.mail.titles


def test_while_the_channel_is_down_each_repeat_goes_the_other_way_again(
    office: Office, signal: MakeSignal
) -> None:
    office.contacts = replace(office.contacts, notices=NoticeBinding(repeat=60 * MINUTE))
    report([signal(Condition.WARNING)], NOON)
    for turn in range(124):
        office.turn(NOON + turn * MINUTE)

    assert len([title for title in office.mail.titles if title.endswith("DB CPU使用率 92%")]) == 3
