"""What makes the loop look at everything: until then it only reads the traces."""

from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries
from tests.integration.engine.notify.conftest import NOON, MakeSignal
from tests.integration.engine.notify.test_on_duty import BINDINGS, CONTACTS, DESIGN, MONDAY

from toban.design.reader import Design, read_design
from toban.engine.notify import alerts
from toban.engine.notify.deciding import traces
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.duty import overrides
from toban.engine.notify.inwards import IncomingAlert, take
from toban.engine.notify.models import Delivery
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.signal import Condition

pytestmark = pytest.mark.django_db

MOMENT = timedelta(seconds=1)
DAILY = "| 情報 (Info) | Slack#monitoring | Slack | 日次まとめ(12:00) |"


class Loop:
    """Looks as the worker's loop does."""

    def __init__(self, design: Design, contacts: Contacts) -> None:
        self.design, self.contacts = design, contacts
        self.last: traces.Traces | None = None

    def looks_at_all(self, now: datetime) -> bool:
        current = traces.read(self.design, self.contacts, now)
        if not traces.asks_for_whole_look(self.last, current):
            return False
        announce(self.design, self.contacts, now, everything=self.last is None)
        self.last = current
        return True

    def settle(self, now: datetime) -> None:
        """Look until there is nothing to look at."""
        while self.looks_at_all(now):
            Delivery.objects.update(state=Delivery.State.DELIVERED, settled_at=now)


@pytest.fixture
def loop(document: Design, contacts: Contacts) -> Loop:
    made = Loop(document, contacts)
    made.settle(NOON)
    return made


def test_all_is_looked_at_first_and_every_few_seconds(loop: Loop) -> None:
    assert not loop.looks_at_all(NOON + traces.WHOLE - MOMENT)
    assert loop.looks_at_all(NOON + traces.WHOLE)


def test_a_clock_that_was_set_back_has_all_looked_at(loop: Loop) -> None:
    assert loop.looks_at_all(NOON - traces.WHOLE)


def test_an_alert_is_announced_at_once_and_again_when_it_is_over(loop: Loop, signal: MakeSignal) -> None:
    alerts.report([signal(Condition.CRITICAL)], NOON, loop.design.digest)
    assert loop.looks_at_all(NOON)
    assert Delivery.objects.count() > 0
    loop.settle(NOON)

    alerts.report([signal(Condition.OK)], NOON + MOMENT, loop.design.digest)
    assert loop.looks_at_all(NOON + MOMENT)


def test_what_is_on_its_way_has_all_looked_at_until_it_has_arrived(loop: Loop, signal: MakeSignal) -> None:
    alerts.report([signal(Condition.WARNING)], NOON, loop.design.digest)
    assert loop.looks_at_all(NOON)
    assert loop.looks_at_all(NOON)
    Delivery.objects.update(state=Delivery.State.DELIVERED, settled_at=NOON)

    assert loop.looks_at_all(NOON), "the row shows that it has arrived"
    assert not loop.looks_at_all(NOON)


def test_an_outside_alert_that_is_not_sent_again_is_judged_at_its_end(loop: Loop) -> None:
    labels = {"alertname": "HighLatency", "instance": "api-1", "severity": "warning"}
    sent = IncomingAlert(labels, {"summary": "遅い"}, NOON, NOON + 3 * MOMENT, "")
    take([sent], loop.design, "prometheus", NOON)
    loop.settle(NOON)

    assert not loop.looks_at_all(NOON + 2 * MOMENT)
    assert loop.looks_at_all(NOON + 3 * MOMENT)


def test_a_hand_over_and_a_deputy_are_told_at_once() -> None:
    loop = Loop(DESIGN, CONTACTS)
    loop.settle(MONDAY - MOMENT)

    assert loop.looks_at_all(MONDAY)
    loop.settle(MONDAY)
    overrides.override(
        "当番",
        "佐久川",
        "通院",
        starts_at=MONDAY + MOMENT,
        ends_at=MONDAY + timedelta(hours=1),
        by="nami",
        now=MONDAY,
        design=DESIGN,
        bindings=BINDINGS,
    )
    loop.settle(MONDAY)
    assert loop.looks_at_all(MONDAY + MOMENT)


def test_a_digest_has_all_looked_at_when_its_time_comes(document_text: str, contacts: Contacts) -> None:
    daily = document_text.replace("| 情報 (Info) | Slack#monitoring | Slack | 即時 |", DAILY)
    loop = Loop(read_design(daily, "運用設計書.md"), contacts)
    loop.settle(NOON - MOMENT)

    assert loop.looks_at_all(NOON)


def test_a_look_in_vain_asks_three_questions(
    loop: Loop, document: Design, contacts: Contacts, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(3):
        traces.read(document, contacts, NOON)
