"""The rows about levels and the flow, by evidence: each as it should be and as it should not."""

from datetime import datetime, timedelta

import pytest
from tests.integration.chapters.incident.place import (
    API,
    DAY,
    DB,
    FLOW,
    HOUR,
    MINUTE,
    NOON,
    TOKYO,
    WEB,
    Place,
)
from tests.registered import PARTS

from toban.chapters.incident import orders
from toban.chapters.incident.declaring.telling import ITEM
from toban.chapters.incident.models import Incident
from toban.chapters.incident.orders import Declaration
from toban.design.values.metric import Metric
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.models import Alert
from toban.engine.notify.orders import acknowledge
from toban.engine.notify.signal import Condition
from toban.engine.runs.models import Run
from toban.engine.tasks import lists
from toban.engine.tasks.windows import open_tasks

pytestmark = pytest.mark.django_db

TROUBLE = {
    "Critical": (WEB, Metric.UP, True),
    "High": (API, Metric.ERROR_RATE, True),
    "Medium": (DB, Metric.DISK_USAGE, True),
}
RESPOND = {"Critical": 5 * MINUTE, "High": HOUR, "Medium": 4 * HOUR}


def flow(place: Place) -> str:
    assert place.plan.flow is not None
    return place.plan.flow.id


def clocks() -> dict[str, str]:
    found = Alert.objects.filter(resolved_at=None, labels__item=ITEM)
    return {each.key.rpartition("/")[2]: each.condition for each in found}


def test_without_an_incident_every_row_has_had_no_occasion(place: Place) -> None:
    place.tell()

    rows = [*(each.id for each in place.plan.levels), flow(place)]
    assert {place.verdict(row) for row in rows} == {Verdict.NOT_DUE}


@pytest.mark.parametrize("level", TROUBLE)
def test_a_level_is_kept_if_somebody_answers_in_time(place: Place, level: str) -> None:
    alert = place.fires(TROUBLE[level][0], TROUBLE[level][1], is_whole=TROUBLE[level][2])
    place.look()
    place.pass_(RESPOND[level])
    acknowledge(alert.pk, by="ren", now=place.now)
    place.look()

    place.tell()

    assert place.incident().level == level
    assert place.verdict(place.level(level)) is Verdict.CONFORMING
    assert clocks() == {}


@pytest.mark.parametrize("level", TROUBLE)
def test_a_level_deviates_if_nobody_answers_in_time(place: Place, level: str) -> None:
    place.fires(TROUBLE[level][0], TROUBLE[level][1], is_whole=TROUBLE[level][2])
    place.look()

    place.pass_(RESPOND[level] * 0.8).tell()
    assert place.verdict(place.level(level)) is Verdict.WARNING
    assert clocks()["response"] == Condition.WARNING

    place.pass_(RESPOND[level] * 0.2 + MINUTE).tell()
    assert place.verdict(place.level(level)) is Verdict.DEVIATING
    assert clocks()["response"] == Condition.CRITICAL


def reported(place: Place) -> Incident:
    """Have a user report something slight, without any alert."""
    said = Declaration(title="文字化け", level="Low", is_report=True)
    return orders.declare(said, place.order(), place.now)


def test_the_lowest_level_runs_in_business_time_over_a_months_end(place: Place) -> None:
    place.now = datetime(2026, 7, 31, 17, tzinfo=TOKYO)
    incident = reported(place)
    assert incident.respond_by == datetime(2026, 8, 3, 18, tzinfo=TOKYO)

    place.now = datetime(2026, 8, 3, 17, 59, tzinfo=TOKYO)
    place.tell()
    assert place.verdict(place.level("Low")) is Verdict.WARNING

    orders.take(incident.pk, place.order(), place.now)
    place.tell()
    assert place.verdict(place.level("Low")) is Verdict.CONFORMING


