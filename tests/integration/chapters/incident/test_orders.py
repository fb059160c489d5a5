"""What people order about incidents, and what is refused with a way out."""

from collections.abc import Callable

import pytest
from tests.integration.chapters.incident.place import API, DB, HOUR, MINUTE, NOON, SECOND, WEB, Place

from toban.chapters.incident import orders
from toban.chapters.incident.models import Incident
from toban.chapters.incident.orders import Declaration
from toban.design.values.metric import Metric
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Condition
from toban.engine.orders import NotPossible

pytestmark = pytest.mark.django_db


def down(place: Place, target: str = WEB) -> Incident:
    place.fires(target, Metric.UP)
    place.look()
    return Incident.objects.latest("pk")


def refused(act: Callable[[], object]) -> tuple[str, bool]:
    """Return why *act* is refused, and whether a way out is said."""
    with pytest.raises(NotPossible) as told:
        act()
    return told.value.said.code, bool(told.value.hint)


def test_a_person_declares_and_those_concerned_are_told(place: Place) -> None:
    incident = orders.declare(
        Declaration(title="注文できない", level="High", targets=(API,)), place.order(), place.now
    )

    assert (incident.origin, incident.level, incident.targets) == ("person", "High", [API])
    assert incident.respond_by == NOON + HOUR
    assert incident.confirmed_by == "nami"
    assert Alert.objects.get(key=f"incident/{incident.pk}/declared").condition == Condition.CRITICAL


def test_an_alert_of_the_target_joins_what_a_person_declared(place: Place) -> None:
    orders.declare(Declaration(title="注文できない", level="High", targets=(API,)), place.order(), place.now)

    place.pass_(MINUTE).fires(API, Metric.ERROR_RATE)
    place.look()

    assert place.incident().joined.count() == 1
    assert place.incident().level == "High"


def test_a_user_who_cannot_tell_the_level_reports_something_slight(place: Place) -> None:
    incident = orders.declare(Declaration(title="遅い気がする", is_report=True), place.order(), place.now)

    assert (incident.origin, incident.level, incident.confirmed_at) == ("report", "Low", None)


def test_an_incident_is_declared_from_a_warning(place: Place) -> None:
    alert = place.fires(WEB, Metric.CPU_USAGE, Condition.WARNING)
    place.pass_(MINUTE)

    incident = orders.declare(
        Declaration(title="CPU が高い", level="Medium", alerts=(alert.pk,)), place.order(), place.now
    )

    assert (incident.detected_at, incident.targets) == (NOON, [WEB])
    again = Declaration(title="もう一度", alerts=(alert.pk,))
    assert refused(lambda: orders.declare(again, place.order(), place.now)) == (
        "incident.alert-belongs",
        True,
    )


def test_whoever_takes_it_leads_and_its_alerts_are_acknowledged(place: Place) -> None:
    incident = down(place)

    place.pass_(MINUTE)
    orders.take(incident.pk, place.order("ren"), place.now)

    taken = place.incident()
    assert (taken.commander, taken.responded_by, taken.responded_at) == ("ren", "ren", place.now)
    assert Alert.objects.get(incident_link__incident=taken).acknowledged_by == "ren"
    assert refused(lambda: orders.take(incident.pk, place.order(), place.now)) == ("incident.is-taken", True)


def test_a_confirmed_level_is_only_proposed_to(place: Place) -> None:
    place.fires(API, Metric.ERROR_RATE)
    place.look()
    orders.confirm_level(place.incident().pk, "Medium", "検索だけが遅い", place.order(), place.now)

    place.pass_(MINUTE).fires(DB, Metric.UP)
    place.look()

    incident = place.incident()
    assert (incident.level, incident.proposed) == ("Medium", "Critical")
    assert [each.by for each in incident.levels.order_by("pk")] == ["", "nami"]


def test_another_level_wants_a_reason_and_the_same_one_does_not(place: Place) -> None:
    incident = down(place)

    orders.confirm_level(incident.pk, "Critical", "", place.order(), place.now)
    assert place.incident().confirmed_by == "nami"
    assert refused(lambda: orders.confirm_level(incident.pk, "Low", " ", place.order(), place.now)) == (
        "incident.reason-missing",
        True,
    )
    assert refused(lambda: orders.confirm_level(incident.pk, "P9", "x", place.order(), place.now)) == (
        "incident.no-such-level",
        True,
    )


def test_merging_takes_the_earlier_detection_and_the_graver_level(place: Place) -> None:
    place.fires(API, Metric.ERROR_RATE)
    place.look()
    place.pass_(HOUR)
    later = down(place)
    first = Incident.objects.exclude(pk=later.pk).get()

    whole = orders.merge(first.pk, later.pk, place.order(), place.now)
    place.look()

    merged = Incident.objects.get(pk=whole.pk)
    assert (merged.level, merged.detected_at, merged.recover_by) == ("Critical", NOON, NOON + HOUR)
    assert set(merged.targets) == {API, WEB}
    assert merged.joined.count() == 2
    assert refused(lambda: orders.take(first.pk, place.order(), place.now))[0] == "incident.is-merged"
    assert refused(lambda: orders.merge(later.pk, later.pk, place.order(), place.now))[0] == (
        "incident.same-incident"
    )


