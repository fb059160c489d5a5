"""Incoming alerts with real tables: opened, kept open, resolved, and announced by the document's matrix."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.design.reader import Design
from toban.design.values.metric import Metric
from toban.engine.notify.alerts import report
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.inwards import IncomingAlert, take
from toban.engine.notify.models import Alert, Delivery, Maintenance, Silence
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.routing.places import Place, Places
from toban.engine.notify.signal import Condition, Signal

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


def look(document: Design, contacts: Contacts, now: datetime) -> None:
    announce(document, contacts, now, everything=False)


def still_open() -> list[str]:
    return [alert.condition for alert in Alert.objects.filter(resolved_at=None).order_by("id")]


OTHER = {"alertname": "DiskFull", "instance": "db-1", "severity": "warning"}


def test_an_alert_of_a_silent_sender_is_not_measurable_and_not_over(
    document: Design, contacts: Contacts
) -> None:
    take([outside(NOON + 4 * MINUTE), outside(NOON + 4 * MINUTE, OTHER)], document, "prometheus", NOON)
    look(document, contacts, NOON + 4 * MINUTE - timedelta(seconds=1))
    assert still_open() == ["warning", "warning"]

    look(document, contacts, NOON + 4 * MINUTE)
    look(document, contacts, NOON + 9 * MINUTE)

    assert still_open() == ["warning", "warning", "no-data", "no-data"]
    silent = "prometheus から届かなくなりました。続いているかどうかは分かりません"
    assert f"? 測定不能: api-1 HighLatency {silent}" in titles()
    assert not any("復旧" in title for title in titles())


def test_a_sender_that_is_back_with_a_firing_alert_causes_no_recovery_first(
    document: Design, contacts: Contacts
) -> None:
    take([outside(NOON + 4 * MINUTE)], document, "prometheus", NOON)
    look(document, contacts, NOON + 4 * MINUTE)

    take([outside(NOON + 64 * MINUTE)], document, "prometheus", NOON + 60 * MINUTE)
    look(document, contacts, NOON + 60 * MINUTE)
    assert (still_open(), [title for title in titles() if "復旧" in title]) == (["warning"], [])

    over = NOON + 63 * MINUTE
    take([outside(over)], document, "prometheus", over)
    look(document, contacts, over)

    assert still_open() == []
    assert {title for title in titles() if "復旧" in title} == {
        "● 復旧: api-1 HighLatency 再び測定できています",
        "● 復旧: api-1 HighLatency 遅い",
    }


def test_an_alert_that_a_living_sender_repeats_no_more_is_over(document: Design, contacts: Contacts) -> None:
    take([outside(NOON + 4 * MINUTE)], document, "prometheus", NOON)
    look(document, contacts, NOON)
    take([outside(NOON + 7 * MINUTE, OTHER)], document, "prometheus", NOON + 3 * MINUTE)

    look(document, contacts, NOON + 4 * MINUTE)

    assert "● 復旧: api-1 HighLatency 送信元がこのアラートを送らなくなりました" in titles()


def test_a_sender_that_is_back_has_time_to_repeat_its_alerts(document: Design, contacts: Contacts) -> None:
    take([outside(NOON + 4 * MINUTE)], document, "prometheus", NOON)
    look(document, contacts, NOON + 4 * MINUTE)
    back = NOON + 60 * MINUTE

    for minute in range(5):
        now = back + minute * MINUTE
        take([outside(now + 4 * MINUTE, OTHER)], document, "prometheus", now)
        look(document, contacts, now)
        assert still_open() == ["warning", "no-data", "warning"]
    look(document, contacts, back + 5 * MINUTE)

    assert still_open() == ["warning"]


def test_information_goes_only_to_the_information_row(document: Design, contacts: Contacts) -> None:
    labels = {**LABELS, "severity": "info"}

    take([outside(NOON + 5 * MINUTE, labels)], document, "prometheus", NOON)
    announce(document, contacts, NOON)

    assert [(each.destination, str(each.announcement.title)) for each in Delivery.objects.all()] == [
        ("watch", "i 情報: api-1 HighLatency 遅い")
    ]


PLACES = Places({"db": "DB"}, {"db-1": frozenset((Place("DB", "db-1"),))})
SENT = {"alertname": "HighLatency", "instance": "db-1:9100", "severity": "critical"}


def _send(document: Design, contacts: Contacts, now: datetime = NOON) -> None:
    take([outside(now + 5 * MINUTE, SENT)], document, "prometheus", now, PLACES)
    announce(document, contacts, now, everything=False)


def test_an_incoming_alert_has_the_labels_of_the_documents_target(
    document: Design, contacts: Contacts
) -> None:
    _send(document, contacts)

    labels = Alert.objects.get().labels
    assert (labels["target"], labels["instance"], labels["item"]) == ("DB", "db-1", "HighLatency")
    assert labels["label.instance"] == "db-1:9100"
    assert titles()[0] == "■ 異常: db-1:9100 HighLatency 遅い"


def test_announced_maintenance_of_the_target_holds_it_back(document: Design, contacts: Contacts) -> None:
    Maintenance.objects.create(
        author="a", reason="r", targets=["DB"], starts_at=NOON - MINUTE, ends_at=NOON + 60 * MINUTE
    )

    _send(document, contacts)

    assert titles() == []


def test_a_silence_of_the_target_holds_it_back(document: Design, contacts: Contacts) -> None:
    Silence.objects.create(
        author="a",
        reason="r",
        matchers={"target": "DB"},
        starts_at=NOON - MINUTE,
        ends_at=NOON + 60 * MINUTE,
    )

    _send(document, contacts)

    assert titles() == []


def test_what_is_known_to_be_down_is_its_cause(
    document: Design, contacts: Contacts, signal: Callable[..., Signal]
) -> None:
    down = signal(Condition.CRITICAL, key="up", target="DB", item=Metric.UP.value, instance="db-1")
    report([down], NOON)

    _send(document, contacts)

    assert not any("HighLatency" in title for title in titles())