def test_the_lowest_level_deviates_after_the_business_day(place: Place) -> None:
    place.now = datetime(2026, 7, 31, 17, tzinfo=TOKYO)
    reported(place)

    place.now = datetime(2026, 8, 3, 18, 1, tzinfo=TOKYO)
    place.tell()

    assert place.verdict(place.level("Low")) is Verdict.DEVIATING


def test_a_late_recovery_stays_until_the_next_incident_of_the_level(place: Place) -> None:
    place.close(place.outage(over=2 * HOUR))
    place.tell()
    assert place.verdict(place.level("Critical")) is Verdict.DEVIATING

    place.pass_(2 * DAY)
    place.close(place.outage())
    place.tell()
    assert place.verdict(place.level("Critical")) is Verdict.CONFORMING


def test_the_overdue_clock_ends_with_the_recovery(place: Place) -> None:
    place.fires(WEB, Metric.UP)
    place.look()
    place.pass_(2 * HOUR).tell()
    assert clocks() == {"response": Condition.CRITICAL, "recovery": Condition.CRITICAL}

    place.ends(WEB, Metric.UP)
    place.look()
    place.tell()

    assert clocks() == {}
    assert place.verdict(place.level("Critical")) is Verdict.DEVIATING


def test_an_incident_about_a_clock_is_no_incident(place: Place) -> None:
    place.fires(WEB, Metric.UP)
    place.look()
    place.pass_(2 * HOUR).tell()

    place.look()

    assert Incident.objects.count() == 1
    assert place.incident().joined.count() == 1


def test_an_edition_in_the_middle_changes_no_clock_that_runs(place: Place) -> None:
    place.fires(WEB, Metric.UP)
    place.look()

    place.take(document=place.document.replace("(1時間以内復旧)", "(10分以内復旧)"))
    place.pass_(20 * MINUTE).look()
    place.tell()

    incident = place.incident()
    assert incident.recover_by == NOON + HOUR

    orders.confirm_level(incident.pk, "Critical", "新しい版の時間に合わせる", place.order(), place.now)
    assert place.incident().recover_by == NOON + 10 * MINUTE


def test_levels_that_the_new_edition_calls_otherwise_leave_the_incident_as_it_is(place: Place) -> None:
    place.fires(WEB, Metric.UP)
    place.look()

    renamed = {"Critical": "SEV-1", "High": "SEV-2", "Medium": "SEV-3", "Low": "SEV-4"}
    document = place.document
    for before, after in renamed.items():
        document = document.replace(f"| {before} |", f"| {after} |")
    place.take(document=document)
    place.pass_(MINUTE).look()
    place.tell()

    assert (place.incident().level, place.incident().recover_by) == ("Critical", NOON + HOUR)
    orders.confirm_level(place.incident().pk, "SEV-2", "DB は生きている", place.order(), place.now)
    assert place.incident().recover_by == NOON + 4 * HOUR


def test_the_flow_is_gone_through_by_evidence_and_signatures(place: Place) -> None:
    incident = place.outage()
    place.tell()
    assert place.verdict(flow(place)) is Verdict.CONFORMING
    for step in (2, 3, 4, 6):
        orders.finish_stage(incident.pk, step, "確認した", place.order(), place.now)

    place.close(incident)
    place.tell()

    assert place.verdict(flow(place)) is Verdict.CONFORMING
    assert "すべての手順" in place.said(flow(place))


def test_a_step_that_nobody_took_shows(place: Place) -> None:
    place.close(place.outage())

    place.tell()

    assert place.verdict(flow(place)) is Verdict.DEVIATING
    assert "原因調査" in place.said(flow(place))


def test_what_was_closed_is_judged_by_the_flow_of_its_own_time(place: Place) -> None:
    incident = place.outage()
    for step in (2, 3, 4, 6):
        orders.finish_stage(incident.pk, step, "確認した", place.order(), place.now)
    place.close(incident)

    place.take(document=place.document.replace("4. 原因調査", "4. ログの保全\n5. 原因の特定"))
    place.tell()

    assert place.verdict(flow(place)) is Verdict.CONFORMING


