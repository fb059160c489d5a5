from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from toban.design.reader import Design
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.alerts import report
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.delivery import attempts
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.delivery.lead import NotLeading
from toban.engine.notify.delivery.outbox import NOTICES
from toban.engine.notify.models import Delivery
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.signal import Condition, Signal
from toban.message import from_json, plain

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
SECOND = timedelta(seconds=1)
PASSING = Undelivered("Slack: 503", retry=True)

type MakeSignal = Callable[..., Signal]
type Say = Callable[[Condition, datetime], None]


@pytest.fixture
def say(signal: MakeSignal, document: Design, contacts: Contacts) -> Say:
    """Return a function that reports a condition of the monitor and puts the notices into the outbox."""

    def said(condition: Condition, now: datetime) -> None:
        report([signal(condition, now)], now)
        announce(document, contacts, now)

    return said


def deliver(channel: Any, now: datetime, name: str = "ops") -> int:
    return attempts.deliver_due(NOTICES, name, channel, clock=lambda: now, jitter=lambda: 0.0)


def test_a_notice_is_sent_once_and_its_receipt_stored(say: Say, channel: Any) -> None:
    say(Condition.WARNING, NOON)

    assert deliver(channel, NOON) == 1
    assert deliver(channel, NOON) == 0

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.receipt, delivery.attempts) == ("delivered", "receipt-1", 1)
    assert channel.sent[0][0].key == delivery.key
    assert channel.sent[0][1] == ("U02DEV",)


def test_a_temporary_failure_is_retried_later_under_the_same_key(say: Say, channel: Any) -> None:
    say(Condition.WARNING, NOON)
    channel.failures = [PASSING]
    deliver(channel, NOON)

    assert deliver(channel, NOON + 1.9 * SECOND) == 0
    assert deliver(channel, NOON + 2 * SECOND) == 1

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("delivered", 2)
    assert channel.sent[0][0].key == delivery.key


def test_a_channel_is_due_while_something_waits_for_it_whose_time_has_come(say: Say, channel: Any) -> None:
    assert not set(attempts.channels_due(NOTICES, NOON))
    say(Condition.WARNING, NOON)
    assert set(attempts.channels_due(NOTICES, NOON)) == {"ops"}
    channel.failures = [PASSING]
    deliver(channel, NOON)

    assert not set(attempts.channels_due(NOTICES, NOON + 1.9 * SECOND))
    assert set(attempts.channels_due(NOTICES, NOON + 2 * SECOND)) == {"ops"}
    deliver(channel, NOON + 2 * SECOND)
    assert not set(attempts.channels_due(NOTICES, NOON + timedelta(hours=1)))


def test_a_permanent_failure_ends_it_and_is_evidence(say: Say, channel: Any) -> None:
    say(Condition.WARNING, NOON)
    channel.failures = [Undelivered("Slack: 403 invalid_token", retry=False)]
    deliver(channel, NOON)

    assert deliver(channel, NOON + timedelta(hours=1)) == 0
    delivery = Delivery.objects.get()
    assert (delivery.state, str(delivery.error)) == ("failed", "Slack: 403 invalid_token")
    entry = LedgerEntry.objects.get(kind="notice")
    assert entry.content["outcome"] == "failed"
    assert str(from_json(entry.content["error"])) == "Slack: 403 invalid_token"


def test_any_bytes_a_receiver_answers_can_be_stored(say: Say, channel: Any) -> None:
    say(Condition.WARNING, NOON)
    channel.failures = [Undelivered("Slack: 500 \0\ud800", retry=True)]
    deliver(channel, NOON)

    assert str(Delivery.objects.get().error) == "Slack: 500 �?"


def test_a_notice_that_fails_for_four_hours_is_abandoned(say: Say, channel: Any) -> None:
    say(Condition.WARNING, NOON)
    channel.failures = [PASSING] * 1000
    now = NOON
    while Delivery.objects.get().state == Delivery.State.WAITING:
        deliver(channel, now)
        now = Delivery.objects.get().next_at

    settled_at = Delivery.objects.get().settled_at
    assert settled_at is not None
    assert timedelta(hours=3, minutes=54) < settled_at - NOON < timedelta(hours=4)
    assert Delivery.objects.get().attempts > 45


def test_a_notice_that_is_old_at_its_first_attempts_is_not_abandoned(say: Say, channel: Any) -> None:
    say(Condition.WARNING, NOON)
    channel.failures = [PASSING]
    back_again = NOON + timedelta(hours=9)

    deliver(channel, back_again)

    assert deliver(channel, back_again + 2 * SECOND) == 1


def test_a_receiver_that_asks_to_wait_gets_no_notice_until_then(
    say: Say, signal: MakeSignal, document: Design, contacts: Contacts, channel: Any
) -> None:
    report([signal(Condition.WARNING, NOON, key=key) for key in ("one", "two")], NOON)
    announce(document, contacts, NOON)
    channel.failures = [Undelivered("Slack: 429", retry=True, after=30)]

    first_round = deliver(channel, NOON)

    # The list of due notices was made before the refusal, but no second notice was claimed after it.
    assert first_round == 1
    assert deliver(channel, NOON + 29 * SECOND) == 0
    assert deliver(channel, NOON + 30 * SECOND) == 2


