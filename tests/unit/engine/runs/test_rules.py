"""The outcome of runs, at the boundaries."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.engine.runs.rules import (
    MOST_LOSSES,
    OVERDUE,
    PUNCTUAL,
    CatchUp,
    RunReason,
    Sequel,
    Start,
    after_failure,
    after_loss,
    is_overdue,
    is_too_long,
    longest_usual,
    plan,
    start,
)

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DELAYS = (timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30))


def test_a_run_found_a_whole_minute_late_is_still_on_time() -> None:
    assert plan([NOON], now=NOON + PUNCTUAL, catch_up=CatchUp.SKIP) == ((NOON, RunReason.ON_TIME),)


def test_a_run_found_later_than_that_is_made_up_for() -> None:
    found = plan([NOON], now=NOON + PUNCTUAL + MOMENT, catch_up=CatchUp.ONCE)

    assert found == ((NOON, RunReason.CAUGHT_UP),)


def test_a_run_found_later_than_that_is_missed_if_the_clause_says_skip() -> None:
    assert plan([NOON], now=NOON + PUNCTUAL + MOMENT, catch_up=CatchUp.SKIP) == ((NOON, RunReason.MISSED),)


def test_after_a_long_stop_only_the_last_run_is_made_up_for() -> None:
    due = [NOON, NOON + HOUR, NOON + 2 * HOUR]

    found = plan(due, now=NOON + 2 * HOUR + timedelta(minutes=30), catch_up=CatchUp.ONCE)

    assert [reason for _, reason in found] == [RunReason.MISSED, RunReason.MISSED, RunReason.CAUGHT_UP]


def test_without_a_due_time_there_is_nothing_to_run() -> None:
    assert plan([], now=NOON, catch_up=CatchUp.ONCE) == ()


@pytest.mark.parametrize(("failures", "minutes"), [(1, 5), (2, 15), (3, 30)])
def test_each_failure_waits_as_long_as_the_list_says(failures: int, minutes: int) -> None:
    verdict = after_failure(RunReason.FAILED, failures, DELAYS, NOON)

    assert verdict == Sequel(RunReason.RETRY, NOON + timedelta(minutes=minutes))


def test_after_the_last_retry_the_run_has_failed() -> None:
    assert after_failure(RunReason.TIMED_OUT, 4, DELAYS, NOON) == Sequel(RunReason.TIMED_OUT)


def test_a_run_whose_command_is_missing_is_not_retried() -> None:
    assert after_failure(RunReason.NOT_RUNNABLE, 1, DELAYS, NOON) == Sequel(RunReason.NOT_RUNNABLE)


def test_a_run_that_kills_its_workers_is_abandoned_at_the_limit() -> None:
    assert after_loss(MOST_LOSSES - 1) is RunReason.TAKEN_OVER
    assert after_loss(MOST_LOSSES) is RunReason.LOST


@pytest.mark.parametrize(
    ("now", "is_work_running", "others", "expected"),
    [
        (NOON - MOMENT, False, [], Start.NOT_YET),
        (NOON, False, [], Start.NOW),
        (NOON, False, [True, True], Start.NOW),
        (NOON, True, [], Start.OVERLAP),
        (NOON, False, [True, False], Start.WAITS_FOR_OTHER),
    ],
)
def test_a_waiting_run_starts_at_its_time_and_in_its_turn(
    now: datetime, is_work_running: bool, others: list[bool], expected: Start
) -> None:
    found = start(
        wake_at=NOON, now=now, is_approval_awaited=False,
        is_work_running=is_work_running, others_succeeded=others,
    )  # fmt: skip

    assert found is expected


def test_a_run_that_awaits_approval_never_starts_by_time() -> None:
    found = start(
        wake_at=NOON, now=NOON + HOUR, is_approval_awaited=True, is_work_running=False, others_succeeded=[]
    )

    assert found is Start.AWAITS_APPROVAL


def test_a_run_is_overdue_only_after_the_full_grace_period() -> None:
    assert not is_overdue(NOON, NOON + OVERDUE)
    assert is_overdue(NOON, NOON + OVERDUE + MOMENT)


def minutes(*lengths: float) -> list[timedelta]:
    return [timedelta(minutes=length) for length in lengths]


def test_fewer_than_five_successes_give_no_usual_duration() -> None:
    assert longest_usual(minutes(3, 3, 3, 3)) is None
    assert longest_usual(minutes(3, 3, 3, 3, 3)) == timedelta(minutes=6)


def test_one_outlier_among_twenty_does_not_count() -> None:
    assert longest_usual(minutes(*[3] * 18, 4, 600)) == timedelta(minutes=8)


def test_among_fewer_runs_the_longest_counts() -> None:
    assert longest_usual(minutes(3, 3, 3, 3, 3, 5)) == timedelta(minutes=10)


def test_a_run_of_seconds_may_take_up_to_a_minute() -> None:
    assert longest_usual([timedelta(seconds=2)] * 5) == timedelta(minutes=1)


def test_a_run_is_too_long_only_after_the_full_limit() -> None:
    assert not is_too_long(NOON, NOON + HOUR, HOUR)
    assert is_too_long(NOON, NOON + HOUR + MOMENT, HOUR)
    assert not is_too_long(NOON, NOON + 9 * HOUR, None)


def test_the_grace_period_until_the_start_is_configurable() -> None:
    assert not is_overdue(NOON, NOON + HOUR, HOUR)
    assert is_overdue(NOON, NOON + HOUR + MOMENT, HOUR)
