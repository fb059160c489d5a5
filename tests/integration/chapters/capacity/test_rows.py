"""Every row of chapter 9 as it should be and as it should not, by evidence."""

from datetime import datetime, time, timedelta

import pytest
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from tests.integration.chapters.capacity.place import (
    BINDINGS,
    COUNT_ROW,
    DAY,
    DOCUMENT,
    GB,
    NOON,
    STORAGE_ROW,
    WEB,
    Gauge,
    Place,
)
from tests.registered import PARTS

from toban.chapters.capacity import outlooks
from toban.chapters.capacity.models import Outlook, ResourceReading, ScalingLook
from toban.chapters.capacity.usage import UsageAt, UsageReading, UsageUnknown
from toban.chapters.capacity.usage_sources.group.config import GroupUsage
from toban.chapters.capacity.usage_sources.group.source import GroupSource
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.models import Alert
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.rules import RunReason
from toban.engine.tasks import lists
from toban.engine.tasks import orders as tasks
from toban.engine.tasks.facts import digest_of_facts
from toban.engine.tasks.orders import TaskOrder
from toban.engine.tasks.windows import open_tasks
from toban.faces.values.capacity import shown_groups
from toban.faces.words.runs import because

pytestmark = pytest.mark.django_db

STORAGE = "DBストレージ"
REVIEW, FORECAST = "月次でリソース使用率をレビュー", "トレンド分析により拡張時期を予測"
BY_HAND = "ストレージ使用率70%"


def told(place: Place) -> None:
    place.measure()
    outlooks.look(place.plan, place.telemetry, place.now)
    place.tell()


def grown(place: Place, days: int, *, first: float = 100 * GB, daily: float = GB) -> None:
    """Have the storage's source know this many days."""
    midnight = datetime.combine(NOON.date(), time(12), NOON.tzinfo)
    place.gauges[STORAGE].past = [
        UsageAt(midnight - (days - number) * DAY, first + number * daily) for number in range(days)
    ]


def sign(place: Place, remark: str) -> None:
    (run,) = open_tasks()
    order = TaskOrder(run.pk, place.giver(), place.edition, PARTS)
    facts = lists.facts_of(run, place.edition, PARTS, place.now)
    tasks.sign_off(order, remark, shown=digest_of_facts(run.pk, facts), now=place.now, is_performed=True)


def test_what_is_used_is_measured_and_not_quoted(place: Place) -> None:
    told(place)

    assert place.verdict(STORAGE_ROW) is Verdict.CONFORMING
    assert place.verdict(COUNT_ROW) is Verdict.CONFORMING
    reading = ResourceReading.objects.get(resource=STORAGE)
    assert (reading.used, reading.limit) == (120 * GB, 500 * GB)


def test_a_resource_at_its_share_is_to_be_extended(place: Place) -> None:
    place.gauges["Webサーバー台数"].used = 7

    told(place)

    assert place.verdict(COUNT_ROW) is Verdict.DEVIATING
    assert Alert.objects.filter(clause_id=COUNT_ROW).exists()


def test_people_are_asked_to_extend_storage_and_have_time(place: Place) -> None:
    place.gauges[STORAGE].used = 360 * GB
    told(place)

    told(place)

    (task,) = open_tasks()
    assert task.parameters == {"resource": STORAGE}
    assert place.verdict(STORAGE_ROW) is Verdict.WARNING
    assert place.verdict(place.row(BY_HAND)) is Verdict.NOT_DUE
    facts = lists.facts_of(task, place.edition, PARTS, place.now)
    assert [str(each.label) for each in facts] == [STORAGE]


def test_storage_that_nobody_extends_in_time_deviates(place: Place) -> None:
    place.gauges[STORAGE].used = 360 * GB
    told(place)

    place.pass_(15 * DAY)
    told(place)

    assert place.verdict(STORAGE_ROW) is Verdict.DEVIATING
    assert place.verdict(place.row(BY_HAND)) is Verdict.NOT_PERFORMED