def test_report_and_measures_are_owed_in_business_days_as_tasks(place: Place) -> None:
    incident = place.outage()

    place.tell()

    due = datetime(2026, 12, 2, 18, tzinfo=TOKYO)
    assert {(run.work, run.due_until) for run in open_tasks()} == {
        ("incident/report", due),
        ("incident/measures", due),
    }
    run = open_tasks().filter(work="incident/report").get()
    facts = lists.facts_of(run, place.edition, PARTS, place.now)
    assert [each.is_exception for each in facts] == [False, False, False, True, True, False]
    assert incident.pk == int(run.parameters["incident"])


def test_the_approved_report_and_a_measure_end_the_tasks(place: Place) -> None:
    incident = place.outage()
    place.tell()

    place.approve_report(incident)
    place.name_measure(incident)
    place.pass_(HOUR).tell()

    assert not open_tasks().exists()
    assert {run.state for run in Run.objects.all()} == {Run.State.DONE}
    place.pass_(30 * DAY).tell()
    assert place.verdict(flow(place)) is Verdict.CONFORMING


def test_a_report_that_nobody_writes_is_not_performed(place: Place) -> None:
    place.outage()
    place.tell()

    place.pass_(14 * DAY).tell()

    assert place.verdict(flow(place)) is Verdict.NOT_PERFORMED
    assert Alert.objects.filter(key=f"{flow(place)}/task", resolved_at=None).exists()


def test_an_incident_that_is_not_over_after_all_owes_nothing_yet(place: Place) -> None:
    place.outage()
    place.tell()
    assert open_tasks().count() == 2

    place.pass_(MINUTE).fires(WEB, Metric.UP)
    place.look()
    place.tell()
    assert not open_tasks().exists()

    place.pass_(MINUTE).ends(WEB, Metric.UP)
    place.look()
    place.tell()
    assert open_tasks().count() == 2


def test_a_flow_without_a_report_owes_none(place: Place) -> None:
    place.take(document=place.document.replace(FLOW, FLOW.replace("7. 報告書作成", "7. 片付け")))
    place.outage()

    place.tell()

    assert [run.work for run in open_tasks()] == ["incident/measures"]


def test_nobody_told_of_for_long_reminds_the_commander_once_each_time(place: Place) -> None:
    def reminders() -> int:
        return Alert.objects.filter(key__contains="/reminder/").count()

    place.fires(WEB, Metric.UP)
    place.look()
    place.pass_(31 * MINUTE).tell()
    place.pass_(MINUTE).tell()
    assert reminders() == 1
    place.pass_(30 * MINUTE).tell()
    assert reminders() == 2

    orders.tell_update(place.incident().pk, "DB を切り替え中", place.order(), place.now)
    place.pass_(20 * MINUTE).tell()
    assert reminders() == 2


def test_a_notification_that_never_arrives_holds_nothing_up(place: Place) -> None:
    """No channel is bound: as if Slack were away throughout."""
    incident = place.outage()
    orders.finish_stage(incident.pk, 3, "電話で連絡した", place.order(), place.now)

    closed = place.close(incident)

    assert closed.closed_at == place.now
    assert closed.stages.get(words__startswith="関係者通知").by == "nami"


def test_a_level_that_promises_nothing_is_only_declared(place: Place) -> None:
    place.take(document=place.document.replace("4時間以内対応", "-"))

    rows = place.plan.rows

    assert "Medium" not in [each.name for each in place.plan.limited]
    assert rows[place.level("Medium")]


def test_a_clock_is_told_of_once(place: Place) -> None:
    place.fires(WEB, Metric.UP)
    place.look()
    place.pass_(6 * MINUTE).tell()
    before = Alert.objects.get(key__endswith="/response").changed_at

    place.pass_(timedelta(seconds=5)).tell()

    assert Alert.objects.get(key__endswith="/response").changed_at == before
