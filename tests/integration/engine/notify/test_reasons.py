"""Alerts are found and counted by the code of what was said about them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.integration.engine.notify.conftest import NOON, MakeSignal

from toban.engine.notify import orders
from toban.engine.notify.alerts import report
from toban.engine.notify.delivery import attempts
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.delivery.outbox import NOTICES
from toban.engine.notify.models import Alert
from toban.engine.notify.reasons import counted, with_reason
from toban.engine.notify.signal import Condition, Signal
from toban.message import Message

pytestmark = pytest.mark.django_db

type Tell = Callable[[Signal, Any], list[tuple[str, str]]]


def keys(code: str) -> list[str]:
    return sorted(with_reason(Alert.objects.all(), code).values_list("key", flat=True))


def test_alerts_are_found_by_why_nobody_was_notified(signal: MakeSignal, tell: Tell) -> None:
    orders.silence({"instance": "db-1"}, "増設中", ends_at=NOON + timedelta(hours=1), by="nami", now=NOON)
    tell(signal(Condition.CRITICAL, key="quiet"), NOON)
    tell(signal(Condition.CRITICAL, key="loud", target="DB", instance="db-2"), NOON)

    assert keys("notify.reason-silenced") == ["quiet"]
    assert keys("notify.reason-first") == ["loud"]
    assert keys("notify.reason-muted") == []


def test_alerts_are_found_by_why_nothing_was_measured_or_delivered(
    signal: MakeSignal, tell: Tell, channel: Any
) -> None:
    tell(signal(Condition.CRITICAL, key="told"), NOON)
    late = Message("notify.because", why=Message("notify.unreachable", channel="Slack"), more="x")
    channel.failures = [Undelivered(late, retry=False)]
    attempts.deliver_due(NOTICES, "ops", channel, clock=lambda: NOON)
    Alert.objects.filter(key="told").update(value=Message("notify.outside-unsent"))

    assert keys("notify.unreachable") == ["told"]
    assert keys("notify.outside-unsent") == ["told"]


def test_reasons_are_counted_by_alert_and_texts_from_elsewhere_are_not(
    signal: MakeSignal, tell: Tell
) -> None:
    orders.silence({"target": "DB"}, "増設中", ends_at=NOON + timedelta(hours=1), by="nami", now=NOON)
    for number in range(3):
        report([signal(Condition.CRITICAL, key=str(number))], NOON)
    tell(signal(Condition.NO_DATA, key="gone"), NOON)

    found = counted(Alert.objects.filter(resolved_at=None))

    assert [(each.code, each.alerts) for each in found] == [("notify.reason-silenced", 4)]
    assert str(found[0].said) == "ミュート中です。終了時に継続中なら通知します"
