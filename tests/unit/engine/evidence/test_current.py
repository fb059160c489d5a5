from datetime import UTC, datetime, timedelta

import pytest

from toban.engine.evidence.current import as_of
from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.message import NOTHING, Message, plain

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def update(
    verdict: Verdict = Verdict.CONFORMING,
    next_due: datetime | None = None,
    every: timedelta = MINUTE,
    observed_at: datetime = NOON,
) -> StatusUpdate:
    return StatusUpdate("db", verdict, plain("42%"), NOTHING, observed_at, next_due, every=every)


def shown(update: StatusUpdate) -> ClauseStatus:
    return ClauseStatus(
        clause_id=update.clause_id,
        verdict=update.verdict,
        since=NOON - DAY,
        value=update.value,
        reason=update.reason,
        observed_at=update.observed_at,
        next_due=update.next_due,
        holds_until=update.holds_until,
        revision=7,
    )


def test_a_row_judged_all_the_time_holds_for_four_minutes() -> None:
    assert update().holds_until == NOON + 4 * MINUTE


def test_a_row_measured_every_hour_holds_as_long_as_its_worker_would_wait() -> None:
    assert update(every=2 * HOUR).holds_until == NOON + 2 * HOUR + 2 * MINUTE


def test_a_daily_backup_holds_until_the_next_is_due() -> None:
    assert update(next_due=NOON + DAY).holds_until == NOON + DAY + 2 * MINUTE


def test_a_due_time_that_has_passed_shortens_nothing() -> None:
    assert update(next_due=NOON - DAY).holds_until == NOON + 4 * MINUTE


@pytest.mark.parametrize("verdict", [Verdict.UNBOUND, Verdict.NOT_MEASURABLE])
def test_what_claims_nothing_about_reality_does_not_age(verdict: Verdict) -> None:
    old = shown(update(verdict))

    assert as_of(old, NOON + 400 * DAY) is old


def test_a_judgement_counts_until_just_before_its_exclusive_end() -> None:
    status = shown(update())

    assert as_of(status, NOON + 4 * MINUTE - timedelta(microseconds=1)) is status


@pytest.mark.parametrize("verdict", [Verdict.CONFORMING, Verdict.WARNING, Verdict.DEVIATING])
def test_a_judgement_out_of_date_is_not_measurable_since_then_and_says_what_was_last(
    verdict: Verdict,
) -> None:
    found = as_of(shown(update(verdict)), NOON + HOUR)

    assert (found.verdict, found.since) == (Verdict.NOT_MEASURABLE, NOON + 4 * MINUTE)
    assert (found.value, found.observed_at, found.revision) == (NOTHING, NOON, 7)
    assert found.reason == Message("evidence.judgement-out-of-date", mark=verdict.mark, value=plain("42%"))


def test_a_judgement_of_a_time_to_come_counts_no_more_than_an_old_one() -> None:
    status = shown(update(observed_at=NOON + 2 * MINUTE + timedelta(seconds=1)))

    assert as_of(status, NOON).verdict == Verdict.NOT_MEASURABLE


def test_clocks_two_minutes_apart_agree_on_a_judgement() -> None:
    status = shown(update(observed_at=NOON + 2 * MINUTE))

    assert as_of(status, NOON) is status
