"""The rows of the matrix say how all their routes are, not how the newest notification went."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from toban.design.clauses.notices import NotificationRule
from toban.design.reader import Design
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.models import Delivery
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.routing.matrix import statuses
from toban.engine.notify.signal import Condition, Signal
from toban.message import plain

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))

type Tell = Callable[[Signal, datetime], list[tuple[str, str]]]
type MakeSignal = Callable[..., Signal]


@pytest.fixture
def critical(document: Design, contacts: Contacts, signal: MakeSignal, tell: Tell) -> Callable[[], Verdict]:
    """Announce something critical by Slack and mail; return what asks for the verdict of that row."""
    assert {to for _, to in tell(signal(Condition.CRITICAL), NOON)} == {
        "ops",
        "mail:manager@example.com",
        "mail:developer@example.com",
    }
    rule = document.of(NotificationRule)[0]

    def verdict() -> Verdict:
        return statuses([rule], contacts, NOON)[0].verdict

    return verdict


def sent(destination: str, state: Delivery.State, error: str = "") -> None:
    found = Delivery.objects.filter(destination__startswith=destination)
    assert found.update(state=state, settled_at=NOON, error=plain(error), attempts=3)


@pytest.mark.parametrize("first", ["ops", "mail"])
def test_a_row_with_two_channels_is_not_green_while_one_of_them_does_not_get_through(
    critical: Callable[[], Verdict], first: str
) -> None:
    other = {"ops": "mail", "mail": "ops"}[first]
    sent(first, Delivery.State.DELIVERED)
    assert critical() is Verdict.CONFORMING

    sent(other, Delivery.State.WAITING, "503")
    assert critical() is Verdict.WARNING

    sent(other, Delivery.State.FAILED, "404")
    assert critical() is Verdict.DEVIATING

    sent(other, Delivery.State.DELIVERED)
    assert critical() is Verdict.CONFORMING


def test_one_recipient_who_gets_nothing_is_not_hidden_by_the_others(critical: Callable[[], Verdict]) -> None:
    sent("", Delivery.State.DELIVERED)

    sent("mail:manager@", Delivery.State.FAILED, "550")

    assert critical() is Verdict.DEVIATING


def test_what_failed_at_a_place_that_the_row_does_not_name_any_more_is_forgotten(
    critical: Callable[[], Verdict],
) -> None:
    sent("", Delivery.State.DELIVERED)
    sent("ops", Delivery.State.FAILED, "404")
    # It is older than the others: the newest notification counts wherever it went.
    assert Delivery.objects.order_by("id").first() == Delivery.objects.get(destination="ops")
    assert critical() is Verdict.DEVIATING

    Delivery.objects.filter(destination="ops").update(destination="former")

    assert critical() is Verdict.CONFORMING
