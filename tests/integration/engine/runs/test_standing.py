"""The status of works, computed from the tables."""

from datetime import timedelta

import pytest
from tests.integration.engine.runs.claims import taken
from tests.integration.engine.runs.conftest import NOON, MakeWork

from toban.engine.runs.claiming import claim
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.engine.runs.scheduler import plan_due
from toban.engine.runs.standing import WorkStatus, standings
from toban.engine.runs.work import Work
from toban.message import NOTHING

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def done(work: Work, days_ago: int, length: timedelta, **more: object) -> Run:
    due_at = NOON - days_ago * DAY
    return Run.objects.create(
        work=work.key, due_at=due_at, wake_at=due_at, clause_id=work.clause_id, ordered_by="schedule",
        state=Run.State.DONE, reason="succeeded", began_at=due_at, ended_at=due_at + length, **more,
    )  # fmt: skip


def test_a_work_unknown_to_every_worker_has_no_status() -> None:
    assert standings(["B001"], NOON) == {}


def test_the_newest_end_and_the_oldest_open_run_count(make_work: MakeWork) -> None:
    work = make_work()
    plan_due([work], NOON - MINUTE)
    done(work, 2, MINUTE)
    newest = done(work, 1, MINUTE)
    plan_due([work], NOON)
    plan_due([work], NOON + DAY)

    (found,) = standings([work.key], NOON + DAY).values()

    assert found.last == newest
    assert found.current is not None
    assert found.current.due_at == NOON
    assert found.next_due == NOON + 2 * DAY


def test_what_was_not_owed_any_more_is_no_end(make_work: MakeWork) -> None:
    work = make_work()
    plan_due([work], NOON - MINUTE)
    performed = done(work, 2, MINUTE)
    withdrawn = done(work, 1, MINUTE)
    Run.objects.filter(pk=withdrawn.pk).update(state=Run.State.CANCELLED, reason=RunReason.WITHDRAWN)

    assert standings([work.key], NOON)[work.key].last == performed


def test_each_work_has_its_own_status(make_work: MakeWork) -> None:
    works = [make_work(key) for key in ("B001", "B002", "B003")]
    plan_due(works, NOON - MINUTE)
    last = done(works[0], 1, MINUTE)

    found = standings(["B001", "B002"], NOON)

    assert found["B001"].last == last
    assert found["B002"] == WorkStatus(next_due=NOON)
    assert "B003" not in found


def test_the_usual_duration_comes_from_recent_successes_without_retries(make_work: MakeWork) -> None:
    work = make_work()
    plan_due([work], NOON - MINUTE)
    for days_ago in range(1, 6):
        done(work, days_ago, 3 * MINUTE)
    done(work, 6, timedelta(hours=5), failures=1)
    for days_ago in range(20, 60):
        done(work, days_ago, timedelta(hours=9))
    plan_due([work], NOON)
    assert taken({work.key: work}, "a", NOON + MINUTE) is not None

    (found,) = standings([work.key], NOON + MINUTE).values()

    # Of the twenty latest, five took minutes and fifteen took hours.
    assert found.longest_usual == timedelta(hours=18)
    assert found.began_at == NOON + MINUTE


def test_the_running_attempt_counts_and_not_the_waits_before_it(make_work: MakeWork) -> None:
    work = make_work(retry_delays=(30 * MINUTE,))
    plan_due([work], NOON - MINUTE)
    plan_due([work], NOON)
    held = taken({work.key: work}, "a", NOON)
    assert held is not None
    claim.fail(held, work, RunReason.FAILED, NOTHING, NOON + MINUTE)
    assert taken({work.key: work}, "a", NOON + 31 * MINUTE) is not None

    (found,) = standings([work.key], NOON + 32 * MINUTE).values()

    assert found.began_at == NOON + 31 * MINUTE
