from datetime import UTC, datetime, timedelta

from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.status import StatusChange, StatusUpdate, change
from toban.engine.evidence.verdict import Verdict
from toban.engine.message_field import storable
from toban.message import NOTHING, Message, plain

VALUE = plain("42%")
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


def shown(
    observed_at: datetime | None = NOON, value: Message = VALUE, reason: Message = NOTHING
) -> ClauseStatus:
    return ClauseStatus(
        clause_id="monitoring/monitor/db",
        verdict=Verdict.CONFORMING,
        since=NOON,
        value=value,
        reason=reason,
        observed_at=observed_at,
        holds_until=NOON + timedelta(minutes=4),
        revision=1,
    )


def update(
    verdict: Verdict = Verdict.CONFORMING, value: Message = VALUE, observed_at: datetime = NOON
) -> StatusUpdate:
    return StatusUpdate("monitoring/monitor/db", verdict, value, NOTHING, observed_at)


def test_the_first_status_of_a_clause_is_a_verdict_change() -> None:
    assert change(None, update(), NOON) is StatusChange.VERDICT


def test_a_different_verdict_is_a_verdict_change_whatever_the_value() -> None:
    assert change(shown(), update(Verdict.DEVIATING), NOON) is StatusChange.VERDICT


def test_a_different_value_under_the_same_verdict_is_a_detail() -> None:
    assert change(shown(), update(value=plain("43%")), NOON) is StatusChange.DETAIL


def test_a_different_reason_is_a_detail() -> None:
    assert change(shown(reason=plain("測定中")), update(), NOON) is StatusChange.DETAIL


def test_the_same_status_within_a_minute_is_no_change() -> None:
    later = NOON + timedelta(seconds=59, milliseconds=999)

    assert change(shown(), update(observed_at=later), NOON) is StatusChange.NONE


def test_the_same_status_after_exactly_a_minute_is_a_refresh() -> None:
    assert change(shown(), update(observed_at=NOON + timedelta(minutes=1)), NOON) is StatusChange.FRESHER


def test_a_value_that_the_database_stores_otherwise_is_not_a_change_each_time() -> None:
    written = Message("batch.named", key="B\x001")

    assert change(shown(value=storable(written)), update(value=written), NOON) is StatusChange.NONE


def test_the_same_verdict_after_a_gap_is_a_verdict_change() -> None:
    later = NOON + timedelta(minutes=4)

    assert change(shown(), update(observed_at=later), later) is StatusChange.VERDICT


def test_an_observation_that_is_out_of_date_itself_adds_nothing_to_one() -> None:
    assert change(shown(), update(), NOON + timedelta(hours=1)) is StatusChange.NONE
