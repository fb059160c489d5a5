"""What is broken on purpose is told as that, in every text and to programs."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from toban.design.reader import Design
from toban.engine.notify.alerts import report, tell
from toban.engine.notify.channels.webhook.payload import payload
from toban.engine.notify.deciding.drills import none_among
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.deciding.records import AlertRecord
from toban.engine.notify.delivery.outbox import notice_of
from toban.engine.notify.models import Alert, Delivery
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.signal import Condition, Signal

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))

type MakeSignal = Callable[..., Signal]


def sent() -> dict[str, Any]:
    """Return what a program gets of the newest notification."""
    event: Any = payload(notice_of(Delivery.objects.order_by("-pk")[0]))
    data: dict[str, Any] = event["data"]
    return data


def all_of_them(alerts: Sequence[Alert | AlertRecord]) -> frozenset[int]:
    return frozenset(each.id for each in alerts)


@pytest.mark.parametrize("count", [1, 4])
def test_a_drill_is_called_so_for_people_and_programs(
    document: Design, contacts: Contacts, signal: MakeSignal, count: int
) -> None:
    alerts = [signal(Condition.CRITICAL, NOON, key=str(n), subject=f"API {n}") for n in range(count)]
    report(alerts, NOON)
    announce(document, contacts, NOON, drills=all_of_them)

    data = sent()

    assert data["subject"] == "【訓練】API 0"
    assert "【訓練】API 0" in data["title"]
    assert data["drill"] is True


def test_what_is_real_is_not_called_a_drill(document: Design, contacts: Contacts, signal: MakeSignal) -> None:
    report([signal(Condition.CRITICAL, NOON, key="up", subject="API 死活")], NOON)
    announce(document, contacts, NOON, drills=none_among)

    data = sent()

    assert data["subject"] == "API 死活"
    assert "drill" not in data


def test_only_what_was_measured_is_called_a_measured_value(
    document: Design, contacts: Contacts, signal: MakeSignal
) -> None:
    report([signal(Condition.CRITICAL, NOON, key="cpu", target="DB", item="cpu")], NOON)
    announce(document, contacts, NOON)
    measured = sent()["facts"][0]["label"]
    tell([signal(Condition.CRITICAL, NOON, key="incident/1/level/2", item="incident")], NOON)
    announce(document, contacts, NOON)
    happened = sent()["facts"][0]["label"]
    report([signal(Condition.CRITICAL, NOON, key="incident/1/response", item="incident")], NOON)
    announce(document, contacts, NOON)

    assert (measured, happened, sent()["facts"][0]["label"]) == ("測定値", "内容", "内容")
