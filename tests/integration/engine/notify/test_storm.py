"""Ten thousand alerts at once: few messages, nothing lost, and the pipeline copes."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from toban.design.reader import Design
from toban.engine.notify.alerts import report
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.delivery import attempts
from toban.engine.notify.delivery.outbox import NOTICES
from toban.engine.notify.models import Alert, Announcement, Delivery
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.signal import Condition, Signal

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NOON = datetime(2026, 4, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
SECOND = timedelta(seconds=1)
MANY = 10_000


def _same(now: datetime) -> datetime:
    return now


@pytest.mark.parametrize("arrives_in", [1, 10], ids=["at once", "over ten seconds"])
def test_ten_thousand_alerts_are_sent_in_few_messages_and_none_is_left_out(
    signal: Callable[..., Signal], document: Design, contacts: Contacts, channel: Any, arrives_in: int
) -> None:
    storm = [signal(Condition.CRITICAL, key=f"web-{n}", target=f"web-{n}", item="cpu") for n in range(MANY)]
    part, began = MANY // arrives_in, time.monotonic()
    looked_until = began

    for turn in range(40):
        now = NOON + turn * SECOND
        if turn < arrives_in:
            report(storm[turn * part : (turn + 1) * part], now, document.digest)
        announce(document, contacts, now, everything=turn == 0)
        if turn < arrives_in:
            looked_until = time.monotonic()
        for name, most in (("ops", 1), ("mail", 10)):
            attempts.deliver_due(
                NOTICES, name, channel, clock=partial(_same, now), most=most, jitter=lambda: 0.0
            )

    messages = len(channel.sent)
    told = {
        place: Alert.objects.filter(told_in__deliveries__destination=place).distinct().count()
        for place in Delivery.objects.values_list("destination", flat=True).distinct()
    }
    figures = f"{messages} messages, {Announcement.objects.count()} notices, {told}"
    took = looked_until - began
    # The purpose of the slow run.
    print(f"{MANY} alerts in {arrives_in} s, {took:.1f} s of work until all waited to be sent: {figures}")  # noqa: T201
    assert messages <= 30
    assert set(told.values()) == {MANY}
    assert not Delivery.objects.exclude(state=Delivery.State.DELIVERED).exists()
