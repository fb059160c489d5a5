"""From due times to runs, with missed ones in the evidence."""

from datetime import timedelta

import pytest
from tests.integration.engine.runs.conftest import NOON, MakeWork

from toban.engine.evidence.models import LedgerEntry
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.rules import CatchUp
from toban.engine.runs.scheduler import plan_due

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)


def states() -> list[tuple[str, str]]:
    return [(f"{run.due_at:%m-%d}", run.reason) for run in Run.objects.order_by("due_at")]


def test_a_new_work_has_no_missed_runs(make_work: MakeWork) -> None:
    plan_due([make_work()], NOON)

    assert states() == []
    assert PlannedWork.objects.get().next_due == NOON + DAY


def test_a_run_is_created_at_the_due_moment_itself(make_work: MakeWork) -> None:
    plan_due([make_work()], NOON - timedelta(hours=1))

    plan_due([make_work()], NOON - MOMENT)
    assert states() == []
    plan_due([make_work()], NOON)
    plan_due([make_work()], NOON + MOMENT)

    assert states() == [("04-01", "on-time")]


def test_each_missed_day_is_evidence_and_the_last_one_is_run(make_work: MakeWork) -> None:
    plan_due([make_work()], NOON - MOMENT)

    plan_due([make_work()], NOON + 2 * DAY + timedelta(hours=1))

    assert states() == [("04-01", "missed"), ("04-02", "missed"), ("04-03", "caught-up")]
    entries = [entry.content for entry in LedgerEntry.objects.order_by("sequence")]
    assert [entry["verdict"] for entry in entries] == ["not-performed"] * 2
    assert entries[0]["due_from"] == "2026-04-01T12:00:00+09:00"


def test_a_clause_that_skips_runs_no_missed_day(make_work: MakeWork) -> None:
    work = make_work(catch_up=CatchUp.SKIP)
    plan_due([work], NOON - MOMENT)

    plan_due([work], NOON + DAY + timedelta(hours=1))

    assert states() == [("04-01", "missed"), ("04-02", "missed")]


def test_after_a_very_long_stop_the_oldest_missed_runs_are_one_counted_entry(make_work: MakeWork) -> None:
    work = make_work(rule="1時間毎", catch_up=CatchUp.SKIP)
    plan_due([work], NOON + MOMENT)

    plan_due([work], NOON + timedelta(hours=1001, minutes=30))

    assert Run.objects.count() == 1000
    first = LedgerEntry.objects.order_by("sequence").values_list("content", flat=True)[0]
    assert (first["count"], LedgerEntry.objects.count()) == (1, 1001)


def test_changing_the_time_in_the_document_creates_no_missed_run(make_work: MakeWork) -> None:
    plan_due([make_work()], NOON - MOMENT)

    plan_due([make_work(rule="日次 11:00")], NOON + timedelta(hours=5))

    assert states() == []


def test_a_clock_set_back_plans_nothing_twice(make_work: MakeWork) -> None:
    plan_due([make_work()], NOON - MOMENT)
    plan_due([make_work()], NOON)

    plan_due([make_work()], NOON - DAY)
    plan_due([make_work()], NOON)

    assert states() == [("04-01", "on-time")]


def test_a_clock_briefly_a_year_ahead_does_not_block_later_runs(
    make_work: MakeWork,
) -> None:
    plan_due([make_work()], NOON - MOMENT)
    plan_due([make_work()], NOON)
    plan_due([make_work()], NOON + 365 * DAY)

    for day in range(3):
        plan_due([make_work()], NOON + day * DAY)
        plan_due([make_work()], NOON + day * DAY + MOMENT)

    assert states()[:3] == [("04-01", "on-time"), ("04-02", "on-time"), ("04-03", "on-time")]
    # The run started under the wrong clock counts for its due time.
    assert Run.objects.latest("due_at").due_at == NOON + 365 * DAY
    assert Run.objects.count() == 4


def test_plans_made_by_a_clock_less_than_a_day_ahead_are_kept(make_work: MakeWork) -> None:
    plan_due([make_work()], NOON + DAY - MOMENT)
    plan_due([make_work()], NOON + DAY)

    plan_due([make_work()], NOON + MOMENT)

    assert PlannedWork.objects.get().planned_until == NOON + DAY


def test_a_work_that_left_the_document_is_no_longer_in_force(make_work: MakeWork) -> None:
    plan_due([make_work()], NOON)

    plan_due([], NOON)

    assert not PlannedWork.objects.get().in_force
