"""Runs by the mode of what orders them: recorded only, asked first, or done."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.integration.engine.runs.claims import taken
from tests.integration.engine.runs.conftest import NOON, MakeWork

from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest
from toban.engine.approvals.rules import ApprovalTerms, RequestState
from toban.engine.evidence.models import LedgerEntry
from toban.engine.modes.models import ModeSetting
from toban.engine.modes.rules import Mode, ModeDecision
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs import orders
from toban.engine.runs.claiming import claim
from toban.engine.runs.claiming.endings import Endings
from toban.engine.runs.claiming.runner import Hand, through
from toban.engine.runs.models import Run
from toban.engine.runs.modes import shadows
from toban.engine.runs.modes.acts import may_be_in_shadow, rerun_act, schedule_act
from toban.engine.runs.rules import RunReason
from toban.engine.runs.scheduler import plan_due
from toban.engine.runs.standing import last_shadows, standings
from toban.engine.runs.work import Step, StepFailed, Work
from toban.message import plain

pytestmark = pytest.mark.django_db

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class Ledger:
    """One worker that does everything at once, without threads."""

    def __init__(self, work: Work) -> None:
        self.works = {work.key: work}
        self.done: list[datetime] = []

    def plan(self, now: datetime = NOON) -> None:
        plan_due(self.works.values(), now)

    def step(self, now: datetime = NOON) -> RunReason | None:
        """Look once, and carry out the run that may start, if any."""
        self.plan(now)
        shadows.record(self.works, now)
        held = taken(self.works, "a", now)
        if held is None:
            return None
        hand = Hand(held, self.works[held.work], lambda: now, dict(held.results), None)
        return through(hand, Endings(lambda ends: claim.succeed_all(ends, now)))


def test_runs_that_wait_are_not_read_where_nothing_is_in_shadow(make_work: MakeWork) -> None:
    works = {key: make_work(key) for key in ("B001", "B002")}

    assert may_be_in_shadow(works, {}) == []
    assert may_be_in_shadow({**works, "B003": make_work("B003", mode=Mode.SHADOW)}, {}) == ["B003"]
    for act in (schedule_act(works["B002"]), rerun_act(works["B002"])):
        decided = {act.subject: ModeDecision(Mode.SHADOW, Mode.ACT)}
        assert may_be_in_shadow(works, decided) == ["B002"]


@pytest.fixture
def ledger(make_work: MakeWork) -> Callable[..., Ledger]:
    """Return a function that puts a work in force a minute before noon; its step notes that it acted."""

    def make(**more: Any) -> Ledger:
        fails = more.pop("fails", False)

        def act(turn: Any) -> None:
            made.done.append(turn.due_at)
            if fails:
                raise StepFailed(plain("exit status 1"))

        more.setdefault("asks", ApprovalTerms("運用責任者"))
        made = Ledger(make_work(steps=(Step("command", act),), bound='command = ["./a"]', **more))
        made.plan(NOON - MINUTE)
        return made

    return make


def decide(subject: str, mode: Mode, declared: Mode = Mode.ACT) -> None:
    ModeSetting.objects.update_or_create(
        subject=subject, defaults={"mode": mode, "declared": declared, "by": "nami", "at": NOON}
    )


def grant() -> None:
    request = ApprovalRequest.objects.get(state=RequestState.OPEN)
    request.state = RequestState.GRANTED
    request.save()
    account, _ = Operator.objects.get_or_create(
        username="nami", defaults={"operator_role": OperatorRole.DEVELOPER}
    )
    ApprovalAnswer.objects.create(
        request=request,
        answer=ApprovalAnswer.Answer.GRANTED,
        account=account,
        username=account.username,
        answered_at=NOON,
    )
    Run.objects.filter(reason=RunReason.AWAITING_APPROVAL).update(reason=RunReason.APPROVED)


def states() -> list[tuple[str, str]]:
    return list(Run.objects.order_by("due_at", "pk").values_list("state", "reason"))


def test_in_shadow_a_due_run_is_recorded_with_what_it_would_have_done_and_does_nothing(
    ledger: Callable[..., Ledger],
) -> None:
    here = ledger(mode=Mode.SHADOW)

    assert here.step() is None

    run = Run.objects.get()
    assert (run.state, run.due_at, run.began_at) == (Run.State.SHADOW, NOON, None)
    assert str(run.note) == '実行したはずのもの: command = ["./a"]'
    assert here.done == []


def test_a_run_in_shadow_proves_nothing(ledger: Callable[..., Ledger]) -> None:
    here = ledger(mode=Mode.SHADOW)
    here.step()

    assert not LedgerEntry.objects.filter(kind=LedgerEntry.Kind.VERDICT).exists()
    assert standings(["B001"], NOON)["B001"].last is None
    assert last_shadows(["B001"]) == {"B001": NOON}


def test_what_was_due_while_toban_was_away_was_not_missed_in_shadow(ledger: Callable[..., Ledger]) -> None:
    here = ledger(mode=Mode.SHADOW)

    here.step(NOON + 3 * DAY)

    assert states() == [("shadow", "shadow")]
    assert not LedgerEntry.objects.exists()


def test_a_person_moves_it_on_and_back_between_planning_and_running(ledger: Callable[..., Ledger]) -> None:
    here = ledger(mode=Mode.SHADOW)
    decide("schedule/B001", Mode.ACT, Mode.SHADOW)

    assert here.step() is RunReason.SUCCEEDED
    here.plan(NOON + DAY)
    decide("schedule/B001", Mode.SHADOW, Mode.SHADOW)

    assert here.step(NOON + DAY) is None
    assert here.done == [NOON]
    assert states() == [("done", "succeeded"), ("shadow", "shadow")]


def test_no_worker_claims_a_run_in_shadow_even_before_it_is_recorded(ledger: Callable[..., Ledger]) -> None:
    here = ledger(mode=Mode.SHADOW)
    here.plan()

    assert taken(here.works, "a", NOON) is None


def test_what_a_person_orders_runs_in_every_mode(ledger: Callable[..., Ledger]) -> None:
    here = ledger(mode=Mode.SHADOW)
    orders.order("B001", {}, by="nami", now=NOON - MINUTE)
    assert here.step(NOON - MINUTE) is RunReason.SUCCEEDED
    here.step()
    shadow = Run.objects.get(state=Run.State.SHADOW)

    orders.again("B001", shadow.pk, None, by="nami", now=NOON + MINUTE)

    assert here.step(NOON + MINUTE) is RunReason.SUCCEEDED
    assert len(here.done) == 2


def test_a_work_that_depends_on_one_in_shadow_does_not_wait_for_it(
    ledger: Callable[..., Ledger], make_work: MakeWork
) -> None:
    here = ledger(mode=Mode.SHADOW)
    here.works["B002"] = make_work("B002", depends_on=("B001",))
    here.plan(NOON - MINUTE)

    assert here.step() is RunReason.SUCCEEDED
    assert states() == [("shadow", "shadow"), ("done", "succeeded")]


def test_where_it_asks_the_role_approves_each_run_before_it_begins(ledger: Callable[..., Ledger]) -> None:
    here = ledger(mode=Mode.ASK)

    assert here.step() is RunReason.AWAITING_APPROVAL
    request = ApprovalRequest.objects.get()
    assert (request.role, here.done) == ("運用責任者", [])
    assert 'command = ["./a"]' in [str(value) for _label, value in request.facts_said()]
    grant()

    assert here.step(NOON + MINUTE) is RunReason.SUCCEEDED
    assert here.done == [NOON]


def test_an_approval_that_the_bindings_demand_is_asked_once_whatever_the_mode(
    ledger: Callable[..., Ledger],
) -> None:
    here = ledger()
    work = here.works["B001"]
    step = replace(work.steps[0], approval=ApprovalTerms("運用責任者"))
    here.works["B001"] = replace(work, steps=(step,))
    decide("schedule/B001", Mode.ACT)

    assert here.step() is RunReason.AWAITING_APPROVAL
    grant()

    assert here.step(NOON + MINUTE) is RunReason.SUCCEEDED
    assert ApprovalRequest.objects.count() == 1


def test_repeats_in_shadow_are_shown_and_the_failure_stands(ledger: Callable[..., Ledger]) -> None:
    here = ledger(fails=True, retry_delays=(5 * MINUTE,), rerun=Mode.SHADOW)

    here.step()
    here.step(NOON + 10 * MINUTE)

    assert here.done == [NOON]
    assert states() == [("failed", "failed"), ("shadow", "shadow")]
    repeat = Run.objects.get(state=Run.State.SHADOW)
    assert (repeat.due_at, repeat.is_rerun) == (NOON + 5 * MINUTE, True)
    assert LedgerEntry.objects.get(kind="verdict").content["verdict"] == "deviating"


def test_a_repeat_that_waits_is_not_done_if_its_mode_becomes_shadow_meanwhile(
    ledger: Callable[..., Ledger],
) -> None:
    here = ledger(fails=True, retry_delays=(5 * MINUTE,))
    here.step()
    assert states() == [("waiting", "retry")]
    decide("rerun/B001", Mode.SHADOW)

    here.step(NOON + 5 * MINUTE)

    assert here.done == [NOON]
    assert states() == [("failed", "failed"), ("shadow", "shadow")]


def test_each_repeat_needs_an_approval_of_its_own_where_it_asks(ledger: Callable[..., Ledger]) -> None:
    here = ledger(fails=True, retry_delays=(5 * MINUTE, 5 * MINUTE), rerun=Mode.ASK)
    here.step()
    for number, after in enumerate((5 * MINUTE, 15 * MINUTE), start=1):
        assert here.step(NOON + after) is RunReason.AWAITING_APPROVAL
        assert len(here.done) == number
        grant()
        assert here.step(NOON + after + MINUTE) is RunReason.FAILED

    assert len(here.done) == 3
    assert states() == [("failed", "failed")]


def test_the_repeat_on_the_next_day_is_shown_unless_the_schedule_is_due_then_anyway(
    ledger: Callable[..., Ledger],
) -> None:
    daily = ledger(fails=True, reruns_next_day=True, rerun=Mode.SHADOW)
    daily.step()
    assert states() == [("failed", "failed")]

    daily.step(NOON + DAY)

    assert len(daily.done) == 2


def test_the_repeat_of_a_monthly_work_on_the_next_day_is_shown(ledger: Callable[..., Ledger]) -> None:
    monthly = ledger(rule="月次 毎月1日 12:00", fails=True, reruns_next_day=True, rerun=Mode.SHADOW)
    monthly.step()

    repeat = Run.objects.get(state=Run.State.SHADOW)
    assert (repeat.due_at, repeat.is_rerun) == (NOON + DAY, True)
    monthly.step(NOON + DAY)
    assert len(monthly.done) == 1


def test_a_work_that_asks_about_repeats_asks_on_the_next_day(ledger: Callable[..., Ledger]) -> None:
    monthly = ledger(rule="月次 毎月1日 12:00", fails=True, reruns_next_day=True, rerun=Mode.ASK)
    monthly.step()

    assert monthly.step(NOON + DAY) is RunReason.AWAITING_APPROVAL
    assert len(monthly.done) == 1


@pytest.fixture
def nami() -> Operator:
    return Operator.objects.create_user("nami", operator_role=OperatorRole.DEVELOPER)


def test_whoever_ordered_the_failed_run_does_not_approve_its_repeat(
    ledger: Callable[..., Ledger], nami: Operator
) -> None:
    here = ledger(rule="月次 毎月10日 12:00", fails=True, reruns_next_day=True, rerun=Mode.ASK)
    orders.order("B001", {}, by="nami", now=NOON, account=nami)

    here.step()
    here.step(NOON + DAY)

    assert Run.objects.get(is_rerun=True).orderers == [nami.pk]
    assert ApprovalRequest.objects.get().orderers == [nami.pk]


def test_the_repeat_of_an_ordered_run_is_in_the_mode_of_the_schedule(
    ledger: Callable[..., Ledger], nami: Operator
) -> None:
    here = ledger(rule="月次 毎月10日 12:00", fails=True, reruns_next_day=True, mode=Mode.SHADOW)
    orders.order("B001", {}, by="nami", now=NOON, account=nami)

    here.step()
    here.step(NOON + DAY)

    assert here.done == [NOON]
    assert states() == [("failed", "failed"), ("shadow", "shadow")]


@pytest.fixture
def looking(make_work: MakeWork) -> Callable[..., tuple[Ledger, list[str]]]:
    """Return a function that puts a work in force that looks before it acts."""

    def make(**more: Any) -> tuple[Ledger, list[str]]:
        done: list[str] = []
        terms = more.pop("approval", None)
        steps = (
            Step("look", lambda _: done.append("look"), only_looks=True),
            Step(
                "apply",
                lambda _: done.append("apply"),
                approval=terms,
                is_needed=lambda turn: turn.parameters.get("dry_run") != "yes",
            ),
            Step("record", lambda _: done.append("record")),
        )
        made = Ledger(make_work(steps=steps, asks=ApprovalTerms("運用責任者"), **more))
        made.plan(NOON - MINUTE)
        return made, done

    return make


def test_what_only_looks_is_done_before_somebody_is_asked(
    looking: Callable[..., tuple[Ledger, list[str]]],
) -> None:
    here, done = looking(mode=Mode.ASK)

    assert here.step() is RunReason.AWAITING_APPROVAL
    assert done == ["look"]
    assert ApprovalRequest.objects.get().part == "apply"
    assert here.step(NOON + MINUTE) is None

    grant()
    assert here.step(NOON + MINUTE) is RunReason.SUCCEEDED
    assert done == ["look", "apply", "record"]


def test_a_run_that_has_only_looked_and_lost_its_worker_still_asks(
    looking: Callable[..., tuple[Ledger, list[str]]],
) -> None:
    here, done = looking(mode=Mode.ASK)
    here.plan()
    held = taken(here.works, "a", NOON)
    assert held is not None
    claim.keep(held, "look", None, began_at=NOON, now=NOON, then="apply")

    assert here.step(NOON + 3 * MINUTE) is RunReason.AWAITING_APPROVAL
    assert done == []


def test_a_step_that_is_not_needed_asks_nobody_and_does_nothing(
    looking: Callable[..., tuple[Ledger, list[str]]],
) -> None:
    here, done = looking(approval=ApprovalTerms("運用責任者", is_irreversible=True), parameters=None)
    account = Operator.objects.create_user("nami", operator_role=OperatorRole.DEVELOPER)
    orders.order("B001", {"dry_run": "yes"}, by="nami", now=NOON - MINUTE, account=account)

    assert here.step(NOON - MINUTE) is RunReason.SUCCEEDED
    assert done == ["look", "record"]
    assert not ApprovalRequest.objects.exists()
    orders.order("B001", {}, by="nami", now=NOON - MINUTE / 2, account=account)
    assert here.step(NOON - MINUTE / 2) is RunReason.AWAITING_APPROVAL
    assert done == ["look", "record", "look"]