def test_a_merged_incident_is_over_when_all_its_alerts_are(place: Place) -> None:
    place.fires(API, Metric.ERROR_RATE)
    place.look()
    place.pass_(HOUR)
    later = down(place)
    first = Incident.objects.exclude(pk=later.pk).get()
    orders.merge(later.pk, first.pk, place.order(), place.now)
    assert (place.incident().level, place.incident().recover_by) == ("Critical", NOON + HOUR)

    place.ends(API, Metric.ERROR_RATE)
    place.look()
    assert place.incident().recovered_at is None

    place.ends(WEB, Metric.UP)
    place.look()
    assert place.incident().recovered_at == place.now


def test_alerts_are_split_off(place: Place) -> None:
    down(place)
    other = place.pass_(MINUTE).fires(API, Metric.ERROR_RATE)
    place.look()
    incident = place.incident()

    made = orders.split(incident.pk, [other.pk], "", place.order(), place.now)

    assert (made.level, made.targets, made.detected_at) == ("High", [API], NOON + MINUTE)
    incident.refresh_from_db()
    assert (incident.targets, incident.joined.count()) == ([WEB], 1)
    assert refused(lambda: orders.split(made.pk, [other.pk], "", place.order(), place.now)) == (
        "incident.nothing-would-remain",
        True,
    )
    place.pass_(SECOND).look()
    assert made.joined.count() == 1


def test_commander_and_scribe_are_accounts_and_are_told(place: Place) -> None:
    incident = down(place)

    orders.set_people(incident.pk, place.order(), place.now, commander="ren", scribe="nami")

    changed = place.incident()
    assert (changed.commander, changed.scribe) == ("ren", "nami")
    told = Alert.objects.get(key__contains="/commander/")
    assert (told.people, told.condition) == (["開発担当者"], Condition.INFO)
    assert refused(lambda: orders.set_people(incident.pk, place.order(), place.now, commander="nobody")) == (
        "approvals.account-inactive",
        True,
    )


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (2, "incident.step-is-done"),
        (1, "incident.step-by-evidence"),
        (7, "incident.step-by-evidence"),
        (9, "incident.no-such-step"),
    ],
)
def test_a_step_is_signed_once_and_not_where_evidence_proves_it(place: Place, step: int, code: str) -> None:
    incident = down(place)

    orders.finish_stage(incident.pk, 2, "DB は正常", place.order(), place.now)

    assert refused(lambda: orders.finish_stage(incident.pk, step, "x", place.order(), place.now))[0] == code
    assert refused(lambda: orders.finish_stage(incident.pk, 4, "", place.order(), place.now))[0] == (
        "incident.note-missing"
    )


def test_only_what_nothing_measures_is_said_to_be_over(place: Place) -> None:
    measured = down(place)
    assert refused(lambda: orders.say_recovered(measured.pk, place.order(), place.now)) == (
        "incident.is-measured",
        True,
    )

    report = orders.declare(Declaration(title="文字化け", is_report=True), place.order(), place.now)
    place.pass_(HOUR)
    orders.say_recovered(report.pk, place.order(), place.now, at=NOON + MINUTE)
    place.look()

    report.refresh_from_db()
    assert report.recovered_at == NOON + MINUTE


def test_the_status_page_shows_what_was_written_for_it(place: Place) -> None:
    incident = down(place)

    orders.publish(incident.pk, "復旧作業中です", place.order(), place.now, is_shown=True)
    assert (place.incident().is_public, place.incident().public_note) == (True, "復旧作業中です")

    orders.publish(incident.pk, "", place.order(), place.now, is_shown=False)
    assert not place.incident().is_public

    Incident.objects.update(is_drill=True)
    assert refused(lambda: orders.publish(incident.pk, "訓練", place.order(), place.now, is_shown=True)) == (
        "incident.drills-are-not-shown",
        False,
    )


def test_closing_says_what_is_missing_until_nothing_is(place: Place) -> None:
    def why() -> str:
        code, has_hint = refused(lambda: orders.close(Incident.objects.get().pk, place.order(), place.now))
        assert has_hint
        return code

    down(place)
    assert why() == "incident.not-recovered"
    place.ends(WEB, Metric.UP)
    place.look()
    assert why() == "incident.no-approved-report"
    place.approve_report(place.incident())
    assert why() == "incident.no-measures"
    measure = place.name_measure(place.incident())
    assert why() == "incident.measures-not-kept"
    measure.kept_at = place.now
    measure.save()

    closed = orders.close(place.incident().pk, place.order(), place.now)

    assert (closed.closed_by, place.acts()[-1]) == ("nami", "incident-closed")
    assert refused(lambda: orders.take(closed.pk, place.order(), place.now)) == ("incident.is-closed", True)


def test_a_game_day_closes_without_report_and_measures(place: Place) -> None:
    incident = place.outage()
    Incident.objects.update(is_drill=True)

    assert orders.close(incident.pk, place.order(), place.now).closed_at is not None


def test_a_viewer_gives_no_order(place: Place) -> None:
    incident = down(place)

    assert refused(lambda: orders.take(incident.pk, place.order("miru"), place.now)) == (
        "incident.viewers-only-look",
        True,
    )


def test_an_incident_that_is_not_there(place: Place) -> None:
    assert refused(lambda: orders.take(99, place.order(), place.now)) == ("incident.no-such-incident", True)
