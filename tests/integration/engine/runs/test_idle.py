"""A worker that has nothing to do asks little, and is there when something is due."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.integration.engine.runs.conftest import NOON, MakeWork

from toban.engine.runs.models import Run
from toban.engine.runs.scheduler import first_moment, plan_due
from toban.engine.runs.service import Runs

pytestmark = pytest.mark.django_db(transaction=True)

SECOND = timedelta(seconds=1)


class Idle:
    """A worker with a daily work and no place to do it, at a time that the test sets."""

    def __init__(self, make_work: MakeWork) -> None:
        self.now = NOON - 30 * SECOND
        self.runs = Runs("here", lambda: self.now, most=0)
        self.runs.adopt({"B001": make_work()})
        self.runs.step()


@pytest.fixture
def idle(make_work: MakeWork) -> Iterator[Idle]:
    made = Idle(make_work)
    yield made
    made.runs.close()


def questions(idle: Idle, seconds: float) -> int:
    """Return how many questions to its tables a worker asks within *seconds*."""
    until = time.monotonic() + seconds
    with CaptureQueriesContext(connection) as asked:
        while time.monotonic() < until:
            idle.runs.step()
    return sum("PRAGMA" not in each["sql"] for each in asked.captured_queries)


def test_a_worker_without_anything_to_do_asks_about_three_questions_a_second(idle: Idle) -> None:
    questions(idle, 1)

    assert 0 < questions(idle, 4) <= 16


def test_a_worker_that_asked_in_vain_finds_what_is_due_then(idle: Idle) -> None:
    questions(idle, 1)
    assert not Run.objects.exists()

    idle.now = NOON
    questions(idle, 2)

    assert Run.objects.get().due_at == NOON


def moment(work_due: datetime, run_due: datetime | None, make_work: MakeWork) -> datetime | None:
    plan_due([make_work()], work_due - SECOND)
    if run_due is not None:
        Run.objects.create(work="B002", due_at=run_due, reason="retrying", wake_at=run_due)
    return first_moment()


@pytest.mark.parametrize("run_due", [None, NOON - SECOND, NOON + SECOND])
def test_the_first_moment_is_a_due_time_or_an_attempt(run_due: datetime | None, make_work: MakeWork) -> None:
    assert moment(NOON, run_due, make_work) == min(NOON, run_due or NOON)


def test_an_attempt_is_the_first_moment_where_no_work_is_due_ever() -> None:
    assert first_moment() is None

    Run.objects.create(work="B001", due_at=NOON, reason="ordered", wake_at=NOON)

    assert first_moment() == NOON


def test_what_waits_for_people_is_no_moment() -> None:
    Run.objects.create(work="B001", due_at=NOON, reason="awaiting-approval", wake_at=NOON)

    assert first_moment() is None
