"""Incidents and the document's notification matrix: who is told, and what proves it."""

import pytest
from tests.integration.chapters.incident.place import BINDINGS, MINUTE, WEB, Place

from toban.chapters.incident import orders
from toban.chapters.incident.orders import Declaration
from toban.design.values.metric import Metric
from toban.engine.notify.deciding import pipeline
from toban.engine.notify.delivery.channel import CHANNEL_KINDS
from toban.engine.notify.models import Announcement, Delivery
from toban.engine.notify.routing.contacts import contacts_of

pytestmark = pytest.mark.django_db

SLACK = '[channels.slack]\nkind = "slack"\nwebhook = "env:SHOP_SLACK"\nchannel = "#monitoring"\n'


@pytest.fixture
def told(place: Place) -> Place:
    return place.take(BINDINGS + SLACK)


def announce(place: Place) -> None:
    """Do what the pipeline's loop does."""
    edition = place.edition
    contacts = contacts_of(edition.bindings, edition.kinds.of(CHANNEL_KINDS), "", edition.design.language)
    pipeline.announce(edition.design, contacts, place.now)


def deliver(place: Place) -> None:
    Delivery.objects.update(state=Delivery.State.DELIVERED, settled_at=place.now)


def steps(place: Place) -> list[int]:
    return list(place.incident().stages.order_by("step").values_list("step", flat=True))


def titles() -> list[str]:
    return [str(each.title) for each in Announcement.objects.order_by("pk")]


def test_the_notice_is_proven_by_its_delivery_and_not_by_being_sent(told: Place) -> None:
    told.fires(WEB, Metric.UP)
    told.look()
    announce(told)
    told.look()
    assert Delivery.objects.exists()
    assert steps(told) == [1]

    told.pass_(MINUTE)
    deliver(told)
    told.look()

    assert steps(told) == [1, 3]
    assert told.incident().stages.get(step=3).at == told.now


def test_what_a_person_declares_is_announced_and_proven_alike(told: Place) -> None:
    incident = orders.declare(Declaration(title="注文できない", level="Critical"), told.order(), told.now)

    announce(told)
    deliver(told)
    told.look()

    (title,) = titles()
    assert f"障害 {incident.pk}(Critical): 注文できない" in title
    assert steps(told) == [1, 3]


def test_an_update_reaches_those_concerned(told: Place) -> None:
    incident = orders.declare(Declaration(title="遅い", level="Medium"), told.order(), told.now)

    orders.tell_update(incident.pk, "原因は DB の負荷", told.order(), told.now)
    announce(told)

    assert any("原因は DB の負荷" in each for each in titles())
    assert {each.condition for each in Announcement.objects.all()} == {"warning"}


def test_a_clock_that_has_run_out_calls_by_the_matrix(told: Place) -> None:
    told.fires(WEB, Metric.UP)
    told.look()

    told.pass_(6 * MINUTE).tell()
    announce(told)

    assert any("対応開始の期限" in each for each in titles())