def test_an_extension_that_was_signed_off_keeps_the_row(place: Place) -> None:
    place.gauges[STORAGE].used = 360 * GB
    told(place)
    place.gauges[STORAGE].limit = 500 * GB

    sign(place, "1 TB に拡張した")
    place.gauges[STORAGE].used = 120 * GB
    place.pass_(timedelta(minutes=10))
    told(place)

    assert place.verdict(place.row(BY_HAND)) is Verdict.CONFORMING
    assert place.verdict(STORAGE_ROW) is Verdict.CONFORMING
    assert not open_tasks().exists()


def test_use_that_falls_again_withdraws_the_task(place: Place) -> None:
    place.gauges[STORAGE].used = 360 * GB
    told(place)

    place.gauges[STORAGE].used = 345 * GB
    place.pass_(timedelta(minutes=10))
    told(place)
    assert open_tasks().exists()

    place.gauges[STORAGE].used = 300 * GB
    place.pass_(timedelta(minutes=10))
    told(place)
    assert not open_tasks().exists()
    # Its row is still there.
    withdrawn = Run.objects.get(reason=RunReason.WITHDRAWN)
    assert because(withdrawn, None, place.now) == "不要になった"


def test_a_limit_that_is_another_in_reality_deviates(place: Place) -> None:
    place.gauges[STORAGE].limit = 200 * GB

    told(place)

    assert place.verdict(STORAGE_ROW) is Verdict.DEVIATING
    assert "200 GB" in place.said(STORAGE_ROW)


def test_a_source_that_fails_is_never_green(place: Place) -> None:
    told(place)
    place.gauges[STORAGE].trouble = "the database refuses the password"

    place.pass_(timedelta(hours=1))
    told(place)

    assert place.verdict(STORAGE_ROW) is Verdict.NOT_MEASURABLE
    assert "refuses the password" in place.said(STORAGE_ROW)
    assert place.verdict(COUNT_ROW) is Verdict.CONFORMING


def test_with_fewer_than_28_days_there_is_no_forecast_but_a_date(place: Place) -> None:
    grown(place, 20)

    told(place)

    row = place.row(FORECAST)
    assert place.verdict(row) is Verdict.NOT_DUE
    assert Outlook.objects.get(resource=STORAGE).possible_on == (NOON + 8 * DAY).date()


def test_with_a_past_the_forecast_names_the_day(place: Place) -> None:
    grown(place, 90)
    place.gauges[STORAGE].used = 190 * GB

    told(place)
    told(place)

    outlook = outlooks.outlooks([STORAGE])[STORAGE]
    assert outlook.forecast is not None
    assert place.verdict(place.row(FORECAST)) is Verdict.CONFORMING
    # 100 GB ninety days ago and 1 GB a day: 350 GB are reached 160 days from now.
    on = NOON.date() + 160 * DAY
    assert any(str(on + near * DAY) in place.said(STORAGE_ROW).replace("/", "-") for near in range(-3, 4))


def test_a_forecast_that_nobody_makes_any_more_is_not_performed(place: Place) -> None:
    grown(place, 90)
    told(place)

    place.pass_(3 * DAY)
    place.tell()

    assert place.verdict(place.row(FORECAST)) is Verdict.NOT_PERFORMED


def test_the_past_of_a_source_is_taken_over_once(place: Place) -> None:
    grown(place, 90)
    told(place)
    count = place.telemetry.ask("SELECT count() FROM samples WHERE target = {name:String}", {"name": STORAGE})

    place.pass_(timedelta(minutes=5))
    place.measure()

    more = place.telemetry.ask("SELECT count() FROM samples WHERE target = {name:String}", {"name": STORAGE})
    assert more[0][0] == count[0][0] + 2


def test_a_source_is_opened_again_only_if_the_bindings_are_others(place: Place) -> None:
    place.measure()
    assert place.opened == ["Webサーバー台数", STORAGE]

    place.take(document=DOCUMENT.replace("100GB", "110GB"))
    place.measure()
    assert place.opened == ["Webサーバー台数", STORAGE]

    # Neither table of [resources] says anything else: but a source may look at what [scaling] binds.
    place.take(BINDINGS.replace("\nresource =", "\nmost = 5\nresource ="))
    place.measure()
    assert place.opened == ["Webサーバー台数", STORAGE] * 2


