"""Claims by lease and fence, with real tables."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from tests.integration.engine.runs.claims import succeed, taken
from tests.integration.engine.runs.conftest import NOON, MakeWork

from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.runs import orders
from toban.engine.runs.claiming import claim, heartbeat
from toban.engine.runs.claiming.claim import LEASE, Claim, Fenced, LastStep, StepProgress, Success
from toban.engine.runs.models import Attempt, Run
from toban.engine.runs.parameters import Parameter
from toban.engine.runs.rules import MOST_LOSSES, RunReason
from toban.engine.runs.scheduler import plan_due
from toban.engine.runs.work import Work
from toban.message import NOTHING, Message, from_json, plain

pytestmark = pytest.mark.django_db

MOMENT = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def work(make_work: MakeWork) -> Work:
    date = Parameter("date", plain("集計し直す日"), "2026-11-24")
    made = make_work(retry_delays=(5 * MINUTE, 15 * MINUTE), parameters=(date,))
    plan_due([made], NOON - MOMENT)
    plan_due([made], NOON)
    return made


def take(work: Work, holder: str = "a", after: timedelta = timedelta(0)) -> Claim:
    found = taken({work.key: work}, holder, NOON + after)
    assert found is not None
    return found


def refused(write: Callable[[], None]) -> None:
    with pytest.raises(Fenced):
        write()


def the_run() -> Run:
    return Run.objects.get()


def test_a_claimed_run_is_not_given_to_another_worker(work: Work) -> None:
    take(work)

    assert claim.claim_due({"B001": work}, "b", NOON + LEASE, room=1) == ()


def test_results_of_a_replaced_worker_are_refused(work: Work) -> None:
    late = take(work)
    take(work, "b", LEASE)
    now = NOON + LEASE

    assert heartbeat.renew([late], now) == {late.run_id: RunReason.FENCED}
    refused(lambda: claim.require(late))
    refused(lambda: claim.keep(late, "command", 1, began_at=NOON, now=now))
    refused(lambda: claim.write_log(late, "command", ["x"], now))
    refused(lambda: succeed(late, now))
    refused(lambda: claim.fail(late, work, RunReason.FAILED, NOTHING, now))
    refused(lambda: claim.release(late, RunReason.STOPPED, now))
    assert the_run().holder == "b"


def test_one_of_two_workers_that_see_the_same_silence_takes_over(work: Work) -> None:
    take(work)
    seen = the_run(), the_run()

    first, second = (claim.take_over(run, {"B001": work}, "b", NOON + LEASE) for run in seen)

    assert first is not None
    assert (first.fence, second) == (2, None)


def test_one_heartbeat_renews_all_runs_but_those_of_others(make_work: MakeWork) -> None:
    works = {each.key: each for each in (make_work("B001"), make_work("B002"), make_work("B003"))}
    plan_due(works.values(), NOON - MOMENT)
    plan_due(works.values(), NOON)
    first, lost, cancelled = claim.claim_due(works, "a", NOON, room=3)
    assert claim.take_over(Run.objects.get(pk=lost.run_id), works, "b", NOON + MOMENT) is not None
    orders.cancel(cancelled.work, by="nami", now=NOON)

    told = heartbeat.renew([first, lost, cancelled], NOON + LEASE, {first.run_id: StepProgress(40, "4 / 10")})

    assert told == {lost.run_id: RunReason.FENCED, cancelled.run_id: RunReason.CANCELLED}
    leases = dict(Run.objects.values_list("pk", "leased_until"))
    assert leases == {
        first.run_id: NOON + 2 * LEASE,
        lost.run_id: NOON + MOMENT + LEASE,
        cancelled.run_id: NOON + 2 * LEASE,
    }
    progress = Run.objects.order_by("pk").values_list("progress_percent", flat=True)
    assert list(progress) == [40, None, None]


def test_eight_runs_are_claimed_kept_and_ended_with_as_many_queries_as_one(make_work: MakeWork) -> None:
    def queries(count: int) -> int:
        works = {key: make_work(key) for key in (f"B{count}{number}" for number in range(count))}
        plan_due(works.values(), NOON - MOMENT)
        plan_due(works.values(), NOON)
        with CaptureQueriesContext(connection) as captured:
            held = claim.claim_due(works, "a", NOON, room=count)
            heartbeat.renew(held, NOON)
            claim.succeed_all([Success(each, LastStep("command", None, NOON)) for each in held], NOON)
        assert len(held) == count
        return len(captured)

    assert queries(8) == queries(1)


def test_a_heartbeat_after_the_last_look_prevents_a_takeover(work: Work) -> None:
    held = take(work)
    seen = the_run()

    heartbeat.renew([held], NOON + LEASE)

    assert claim.take_over(seen, {"B001": work}, "b", NOON + LEASE) is None
    assert the_run().holder == "a"


def test_results_of_finished_steps_are_passed_to_the_next_holder(work: Work) -> None:
    claim.keep(take(work), "first", {"rows": 3}, began_at=NOON, now=NOON)

    assert take(work, "b", LEASE).results == {"first": {"rows": 3}}


@pytest.mark.parametrize(
    ("result", "note"),
    [
        ("請求書 2 件", "請求書 2 件"),
        (Message("runs.toban-was-down").as_json(), "予定の時刻に Toban が動いていませんでした"),
        ("a\0b", "a\N{REPLACEMENT CHARACTER}b"),
        ({"rows": 3}, ""),
        (None, ""),
    ],
)
def test_the_note_of_the_last_step_becomes_the_result_of_the_run(
    result: object, note: str, work: Work
) -> None:
    claim.succeed_all([Success(take(work), LastStep("command", result, NOON))], NOON)

    assert str(the_run().note) == note
    assert str(from_json(LedgerEntry.objects.order_by("-sequence")[0].content["note"])) == note


def test_a_run_that_kills_its_workers_finally_fails(work: Work) -> None:
    for loss in range(MOST_LOSSES):
        take(work, after=loss * LEASE)

    assert taken({"B001": work}, "b", NOON + MOST_LOSSES * LEASE) is None

    assert (the_run().state, the_run().reason) == (Run.State.FAILED, RunReason.LOST)
    assert the_run().losses == MOST_LOSSES


def test_a_failed_run_waits_as_listed_without_a_worker_and_finally_fails(work: Work) -> None:
    claim.fail(take(work), work, RunReason.FAILED, plain("終了コード 1"), NOON)
    waiting = the_run()
    assert (waiting.state, waiting.holder, waiting.wake_at) == (Run.State.WAITING, "", NOON + 5 * MINUTE)
    assert taken({"B001": work}, "a", NOON + 5 * MINUTE - MOMENT) is None

    claim.fail(take(work, after=5 * MINUTE), work, RunReason.FAILED, NOTHING, NOON + 5 * MINUTE)
    claim.fail(
        take(work, after=20 * MINUTE), work, RunReason.FAILED, plain("終了コード 3"), NOON + 20 * MINUTE
    )

    assert (the_run().state, the_run().note) == (Run.State.FAILED, plain("終了コード 3"))
    last = LedgerEntry.objects.order_by("-sequence")[0]
    assert (last.clause_id, last.content["verdict"]) == (work.clause_id, "deviating")


def test_a_run_stopped_with_its_worker_uses_up_no_attempt(work: Work) -> None:
    claim.release(take(work), RunReason.STOPPED, NOON)

    assert (the_run().failures, the_run().losses) == (0, 0)
    assert take(work, "b").fence == 2


def test_two_runs_of_one_work_never_run_at_the_same_time(work: Work) -> None:
    take(work)
    orders.order("B001", {}, by="nami", now=NOON + MOMENT)

    assert taken({"B001": work}, "b", NOON + MOMENT) is None


def test_the_database_itself_refuses_a_second_running_run(work: Work) -> None:
    take(work)
    orders.order("B001", {}, by="nami", now=NOON + MOMENT)

    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.filter(state=Run.State.WAITING).update(state=Run.State.RUNNING)


def test_a_monthly_run_that_may_be_repeated_is_repeated_the_next_day(make_work: MakeWork) -> None:
    work = make_work(rule="毎月1日 12:00", reruns_next_day=True)
    plan_due([work], NOON - MOMENT)
    plan_due([work], NOON)

    claim.fail(take(work), work, RunReason.FAILED, NOTHING, NOON)

    again = Run.objects.get(state=Run.State.WAITING)
    assert (again.due_at, again.reason) == (NOON + timedelta(days=1), RunReason.NEXT_DAY)


def test_a_run_that_kills_its_workers_is_also_repeated_the_next_day(make_work: MakeWork) -> None:
    work = make_work(rule="毎月1日 12:00", reruns_next_day=True)
    plan_due([work], NOON - MOMENT)
    plan_due([work], NOON)

    for loss in range(MOST_LOSSES):
        take(work, after=loss * LEASE)
    taken({"B001": work}, "b", NOON + MOST_LOSSES * LEASE)

    again = Run.objects.get(state=Run.State.WAITING)
    assert (again.due_at, again.reason) == (NOON + timedelta(days=1), RunReason.NEXT_DAY)


def test_a_daily_run_is_repeated_at_its_own_next_due_time(make_work: MakeWork) -> None:
    work = make_work(reruns_next_day=True)
    plan_due([work], NOON - MOMENT)
    plan_due([work], NOON)
    claim.fail(take(work), work, RunReason.FAILED, NOTHING, NOON)

    plan_due([work], NOON + timedelta(days=1))

    assert Run.objects.count() == 2


def test_a_work_waits_for_the_works_it_depends_on(make_work: MakeWork) -> None:
    before, after = make_work("B001"), make_work("B002", depends_on=("B001",))
    plan_due([before, after], NOON - MOMENT)
    plan_due([before, after], NOON)
    held = take(before)
    assert taken({"B002": after}, "b", NOON) is None

    succeed(held, NOON)

    assert take(after).work == "B002"


def test_a_waiting_run_is_cancelled_at_once_and_a_running_one_at_its_next_heartbeat(work: Work) -> None:
    held = take(work)
    orders.cancel("B001", by="nami", now=NOON)

    assert heartbeat.renew([held], NOON) == {held.run_id: RunReason.CANCELLED}
    claim.release(held, RunReason.CANCELLED, NOON)

    assert (the_run().state, str(the_run().note)) == (Run.State.CANCELLED, "nami が中止しました")
    with pytest.raises(NotPossible):
        orders.cancel("B001", by="nami", now=NOON)


def test_a_cancelled_run_whose_worker_died_is_not_resumed(work: Work) -> None:
    take(work)
    orders.cancel("B001", by="nami", now=NOON)

    assert taken({"B001": work}, "b", NOON + LEASE) is None

    assert the_run().state == Run.State.CANCELLED


@pytest.mark.parametrize(
    "let_go",
    [
        lambda held, work: claim.fail(held, work, RunReason.FAILED, plain("signal 15"), NOON),
        lambda held, _work: claim.release(held, RunReason.STOPPED, NOON),
        lambda held, work: claim.has_consent(held, work, work.steps[0], NOON),
    ],
    ids=["failed", "stopped", "asking"],
)
def test_a_run_released_while_being_cancelled_ends_as_cancelled(
    work: Work, let_go: Callable[[Claim, Work], object]
) -> None:
    held = take(work)
    orders.cancel("B001", by="nami", now=NOON)

    let_go(held, work)

    assert (the_run().state, the_run().reason) == (Run.State.CANCELLED, RunReason.CANCELLED)
    assert str(the_run().note) == "nami が中止しました"


def test_the_next_due_time_can_be_skipped_with_a_reason(make_work: MakeWork) -> None:
    work = make_work()
    plan_due([work], NOON - MOMENT)

    orders.skip("B001", "棚卸し", by="nami", now=NOON - MOMENT)
    plan_due([work], NOON)

    assert (the_run().state, the_run().due_at) == (Run.State.SKIPPED, NOON)
    assert "棚卸し" in str(the_run().note)


def test_an_ended_run_can_be_resumed_from_a_named_step(work: Work) -> None:
    held = take(work)
    for step in ("first", "second", "third"):
        claim.keep(held, step, step, began_at=NOON, now=NOON)
    succeed(held, NOON)

    orders.again("B001", held.run_id, "second", by="nami", now=NOON)

    assert take(work).results == {"first": "first"}
    assert Attempt.objects.count() == 2


def test_a_senseless_order_is_refused_with_a_hint(work: Work) -> None:
    held = take(work)
    claim.keep(held, "first", 1, began_at=NOON, now=NOON)
    succeed(held, NOON)

    with pytest.raises(NotPossible) as unknown:
        orders.order("B009", {}, by="nami", now=NOON)
    with pytest.raises(NotPossible) as unfinished:
        orders.again("B001", held.run_id, "second", by="nami", now=NOON)
    with pytest.raises(NotPossible):
        orders.again("B001", held.run_id, None, by="nami", now=NOON)

    assert "B001" in str(unknown.value.hint)
    assert "first" in str(unfinished.value.hint)


@pytest.mark.usefixtures("work")
def test_an_unknown_parameter_is_refused_before_a_run_is_created() -> None:
    runs = Run.objects.count()

    with pytest.raises(NotPossible, match="「B001」に「dat」というパラメーターはありません") as refused:
        orders.order("B001", {"dat": "2026-03-31"}, by="nami", now=NOON + MOMENT)

    assert "date (集計し直す日)" in str(refused.value.hint)
    assert "has no parameter “dat”" in refused.value.said.in_language("en")
    assert Run.objects.count() == runs


def test_every_order_is_audited_with_the_person_who_gave_it(work: Work) -> None:
    orders.order("B001", {"date": "2026-03-31"}, by="nami", now=NOON + MOMENT)

    entry = LedgerEntry.objects.get(kind=LedgerEntry.Kind.AUDIT)
    assert (entry.actor, entry.content["order"], entry.clause_id) == ("nami", "run", work.clause_id)
