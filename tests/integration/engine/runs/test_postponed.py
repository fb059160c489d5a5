"""Steps that wait for their time, and what those who approve a step are shown of the steps before it."""

from datetime import timedelta
from typing import Any

import pytest
from tests.integration.engine.runs.claims import taken
from tests.integration.engine.runs.conftest import NOON, MakeWork

from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.rules import ApprovalTerms, RequestState
from toban.engine.runs import orders
from toban.engine.runs.claiming import claim
from toban.engine.runs.claiming.endings import Endings
from toban.engine.runs.claiming.runner import Hand, through
from toban.engine.runs.models import Attempt, Run
from toban.engine.runs.rules import RunReason
from toban.engine.runs.scheduler import plan_due
from toban.engine.runs.work import RunTurn, Step, StepPostponed, Work
from toban.message import Message, plain

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def worked(work: Work, after: timedelta = timedelta(0)) -> RunReason | None:
    now = NOON + after
    plan_due([work], now)
    held = taken({work.key: work}, "a", now)
    if held is None:
        return None
    hand = Hand(held, work, lambda: now, dict(held.results), None)
    return through(hand, Endings(lambda ends: claim.succeed_all(ends, now)))


@pytest.fixture
def waiting(make_work: MakeWork) -> tuple[Work, list[str]]:
    done: list[str] = []

    def wait(_turn: RunTurn) -> None:
        done.append("asked")
        if len(done) == 1:
            raise StepPostponed(NOON + 2 * HOUR, plain("the window opens at two"))

    work = make_work(steps=(Step("look", lambda _turn: {"found": 3}), Step("act", wait)))
    plan_due([work], NOON - HOUR)
    return work, done


def test_a_step_that_waits_for_its_time_occupies_no_worker_and_has_not_failed(
    waiting: tuple[Work, list[str]],
) -> None:
    work, done = waiting

    assert worked(work) is RunReason.POSTPONED
    run = Run.objects.get()
    assert (run.state, run.reason, str(run.note)) == (
        Run.State.WAITING,
        RunReason.POSTPONED,
        "the window opens at two",
    )
    assert (run.failures, run.losses, run.wake_at) == (0, 0, NOON + 2 * HOUR)
    assert Attempt.objects.get().outcome == RunReason.POSTPONED
    assert worked(work, HOUR) is None
    assert worked(work, 2 * HOUR) is RunReason.SUCCEEDED
    assert done == ["asked", "asked"]


def test_a_run_that_waits_for_its_time_can_be_called_off(waiting: tuple[Work, list[str]]) -> None:
    work, done = waiting
    worked(work)

    orders.cancel(work.key, by="nami", now=NOON + HOUR)

    assert worked(work, 2 * HOUR) is None
    assert Run.objects.get().state == Run.State.CANCELLED
    assert done == ["asked"]


def test_a_run_that_is_called_off_as_it_begins_to_wait_ends(make_work: MakeWork) -> None:
    def wait(_turn: RunTurn) -> None:
        Run.objects.update(is_cancelling=True)
        raise StepPostponed(NOON + HOUR, plain("later"))

    work = make_work(steps=(Step("act", wait),))
    plan_due([work], NOON - HOUR)
    worked(work)

    assert Run.objects.get().state == Run.State.CANCELLED


def test_an_approval_holds_for_what_the_steps_before_have_found(make_work: MakeWork) -> None:
    found: dict[str, Any] = {"packages": "curl 1 → 2"}
    step = Step(
        "act",
        lambda _turn: None,
        ApprovalTerms("運用責任者"),
        found=lambda results: ((Message("runs.fact-step"), plain(str(results["look"]))),),
    )
    work = make_work(steps=(Step("look", lambda _turn: found, only_looks=True), step))
    plan_due([work], NOON - HOUR)

    assert worked(work) is RunReason.AWAITING_APPROVAL
    asked = ApprovalRequest.objects.get()
    assert any("curl 1 → 2" in str(value) for _, value in asked.facts)

    Run.objects.get().steps.update(result={"packages": "curl 1 → 3"})
    ApprovalRequest.objects.update(state=RequestState.GRANTED)
    Run.objects.update(reason=RunReason.APPROVED)

    assert worked(work) is RunReason.AWAITING_APPROVAL
    assert ApprovalRequest.objects.filter(state=RequestState.SUPERSEDED).count() == 1
    assert ApprovalRequest.objects.filter(state=RequestState.OPEN).count() == 1