def test_a_recovery_never_overtakes_its_alert(say: Say, channel: Any) -> None:
    say(Condition.WARNING, NOON)
    channel.failures = [PASSING]
    deliver(channel, NOON)
    say(Condition.OK, NOON + SECOND)

    assert deliver(channel, NOON + SECOND) == 0
    deliver(channel, NOON + 2 * SECOND)
    deliver(channel, NOON + 2 * SECOND)

    assert channel.titles == ["▲ 警告: DB CPU使用率 92%", "● 復旧: DB CPU使用率 92%"]


def test_a_notice_begun_by_a_dead_worker_is_sent_by_the_next_under_the_same_key(
    say: Say, channel: Any
) -> None:
    say(Condition.WARNING, NOON)
    begun = attempts.begin(NOTICES, Delivery.objects.get().id, NOON)

    assert deliver(channel, NOON + SECOND) == 1

    assert begun is not None
    assert channel.sent[0][0].key == begun.key
    assert Delivery.objects.get().attempts == 2


def test_a_worker_without_the_lead_sends_nothing(say: Say, channel: Any) -> None:
    def refuse() -> None:
        raise NotLeading("another")

    say(Condition.WARNING, NOON)

    with pytest.raises(NotLeading):
        attempts.deliver_due(NOTICES, "ops", channel, clock=lambda: NOON, permit=refuse)

    assert (channel.sent, Delivery.objects.get().attempts) == ([], 0)


def test_a_late_worker_does_not_overwrite_the_receipt_of_the_one_that_took_over(
    say: Say, channel: Any
) -> None:
    say(Condition.WARNING, NOON)

    class Slow:
        """While it sends, another worker takes over and delivers the same notice."""

        def send(self, _notice: object, _addresses: tuple[str, ...]) -> str:
            deliver(channel, NOON)
            return "late"

    deliver(Slow(), NOON)

    assert Delivery.objects.get().receipt == "receipt-1"
    assert LedgerEntry.objects.filter(kind="notice").count() == 1


def test_a_notice_waits_for_a_missing_secret(say: Say, channel: Any) -> None:
    class Locked:
        def send(self, _notice: object, _addresses: tuple[str, ...]) -> str:
            raise SecretUnavailable("環境変数 SLACK_WEBHOOK がありません")

    say(Condition.WARNING, NOON)
    deliver(Locked(), NOON)

    assert str(Delivery.objects.get().error) == "環境変数 SLACK_WEBHOOK がありません"
    assert deliver(channel, NOON + 2 * SECOND) == 1


def test_a_bug_in_a_channel_is_reported_by_its_type_only_and_stops_nothing(say: Say) -> None:
    class Broken:
        def send(self, _notice: object, _addresses: tuple[str, ...]) -> str:
            raise ValueError("https://hooks.slack.com/very-secret-indeed")

    say(Condition.WARNING, NOON)

    assert deliver(Broken(), NOON) == 1
    assert str(Delivery.objects.get().error) == "通知方法の誤り: ValueError"


def test_notices_waiting_for_a_removed_channel_fail_and_the_new_one_takes_over(
    say: Say, document: Design, contacts: Contacts
) -> None:
    say(Condition.WARNING, NOON)
    renamed = Contacts(
        people=contacts.people,
        ways=tuple(way for way in contacts.ways if way.name != "ops"),
        zone=contacts.zone,
    )

    announce(document, renamed, NOON + SECOND)

    assert Delivery.objects.get(channel="ops").state == "failed"


@pytest.mark.parametrize(
    ("condition", "value", "threshold"),
    [(Condition.CRITICAL, "92%", "異常 85%以上"), (Condition.NO_DATA, "92%", "異常 85%以上")],
)
def test_a_notice_says_to_programs_what_it_is_about(
    say: Say,
    channel: Any,
    settings: Any,
    condition: Condition,
    value: str,
    threshold: str,
) -> None:
    settings.PUBLIC_URL = "https://toban.example.com/"
    say(condition, NOON)
    deliver(channel, NOON)

    about = channel.sent[0][0].about

    assert about.names == {"target": "DB", "instance": "db-1", "metric": "cpu"}
    assert (str(about.value), str(about.threshold)) == (value, threshold)
    page = reverse("evidence", args=[about.clause_id])
    assert about.row_url == f"https://toban.example.com{page}"


def test_a_notice_sent_late_says_what_was_measured_then(say: Say, channel: Any) -> None:
    say(Condition.WARNING, NOON)
    channel.failures = [PASSING]
    deliver(channel, NOON)
    report_value = Delivery.objects.get().announcement.alert
    report_value.value = plain("99%")
    report_value.save()

    deliver(channel, NOON + 2 * SECOND)

    assert str(channel.sent[0][0].about.value) == "92%"
