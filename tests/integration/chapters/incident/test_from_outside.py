"""Alerts that others send: they are incidents by the document's rules, and belong to that of their target."""

import pytest
from tests.integration.chapters.incident.place import API, BINDINGS, HOUR, MINUTE, WEB, Place

from toban.chapters.incident import orders, reported
from toban.chapters.incident.models import Incident
from toban.chapters.incident.orders import Declaration
from toban.chapters.incident.reported import UserReport
from toban.design.values.metric import Metric
from toban.engine.notify import inwards
from toban.engine.notify.inwards import IncomingAlert

pytestmark = pytest.mark.django_db


def arrives(place: Place, is_over: bool = False, **labels: str) -> None:
    """Take an alert as a sender posts it, and do what the loop does."""
    named = {"alertname": "CheckoutFails", "severity": "critical", **labels}
    ends_at = place.now if is_over else place.now + HOUR
    sent = IncomingAlert(named, {}, place.now - MINUTE, ends_at, "")
    inwards.take([sent], place.edition.design, "prometheus", place.now)
    place.look()


def reasons(place: Place) -> list[str]:
    return list(place.incident().joined.order_by("pk").values_list("reason", flat=True))


def test_one_of_a_target_joins_what_its_monitors_have_declared(place: Place) -> None:
    place.fires(WEB, Metric.UP)
    place.look()

    arrives(place.pass_(2 * HOUR), instance=WEB)

    assert reasons(place) == ["new", "same-target"]


def test_one_of_a_target_joins_what_people_have_declared_or_reported(place: Place) -> None:
    declared = orders.declare(Declaration(title="遅い", targets=[WEB]), place.order(), place.now)
    report = reported.take(UserReport("注文できない", target=API), place.order(), place.now).incident

    place.pass_(2 * HOUR)
    arrives(place, instance=WEB)
    arrives(place, instance=API)

    assert [declared.joined.count(), report.joined.count(), Incident.objects.count()] == [1, 1, 2]


def test_its_end_is_that_of_the_incident(place: Place) -> None:
    arrives(place, instance="shop-1")
    assert place.incident().recovered_at is None

    arrives(place.pass_(MINUTE), is_over=True, instance="shop-1")

    assert place.incident().recovered_at == place.now


def test_a_warning_is_none_unless_the_bindings_say_so(place: Place) -> None:
    arrives(place, severity="warning", instance="shop-1")
    assert not Incident.objects.exists()

    place.take(f'{BINDINGS}[incidents]\ndeclare_from = "warning"\n').look()
    assert (place.incident().level, place.incident().targets) == ("Low", ["shop-1"])


def test_one_without_a_target_is_about_what_its_rule_is_called(place: Place) -> None:
    arrives(place)
    arrives(place.pass_(HOUR), team="payments")

    assert (place.incident().targets, reasons(place)) == (["CheckoutFails"], ["new", "same-target"])
