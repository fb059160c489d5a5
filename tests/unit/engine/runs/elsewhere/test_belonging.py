"""Which due time a report belongs to, at the boundaries."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.engine.runs.elsewhere.belonging import Due, ReportWord, due_of

TWO = datetime(2026, 4, 1, 17, tzinfo=UTC)
TOMORROW = TWO + timedelta(days=1)
WITHIN = timedelta(minutes=30)
SECOND = timedelta(seconds=1)
OPEN, ENDED = Due(TWO), Due(TWO, is_done=True)


def belongs(
    word: ReportWord, at: datetime, previous: Due | None = OPEN, upcoming: datetime | None = TOMORROW
) -> datetime | None:
    return due_of(word, at, previous=previous, upcoming=upcoming, within=WITHIN)


@pytest.mark.parametrize("word", ReportWord)
def test_a_report_belongs_to_the_last_due_time_however_late_it_is(word: ReportWord) -> None:
    assert belongs(word, TWO) == TWO
    assert belongs(word, TWO + timedelta(hours=20)) == TWO


def test_a_report_up_to_a_minute_early_belongs_to_the_next_run() -> None:
    assert belongs(ReportWord.START, TOMORROW - timedelta(minutes=1)) == TOMORROW
    assert belongs(ReportWord.START, TOMORROW - timedelta(minutes=1) - SECOND) == TWO


def test_a_job_run_every_minute_may_be_early_by_a_tenth_of_a_minute() -> None:
    next_minute = TWO + timedelta(minutes=1)

    assert belongs(ReportWord.SUCCESS, next_minute - 6 * SECOND, upcoming=next_minute) == next_minute
    assert belongs(ReportWord.SUCCESS, next_minute - 7 * SECOND, upcoming=next_minute) == TWO


def test_a_start_after_a_success_is_a_run_outside_the_schedule() -> None:
    assert belongs(ReportWord.START, TWO + timedelta(minutes=5), ENDED) is None


def test_a_second_success_changes_nothing() -> None:
    assert belongs(ReportWord.SUCCESS, TWO + timedelta(hours=5), ENDED) == TWO
    assert belongs(ReportWord.LOG, TWO + timedelta(hours=5), ENDED) == TWO


def test_a_failure_after_a_success_belongs_to_the_same_run_while_reports_are_awaited() -> None:
    assert belongs(ReportWord.FAIL, TWO + WITHIN, ENDED) == TWO
    assert belongs(ReportWord.FAIL, TWO + WITHIN + SECOND, ENDED) is None


@pytest.mark.parametrize("word", ReportWord)
def test_a_report_before_the_first_due_time_is_a_run_outside_the_schedule(word: ReportWord) -> None:
    assert belongs(word, TOMORROW - timedelta(hours=3), previous=None) is None
    assert belongs(word, TOMORROW - SECOND, previous=None) == TOMORROW


def test_a_schedule_that_is_never_due_again_still_has_its_last_due_time() -> None:
    assert belongs(ReportWord.SUCCESS, TWO + timedelta(days=40), upcoming=None) == TWO
