"""Alerts become incidents with running clocks, join them, and end them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.integration.chapters.incident.place import API, DAY, DB, HOUR, MINUTE, NOON, SECOND, WEB, Place

from toban.chapters.incident.declaring import declare
from toban.chapters.incident.declaring.records import times_of
from toban.chapters.incident.models import Incident, IncidentAlert
from toban.design.values.metric import Metric
from toban.engine.notify import inwards, orders
from toban.engine.notify.inwards import IncomingAlert
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import BECAUSE, Condition

SOURCE = 'sources = [{ kind = "tcp", address = "127.0.0.1:9" }]\n'
pytestmark = pytest.mark.django_db


def test_an_alert_becomes_an_incident_with_running_clocks(place: Place) -> None:
    place.fires(WEB, Metric.UP)

    place.pass_(SECOND).look()

    incident = place.incident()
    assert (incident.level, incident.clause_id) == ("Critical", place.level("Critical"))
    assert incident.detected_at == NOON
    assert incident.respond_by == NOON + 5 * MINUTE
    assert incident.recover_by == NOON + HOUR
    assert str(incident.why) == "Webサーバー がすべて停止しています"
    assert place.acts() == ["incident-declared", "incident-stage"]


def test_looking_again_changes_nothing(place: Place) -> None:
    place.fires(WEB, Metric.UP)
    place.look()
    before = place.acts()

    place.pass_(MINUTE).look()

    assert place.acts() == before
    assert Incident.objects.count() == 1


def test_a_second_alert_of_the_target_joins_and_both_end_it(place: Place) -> None:
    place.fires(WEB, Metric.CPU_USAGE, is_whole=False, instance="web-1")
    place.look()
    place.pass_(2 * HOUR).fires(WEB, Metric.CPU_USAGE, Condition.WARNING, instance="web-2")
    place.look()
    assert IncidentAlert.objects.filter(incident=place.incident()).count() == 2

    place.pass_(MINUTE).ends(WEB, Metric.CPU_USAGE, instance="web-1")
    place.look()
    assert place.incident().recovered_at is None

    place.pass_(MINUTE).ends(WEB, Metric.CPU_USAGE, instance="web-2")
    over = place.now
    place.pass_(SECOND).look()
    assert place.incident().recovered_at == over


def test_a_graver_alert_raises_the_level_and_its_clocks_count_from_the_detection(place: Place) -> None:
    place.fires(API, Metric.ERROR_RATE)
    place.look()
    assert place.incident().level == "High"

    place.pass_(20 * MINUTE).fires(DB, Metric.UP)
    place.look()

    incident = place.incident()
    assert incident.level == "Critical"
    assert incident.recover_by == NOON + HOUR
    assert [each.level for each in incident.levels.order_by("pk")] == ["High", "Critical"]
    told = Alert.objects.get(key__startswith=f"incident/{incident.pk}/level/")
    assert told.labels[BECAUSE] == Alert.objects.get(labels__target=DB).key


def test_an_incident_of_one_instance_is_named_after_the_whole_target_when_all_of_it_is_down(
    place: Place,
) -> None:
    place.fires(WEB, Metric.UP, is_whole=False, instance="web-1")
    place.look()
    assert "すべて" not in str(place.incident().title)

    place.pass_(MINUTE).fires(WEB, Metric.UP, instance="web-2")
    place.look()

    assert str(place.incident().title) == "Webサーバー がすべて停止しています"


def test_trouble_elsewhere_long_after_is_another_incident(place: Place) -> None:
    place.fires(API, Metric.ERROR_RATE)
    place.look()

    place.pass_(31 * MINUTE).fires(DB, Metric.UP)
    place.look()

    assert [each.targets for each in Incident.objects.order_by("pk")] == [[API], [DB]]


def test_what_has_refused_every_connection_is_down(place: Place) -> None:
    place.fires(API, Metric.RESPONSE_TIME, Condition.NO_DATA, is_unreachable=True)

    place.look()

    assert place.incident().level == "Critical"


@pytest.mark.parametrize("condition", [Condition.WARNING, Condition.NO_DATA, Condition.INFO])
def test_what_is_not_critical_is_no_incident(place: Place, condition: Condition) -> None:
    place.fires(WEB, Metric.CPU_USAGE, condition)

    place.look()

    assert not Incident.objects.exists()


def test_a_company_may_declare_from_warnings(place: Place) -> None:
    place.take(place.bindings + '[incidents]\ndeclare_from = "warning"\n')
    place.fires(WEB, Metric.CPU_USAGE, Condition.WARNING)

    place.look()

    assert place.incident().level == "Low"


def test_a_warning_that_becomes_critical_is_an_incident_from_then(place: Place) -> None:
    place.fires(WEB, Metric.CPU_USAGE, Condition.WARNING)
    place.look()
    place.pass_(5 * HOUR).fires(WEB, Metric.CPU_USAGE)

    place.look()

    assert place.incident().detected_at == NOON + 5 * HOUR


def test_planned_maintenance_is_no_incident_until_it_ends(place: Place) -> None:
    orders.announce_maintenance(
        [WEB], "ディスク交換", starts_at=NOON - HOUR, ends_at=NOON + HOUR, by="nami", now=NOON - HOUR
    )
    place.fires(WEB, Metric.UP)
    place.look()
    assert not Incident.objects.exists()

    place.pass_(HOUR).look()

    assert place.incident().detected_at == NOON + HOUR


def test_what_ends_within_maintenance_was_no_incident(place: Place) -> None:
    orders.announce_maintenance(
        [], "停電点検", starts_at=NOON - HOUR, ends_at=NOON + HOUR, by="nami", now=NOON - HOUR
    )
    place.fires(WEB, Metric.UP)
    place.pass_(MINUTE).ends(WEB, Metric.UP)

    place.pass_(2 * HOUR).look()

    assert not Incident.objects.exists()


def test_a_silenced_alert_is_no_incident_until_the_silence_ends(place: Place) -> None:
    orders.silence({"target": WEB}, "検証中", ends_at=NOON + HOUR, by="nami", now=NOON - MINUTE)
    place.fires(WEB, Metric.UP)
    place.look()
    assert not Incident.objects.exists()

    place.pass_(HOUR).look()

    assert place.incident().detected_at == NOON + HOUR


def test_what_another_alert_causes_joins_its_incident_and_is_none_of_its_own(place: Place) -> None:
    place.take(place.bindings + f'[targets."{WEB}"]\nruns_on = "{DB}"\n{SOURCE}')
    place.fires(DB, Metric.UP)
    place.look()

    place.pass_(2 * HOUR).fires(WEB, Metric.CPU_USAGE)
    place.look()

    assert set(place.incident().targets) == {DB, WEB}
    assert list(place.incident().joined.order_by("pk").values_list("reason", flat=True)) == [
        "new",
        "by-cause",
    ]


def test_alerts_from_outside_are_incidents_too(place: Place) -> None:
    sent = IncomingAlert(
        {"alertname": "CheckoutFails", "severity": "critical", "instance": "shop-1"},
        {}, place.now, place.now + HOUR, "",
    )  # fmt: skip
    inwards.take([sent], place.edition.design, "prometheus", place.now)

    place.look()

    assert (place.incident().level, place.incident().targets) == ("Medium", ["shop-1"])


def test_an_alert_that_comes_back_soon_reopens_its_incident(place: Place) -> None:
    place.fires(WEB, Metric.UP)
    place.look()
    place.pass_(10 * MINUTE).ends(WEB, Metric.UP)
    place.look()
    assert place.incident().recovered_at is not None
    place.pass_(SECOND).look()
    assert place.incident().stages.filter(words__startswith="暫定対応").exists()

    place.pass_(10 * MINUTE).fires(WEB, Metric.UP)
    place.look()

    assert place.incident().recovered_at is None
    assert place.acts()[-1] == "incident-reopened"
    assert not place.incident().stages.filter(words__startswith="暫定対応").exists()


def test_the_same_row_days_later_is_a_recurrence(place: Place) -> None:
    place.fires(WEB, Metric.UP)
    place.look()
    place.pass_(10 * MINUTE).ends(WEB, Metric.UP)
    place.look()
    first = place.incident()

    place.pass_(3 * DAY).fires(WEB, Metric.UP)
    place.look()

    again = Incident.objects.latest("pk")
    assert again.recurs == first


def test_after_the_time_in_which_a_measure_is_watched_it_is_none(place: Place) -> None:
    place.fires(WEB, Metric.UP)
    place.look()
    place.pass_(10 * MINUTE).ends(WEB, Metric.UP)
    place.look()

    place.pass_(91 * DAY).fires(WEB, Metric.UP)
    place.look()

    assert Incident.objects.latest("pk").recurs is None


def test_acknowledging_an_alert_answers_its_incident(place: Place) -> None:
    alert = place.fires(WEB, Metric.UP)
    place.look()

    place.pass_(3 * MINUTE)
    orders.acknowledge(alert.pk, by="ren", now=place.now)
    place.look()

    incident = place.incident()
    assert (incident.responded_at, incident.responded_by) == (place.now, "ren")
    assert times_of(incident).response(place.now).took == timedelta(minutes=3)


def test_a_row_that_leaves_the_document_is_no_recovery(place: Place) -> None:
    from toban.engine.notify.alerts import withdraw  # noqa: PLC0415

    place.fires(WEB, Metric.UP)
    place.look()

    place.pass_(MINUTE)
    withdraw([], place.now)
    place.look()

    assert place.incident().recovered_at is None


def test_200_alerts_are_one_incident_in_hardly_more_queries_than_2(place: Place) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            place.look()
        return len(seen)

    place.fires(WEB, Metric.CPU_USAGE, instance="web-0", is_whole=False)
    place.look()
    place.pass_(SECOND).fires(WEB, Metric.CPU_USAGE, instance="web-1", is_whole=False)
    one = queries()
    idle = queries()
    for number in range(2, 200):
        place.fires(WEB, Metric.CPU_USAGE, instance=f"web-{number}", is_whole=False)
    many = queries()

    assert place.incident().joined.count() == 200
    assert many <= one + 4
    assert queries() <= idle


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_while_it_declares_leaves_nothing_half_done(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_arguments: object, **_more: object) -> None:
        raise KeyboardInterrupt

    place.fires(WEB, Metric.UP)
    with monkeypatch.context() as patched:
        patched.setattr(declare, "_join", dies)
        with pytest.raises(KeyboardInterrupt):
            place.look()
    assert not Incident.objects.exists()
    assert place.acts() == []

    place.look()

    assert place.incident().joined.count() == 1
    assert place.acts().count("incident-declared") == 1
