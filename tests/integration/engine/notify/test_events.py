"""Events, which are over at once: announced once, to the row of their level, and without a recovery."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.engine.notify.conftest import MakeSignal

from toban.design.reader import Design
from toban.engine.notify import alerts
from toban.engine.notify.deciding import pipeline
from toban.engine.notify.delivery.words import one_line
from toban.engine.notify.models import Alert, Announcement, Delivery
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.signal import Condition

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_an_event_is_announced_once_by_the_information_row_however_often_it_is_reported(
    signal: MakeSignal, document: Design, contacts: Contacts
) -> None:
    begun = signal(Condition.INFO, value="12:00 の分を始めました")

    for minute in range(3):
        now = NOON + minute * MINUTE
        alerts.tell([begun], now, document.digest)
        pipeline.announce(document, contacts, now)

    assert [delivery.destination for delivery in Delivery.objects.all()] == ["watch"]
    announced = Announcement.objects.get()
    assert (announced.kind, announced.level) == ("firing", "info")
    assert one_line(announced.title).startswith("i 情報")
    assert one_line(announced.title).endswith("12:00 の分を始めました")
    assert Alert.objects.get().settled


def test_an_event_opens_no_alert_and_resolves_none(signal: MakeSignal, document: Design) -> None:
    trouble = signal(Condition.CRITICAL)
    alerts.report([trouble], NOON, document.digest)

    alerts.tell([signal(Condition.INFO, key="batch/batch/B004/start/1")], NOON, document.digest)

    assert Alert.objects.get(resolved_at=None).key == trouble.key


def test_a_critical_event_is_announced_once_and_needs_no_recovery(
    signal: MakeSignal, document: Design, contacts: Contacts
) -> None:
    died = signal(Condition.CRITICAL, key="errors/1/new")

    for hour in range(0, 24, 6):
        now = NOON + timedelta(hours=hour)
        alerts.tell([died], now, document.digest)
        pipeline.announce(document, contacts, now)

    announced = Announcement.objects.get()
    assert (announced.kind, announced.level) == ("firing", "critical")
    assert one_line(announced.title).startswith("■ 異常")
    assert Delivery.objects.exists()
    assert Alert.objects.get().settled
