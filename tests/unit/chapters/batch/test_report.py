"""Status and notices of a batch, depending on the state of its runs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from toban.chapters.batch.report import BatchReport, RunTrouble, events, signals, status, trouble
from toban.design.clauses.batch import Batch
from toban.design.reader import read_design
from toban.design.values.schedule import read_schedule
from toban.engine.bindings.model import System
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.signal import Condition, Signal
from toban.engine.runs.models import Run
from toban.engine.runs.rules import OVERDUE, RunReason
from toban.engine.runs.standing import WorkStatus
from toban.engine.runs.work import Work
from toban.message import plain

NOON = datetime(2026, 4, 1, 3, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def batch(failure: str = "再実行、アラート") -> Batch:
    text = f"""# 運用設計書

## 6. バッチ処理
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B004 | 集計 | 日次 | 12:00 | 集計 | {failure} |
"""
    (found,) = read_design(text, "運用設計書.md").of(Batch)
    return found


def run(state: Run.State, reason: str = "", **more: object) -> Run:
    return Run(pk=1, work="B004", due_at=NOON, wake_at=NOON, state=state, reason=reason, **more)


def row(
    last: Run | None = None,
    current: Run | None = None,
    *,
    failure: str = "再実行、アラート",
    longest_usual: timedelta | None = None,
    **work: object,
) -> BatchReport:
    found = batch(failure)
    made = Work(
        key="B004", clause_id=found.id, document_digest="", steps=(), schedule=found.schedule,
        system=System(),
    )  # fmt: skip
    standing = WorkStatus(last, current, began_at=NOON, longest_usual=longest_usual)
    return BatchReport(found, replace(made, **work), standing)  # type: ignore[arg-type]


def told(shown: BatchReport, now: datetime = NOON) -> dict[str, Signal]:
    """Return the signals by the last part of their key."""
    return {each.key.removeprefix(shown.batch.id): each for each in signals(shown, now)}


@pytest.mark.parametrize(
    ("state", "verdict", "condition"),
    [
        (Run.State.DONE, Verdict.CONFORMING, Condition.OK),
        (Run.State.FAILED, Verdict.DEVIATING, Condition.CRITICAL),
        (Run.State.MISSED, Verdict.NOT_PERFORMED, Condition.WARNING),
        (Run.State.SKIPPED, Verdict.NOT_PERFORMED, Condition.OK),
        (Run.State.CANCELLED, Verdict.NOT_PERFORMED, Condition.OK),
    ],
)
def test_the_last_run_decides(state: Run.State, verdict: Verdict, condition: Condition) -> None:
    shown = row(run(state))

    assert status(shown, NOON).verdict is verdict
    assert told(shown)[""].condition is condition


def test_before_the_first_due_time_nothing_is_green_or_announced() -> None:
    assert status(row(), NOON).verdict is Verdict.NOT_DUE
    assert [each.condition for each in signals(row(), NOON)] == [Condition.OK]


def test_a_batch_on_demand_says_how_it_is_ordered_until_it_is() -> None:
    on_demand = read_schedule("随時")
    assert on_demand is not None
    shown = row()
    shown = replace(shown, batch=replace(shown.batch, schedule=on_demand))

    assert status(shown, NOON).verdict is Verdict.NOT_DUE
    assert str(status(shown, NOON).reason) == "随時: まだ一度も依頼されていません (toban run B004)"
    assert (
        status(replace(shown, standing=WorkStatus(run(Run.State.DONE))), NOON).verdict is Verdict.CONFORMING
    )


@pytest.mark.parametrize(
    ("failure", "condition"), [("手動再実行", Condition.WARNING), ("", Condition.CRITICAL)]
)
def test_a_failure_has_the_severity_of_its_row_and_is_critical_by_default(
    failure: str, condition: Condition
) -> None:
    assert told(row(run(Run.State.FAILED), failure=failure))[""].condition is condition


def test_a_success_shows_its_time_in_the_documents_zone_and_its_duration() -> None:
    done = run(Run.State.DONE, began_at=NOON, ended_at=NOON + 90 * SECOND)

    assert str(status(row(done), NOON).value) == "2026-04-01 12:00 成功 (90.0秒)"


def test_a_run_that_waits_for_its_next_attempt_is_a_warning_on_the_page_only() -> None:
    waiting = run(Run.State.WAITING, failures=2, note=plain("終了コード 1"))
    shown = row(run(Run.State.DONE), waiting)

    assert status(shown, NOON).verdict is Verdict.WARNING
    assert "2 回失敗しました。12:00 に再試行します: 終了コード 1" in str(status(shown, NOON).reason)
    assert {each.condition for each in signals(shown, NOON)} == {Condition.OK}


def test_a_run_that_does_not_start_is_announced_only_after_the_full_grace_period() -> None:
    shown = row(run(Run.State.DONE), run(Run.State.WAITING))

    in_time, late = told(shown, NOON + OVERDUE), told(shown, NOON + OVERDUE + SECOND)

    assert in_time["/under-way"].condition is Condition.OK
    assert late["/under-way"].condition is Condition.WARNING
    assert "12:00 の分が 10分 を過ぎても始まりません" in str(late["/under-way"].limit)


def test_a_binding_may_allow_more_time_until_the_start() -> None:
    shown = row(None, run(Run.State.WAITING), start_grace=30 * MINUTE)

    assert trouble(shown, NOON + 30 * MINUTE) is None
    assert trouble(shown, NOON + 30 * MINUTE + SECOND) is RunTrouble.NOT_STARTED


def test_a_run_without_approval_is_announced_with_how_to_approve() -> None:
    note = plain("「切替」の前に運用責任者の承認を待っています")
    asking = run(Run.State.WAITING, RunReason.AWAITING_APPROVAL, note=note)
    shown = row(None, asking)

    assert trouble(shown, NOON + OVERDUE) is None
    late = told(shown, NOON + OVERDUE + SECOND)["/under-way"]
    assert late.condition is Condition.WARNING
    assert "運用責任者の承認を待っています。toban run B004 --approve 1" in str(late.limit)


def test_a_run_that_went_ahead_without_approval_deviates_until_somebody_has_reviewed_it() -> None:
    unreviewed = replace(row(run(Run.State.DONE)), went_ahead=plain("ken が承認なしで進めました"))

    shown = status(unreviewed, NOON)

    assert (shown.verdict, str(shown.reason)) == (Verdict.DEVIATING, "ken が承認なしで進めました")


def test_a_run_longer_than_allowed_is_announced_until_it_ends() -> None:
    shown = row(None, run(Run.State.RUNNING), expected_within=30 * MINUTE)

    assert trouble(shown, NOON + 30 * MINUTE) is None
    late = told(shown, NOON + 30 * MINUTE + SECOND)["/under-way"]
    over = told(row(run(Run.State.DONE)), NOON + 31 * MINUTE)["/under-way"]

    assert late.condition is Condition.WARNING
    assert str(late.limit) == "12:00 の分が 30分 を過ぎても終わりません"
    assert late.began_at == NOON
    assert over.condition is Condition.OK


def test_a_run_longer_than_usual_is_announced() -> None:
    shown = row(None, run(Run.State.RUNNING), longest_usual=4 * MINUTE)

    assert trouble(shown, NOON + 4 * MINUTE) is None
    assert trouble(shown, NOON + 4 * MINUTE + SECOND) is RunTrouble.UNUSUALLY_LONG
    assert "4分 超" in str(status(shown, NOON + 5 * MINUTE).reason)


def test_a_run_without_history_has_no_time_limit() -> None:
    assert trouble(row(None, run(Run.State.RUNNING)), NOON + timedelta(days=3)) is None


def test_a_failure_stays_announced_while_the_next_run_hangs() -> None:
    shown = row(run(Run.State.FAILED), run(Run.State.WAITING))

    found = told(shown, NOON + OVERDUE + SECOND)

    assert (found[""].condition, found["/under-way"].condition) == (Condition.CRITICAL, Condition.WARNING)


def test_the_page_says_which_step_is_running_and_its_progress() -> None:
    going = run(Run.State.RUNNING, step="upload", progress_percent=41.7, progress_text=plain("3 / 7 GB"))

    assert str(status(row(None, going), NOON).reason) == "12:00 の分を実行しています: upload (42%) 3 / 7 GB"


def test_start_and_success_are_announced_if_the_binding_says_so() -> None:
    done = run(Run.State.DONE, began_at=NOON + SECOND, ended_at=NOON + MINUTE)
    both = row(announces_start=True, announces_end=True)

    begin, end = events(both, [done], NOON + MINUTE)

    assert {begin.condition, end.condition} == {Condition.INFO}
    assert (begin.key, begin.began_at) == ("batch/batch/B004/start/1", NOON + SECOND)
    assert (end.key, str(end.value)) == ("batch/batch/B004/end/1", "2026-04-01 12:00 成功 (59.0秒)")
    assert list(events(row(), [done], NOON + MINUTE)) == []


def test_an_alert_is_in_english_too() -> None:
    shown = row(run(Run.State.FAILED), run(Run.State.WAITING))

    alert = told(shown, NOON + OVERDUE + SECOND)["/under-way"]

    assert alert.subject.in_language("en") == "Batch B004 集計"
    assert alert.limit.in_language("en") == "The run due at 12:00 has not started within 10 min"
    assert alert.advice.in_language("en") == (
        "On failure: 再実行、アラート. Records: toban why B004. To run it again: toban run B004"
    )


def test_only_a_success_is_an_end_event_because_failures_have_their_own_alerts() -> None:
    failed = run(Run.State.FAILED, began_at=NOON, ended_at=NOON + MINUTE)

    assert list(events(row(announces_end=True), [failed], NOON + MINUTE)) == []
