"""Incoming alerts with real tables: opened, kept open, resolved, and announced by the document's matrix."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.design.reader import Design
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.inwards import IncomingAlert, take
from toban.engine.notify.models import Alert, Delivery
from toban.engine.notify.routing.contacts import Contacts

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
MINUTE = timedelta(minutes=1)
LABELS = {"alertname": "HighLatency", "instance": "api-1", "severity": "warning"}


def outside(ends_at: datetime, labels: Mapping[str, str] = LABELS) -> IncomingAlert:
    return IncomingAlert(labels, {"summary": "遅い"}, NOON, ends_at, "")


def titles() -> list[str]:
    return [str(each.announcement.title) for each in Delivery.objects.order_by("id")]


def test_a_repeated_incoming_alert_is_announced_once_and_again_when_it_resolves(
    document: Design, contacts: Contacts
) -> None:
    for minute in range(3):
        now = NOON + minute * MINUTE
        assert take([outside(now + 5 * MINUTE)], document, "prometheus", now) == 1
        announce(document, contacts, now, everything=False)
    assert titles() == ["▲ 警告: api-1 HighLatency 遅い"]

    now = NOON + 3 * MINUTE
    take([outside(now)], document, "prometheus", now)
    announce(document, contacts, now, everything=False)

    assert "● 復旧: api-1 HighLatency 遅い" in titles()


def test_an_incoming_alert_that_is_not_repeated_resolves_at_its_end_time(
    document: Design, contacts: Contacts
) -> None:
    take([outside(NOON + 5 * MINUTE)], document, "prometheus", NOON)
    announce(document, contacts, NOON + 5 * MINUTE - timedelta(seconds=1), everything=False)
    assert Alert.objects.get().resolved_at is None

    announce(document, contacts, NOON + 5 * MINUTE, everything=False)

    assert "● 復旧: api-1 HighLatency 送信元からの通知が途切れました" in titles()


def test_information_goes_only_to_the_information_row(document: Design, contacts: Contacts) -> None:
    labels = {**LABELS, "severity": "info"}

    take([outside(NOON + 5 * MINUTE, labels)], document, "prometheus", NOON)
    announce(document, contacts, NOON)

    assert [(each.destination, str(each.announcement.title)) for each in Delivery.objects.all()] == [
        ("watch", "i 情報: api-1 HighLatency 遅い")
    ]
