"""Runs that happen elsewhere, with real tables: what is reported about them, and what is not."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.engine.runs.claims import taken
from tests.integration.engine.runs.conftest import NOON, MakeWork

from toban.engine.bindings.secret import Secret
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.runs import orders
from toban.engine.runs.elsewhere import reported
from toban.engine.runs.elsewhere.belonging import ReportWord
from toban.engine.runs.elsewhere.reported import Report
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.rules import RunReason
from toban.engine.runs.scheduler import plan_due
from toban.engine.runs.service import Runs
from toban.engine.runs.work import ElsewhereReporting, Work

pytestmark = pytest.mark.django_db

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
RID = "728b3763-ea80-4113-9fc0-f08b4e0c4f70"
OTHER_RID = "3fa1c0de-0000-4000-8000-000000000001"


@pytest.fixture
def work(make_work: MakeWork) -> Work:
    """A work that is due daily at noon and reported within 30 minutes, known since just before noon."""
    made = make_work(steps=(), reported=ElsewhereReporting(Secret("env:UNUSED", Path()), 30 * MINUTE))
    plan_due([made], NOON - SECOND)
    return made


def say(work: Work, word: ReportWord, at: datetime, text: str = "", **more: object) -> Run:
    run = reported.take(work, Report(word, at, text, **more))  # type: ignore[arg-type]
    assert run is not None
    return run


def pass_to(work: Work, now: datetime) -> None:
    plan_due([work], now)
    reported.close_overdue({work.key: work}, now)


def state_of(due_at: datetime = NOON) -> tuple[str, str, str]:
    run = Run.objects.get(due_at=due_at)
    return run.state, run.reason, str(run.note)


def verdicts() -> list[object]:
    entries = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.VERDICT).order_by("sequence")
    return [entry.content["verdict"] for entry in entries]


def test_a_start_and_a_success_are_one_run_with_a_duration(work: Work) -> None:
    pass_to(work, NOON)
    assert state_of() == ("waiting", RunReason.AWAITING_REPORT, "")

    say(work, ReportWord.START, NOON + 2 * SECOND)
    assert state_of() == ("running", RunReason.REPORTED, "")
    say(work, ReportWord.SUCCESS, NOON + 12 * SECOND, "1,204 件\nおわり")

    run = Run.objects.get()
    assert state_of() == ("done", RunReason.REPORTED, "")
    assert run.began_at is not None
    assert run.ended_at is not None
    assert run.ended_at - run.began_at == 10 * SECOND
    assert [str(line.text) for line in run.log.order_by("pk")] == ["1,204 件", "おわり"]
    assert [attempt.outcome for attempt in run.attempts.all()] == [RunReason.SUCCEEDED]
    assert verdicts() == ["conforming"]


def test_a_job_elsewhere_says_how_far_it_is(work: Work) -> None:
    say(work, ReportWord.START, NOON, "::progress 10 first")

    say(work, ReportWord.LOG, NOON + MINUTE, "reading\n::progress 40 12,000 / 30,000 行\n::progress half")

    run = Run.objects.get()
    assert (run.state, run.progress_percent, str(run.progress_text)) == ("running", 40, "12,000 / 30,000 行")
    assert [str(line.text) for line in run.log.order_by("pk")] == ["reading", "::progress half"]


def test_progress_of_a_run_that_is_over_or_begins_again_is_not_shown(work: Work) -> None:
    say(work, ReportWord.START, NOON, "::progress 90")
    say(work, ReportWord.FAIL, NOON + MINUTE)
    say(work, ReportWord.LOG, NOON + MINUTE, "::progress 95")
    assert Run.objects.get().progress_percent == 90

    say(work, ReportWord.START, NOON + 2 * MINUTE)

    assert Run.objects.get().progress_percent is None


def test_a_job_on_demand_reports_without_a_schedule(work: Work, make_work: MakeWork) -> None:
    on_demand = make_work("B009", "随時", steps=(), reported=work.reported)
    plan_due([work, on_demand], NOON)

    say(on_demand, ReportWord.START, NOON + SECOND)
    run = say(on_demand, ReportWord.SUCCESS, NOON + MINUTE)

    run.refresh_from_db()
    assert (run.state, run.due_at) == ("done", NOON + SECOND)


def test_a_report_earlier_than_the_scheduler_creates_the_due_run(work: Work) -> None:
    say(work, ReportWord.START, NOON - SECOND / 2)

    pass_to(work, NOON)

    assert Run.objects.count() == 1
    assert state_of()[0] == "running"


def test_a_failure_is_recorded_with_its_exit_status_and_last_output(work: Work) -> None:
    pass_to(work, NOON)

    say(work, ReportWord.FAIL, NOON + SECOND, "途中\nディスクがいっぱいです\n\n", status=3)

    assert state_of() == (
        "failed",
        RunReason.REPORTED,
        "終了コード 3 が報告されました: ディスクがいっぱいです",
    )
    assert Run.objects.get().began_at is None
    assert verdicts() == ["deviating"]


def test_a_run_without_a_report_in_time_is_not_performed(work: Work) -> None:
    pass_to(work, NOON)

    pass_to(work, NOON + 30 * MINUTE - SECOND)
    assert state_of()[0] == "waiting"
    pass_to(work, NOON + 30 * MINUTE)

    assert state_of() == (
        "missed",
        RunReason.UNREPORTED,
        "予定から 30分 たっても、始まりも終わりも報告されませんでした",
    )
    assert verdicts() == ["not-performed"]


def test_a_late_success_is_recorded_as_late_and_both_ends_stay_in_the_evidence(work: Work) -> None:
    pass_to(work, NOON + 31 * MINUTE)

    say(work, ReportWord.SUCCESS, NOON + 95 * MINUTE)

    assert state_of() == ("done", RunReason.REPORTED, "予定から 1時間35分 遅れて報告されました")
    assert verdicts() == ["not-performed", "conforming"]


def test_a_start_without_an_end_fails_after_its_time_limit(make_work: MakeWork) -> None:
    work = make_work(
        steps=(), timeout=10 * MINUTE, reported=ElsewhereReporting(Secret("env:UNUSED", Path()), 30 * MINUTE)
    )
    plan_due([work], NOON - SECOND)
    pass_to(work, NOON)
    say(work, ReportWord.START, NOON + MINUTE)

    pass_to(work, NOON + 11 * MINUTE - SECOND)
    assert state_of()[0] == "running"
    pass_to(work, NOON + 11 * MINUTE)

    assert state_of() == (
        "failed",
        RunReason.UNREPORTED,
        "始まってから 10分 たっても、終わりが報告されませんでした",
    )


def test_the_same_report_twice_changes_nothing(work: Work) -> None:
    pass_to(work, NOON)
    for word in (ReportWord.START, ReportWord.START, ReportWord.SUCCESS, ReportWord.SUCCESS):
        say(work, word, NOON + SECOND)

    say(work, ReportWord.FAIL, NOON + 2 * SECOND)
    say(work, ReportWord.FAIL, NOON + 3 * SECOND)

    assert Run.objects.get().failures == 1
    assert verdicts() == ["conforming", "deviating"]


def test_a_repeated_start_after_the_end_of_its_run_starts_nothing(work: Work) -> None:
    pass_to(work, NOON)
    say(work, ReportWord.START, NOON + SECOND, rid=RID)
    say(work, ReportWord.SUCCESS, NOON + 2 * SECOND, rid=RID)

    say(work, ReportWord.START, NOON + 3 * SECOND, rid=RID)

    assert state_of()[0] == "done"
    assert Run.objects.count() == 1


def test_a_log_report_changes_no_state(work: Work) -> None:
    pass_to(work, NOON)

    say(work, ReportWord.LOG, NOON + SECOND, "まだ途中です")

    assert state_of()[0] == "waiting"
    assert [str(line.text) for line in Run.objects.get().log.all()] == ["まだ途中です"]


def test_run_ids_distinguish_overlapping_runs(work: Work) -> None:
    tomorrow = NOON + timedelta(days=1)
    pass_to(work, NOON)
    say(work, ReportWord.START, NOON + SECOND, rid=RID)
    plan_due([work], tomorrow)
    say(work, ReportWord.START, tomorrow + SECOND, rid=OTHER_RID)

    say(work, ReportWord.SUCCESS, tomorrow + MINUTE, rid=RID)

    assert state_of(NOON)[0] == "done"
    assert state_of(tomorrow)[0] == "running"


def test_the_next_start_ends_a_run_that_never_reported_its_end(work: Work) -> None:
    tomorrow = NOON + timedelta(days=1)
    pass_to(work, NOON)
    say(work, ReportWord.START, NOON + SECOND)
    plan_due([work], tomorrow)

    say(work, ReportWord.START, tomorrow)

    assert state_of(NOON) == (
        "failed",
        RunReason.UNREPORTED,
        "終わりが報告されないまま、次が始まりました",
    )
    assert state_of(tomorrow)[0] == "running"


def test_a_run_outside_the_schedule_is_recorded_separately(work: Work) -> None:
    run = say(work, ReportWord.SUCCESS, NOON - timedelta(hours=3))

    assert (run.due_at, run.ordered_by, run.state) == (NOON - timedelta(hours=3), "ping", "done")


def test_reports_received_while_no_worker_ran_are_not_missed(work: Work) -> None:
    say(work, ReportWord.SUCCESS, NOON + MINUTE)
    three_days_later = NOON + timedelta(days=3, hours=1)

    pass_to(work, three_days_later)

    states = list(Run.objects.order_by("due_at").values_list("state", flat=True))
    assert states == ["done", "missed", "missed", "missed"]
    assert verdicts() == ["conforming", "not-performed", "not-performed", "not-performed"]
    assert str(Run.objects.filter(state="missed")[0].note) == "始まりも終わりも報告されませんでした"


@pytest.mark.django_db(transaction=True)
def test_no_worker_claims_or_takes_over_an_external_run(work: Work) -> None:
    now = NOON
    runs = Runs("here", lambda: now)
    runs.adopt({work.key: work})
    runs.step()
    say(work, ReportWord.START, NOON + SECOND)
    now = NOON + 20 * MINUTE

    runs.step()
    runs.close()

    run = Run.objects.get()
    assert (run.state, run.holder, run.fence) == ("running", "ping", 1)
    assert taken({}, "there", now) is None


def test_a_row_that_is_rebound_as_a_ping_is_marked_as_externally_reported(
    work: Work, make_work: MakeWork
) -> None:
    plan_due([make_work()], NOON - SECOND)
    assert not PlannedWork.objects.get().is_reported

    plan_due([work], NOON - SECOND)

    assert PlannedWork.objects.get().is_reported


def test_orders_for_an_external_batch_are_refused(work: Work) -> None:
    pass_to(work, NOON)
    say(work, ReportWord.START, NOON + SECOND)

    with pytest.raises(NotPossible, match="外で動き"):
        orders.order(work.key, {}, by="mira", now=NOON + MINUTE)
    with pytest.raises(NotPossible, match="外で動き"):
        orders.cancel(work.key, by="mira", now=NOON + MINUTE)

    assert state_of()[0] == "running"