def test_the_monthly_review_is_a_task_with_everything_filled_in(place: Place) -> None:
    grown(place, 90)
    told(place)
    row = place.row(REVIEW)
    assert place.verdict(row) is Verdict.NOT_DUE

    place.pass_(35 * DAY)
    from toban.engine.runs.scheduler import plan_due  # noqa: PLC0415

    plan_due(place.works.values(), place.now)
    told(place)

    (task,) = open_tasks()
    facts = lists.facts_of(task, place.edition, PARTS, place.now)
    assert [str(each.label) for each in facts] == [STORAGE, "Webサーバー台数"]
    sign(place, "")
    place.tell()
    assert place.verdict(row) is Verdict.CONFORMING


def test_a_review_that_nobody_signs_is_not_performed(place: Place) -> None:
    from toban.engine.runs.scheduler import plan_due  # noqa: PLC0415

    place.pass_(35 * DAY)
    plan_due(place.works.values(), place.now)
    place.pass_(40 * DAY)
    told(place)

    assert place.verdict(place.row(REVIEW)) is Verdict.NOT_PERFORMED


def test_more_room_than_the_document_says_is_no_breach(place: Place) -> None:
    place.gauges[STORAGE].limit = 1000 * GB

    told(place)

    assert place.verdict(STORAGE_ROW) is Verdict.CONFORMING
    assert ResourceReading.objects.get(resource=STORAGE).limit == 1000 * GB


def test_a_group_is_counted_by_its_scaler(place: Place) -> None:
    site = place.plan.resources[0].site(place.telemetry)
    source = GroupSource(GroupUsage(group=WEB), site)

    assert source.measure(place.now) == UsageReading(2.0)
    with pytest.raises(UsageUnknown, match=WEB):
        GroupSource(GroupUsage(group="API"), site).measure(place.now)


def test_a_short_gap_is_no_news_and_a_long_one_is(place: Place) -> None:
    place.gauges[STORAGE].trouble = "the database restarts"
    told(place)
    assert not Alert.objects.filter(clause_id=STORAGE_ROW).exists()

    place.pass_(timedelta(minutes=16))
    told(place)

    assert Alert.objects.filter(clause_id=STORAGE_ROW).exists()


def test_from_the_first_reading_on_it_is_known_when_there_will_be_a_forecast(place: Place) -> None:
    told(place)
    told(place)

    outlook = Outlook.objects.get(resource=STORAGE)
    assert outlook.possible_on == (NOON + 28 * DAY).date()
    assert place.verdict(place.row(FORECAST)) is Verdict.NOT_DUE


def test_what_cannot_be_measured_is_not_said_to_be_forecast_one_day(place: Place) -> None:
    for gauge in place.gauges.values():
        gauge.trouble = "no such host"

    told(place)

    assert Outlook.objects.get(resource=STORAGE).possible_on is None
    assert place.verdict(place.row(FORECAST)) is Verdict.NOT_MEASURABLE


def test_what_is_known_is_read_once_however_many_rows_there_are(place: Place) -> None:
    more = [f"DBストレージ{number}" for number in range(3)]
    place.gauges |= {name: Gauge(120 * GB, 500 * GB) for name in more}
    rows = "".join(f"| {name} | 100GB | 500GB | 20% | - |\n" for name in more)
    tables = "".join(f'[resources."{name}"]\nkind = "bytes"\n' for name in more)
    place.take(BINDINGS + tables, DOCUMENT.replace("| DBストレージ |", f"{rows}| DBストレージ |"))
    assert len([each for each in place.plan.tasks if each.startswith("extend/")]) == 4
    told(place)

    with CaptureQueriesContext(connection) as told_of:
        place.tell()
    with CaptureQueriesContext(connection) as shown:
        shown_groups(place.plan)

    assert len(reads(told_of, PlannedWork)) == 1
    assert len(reads(shown, ScalingLook)) == 1
    assert len(reads(shown, Run)) == 1


def reads(asked: CaptureQueriesContext, table: type[Model]) -> list[str]:
    return [each["sql"] for each in asked if f'FROM "{table._meta.db_table}"' in each["sql"]]
