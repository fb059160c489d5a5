"""Which end of an exception is allowed, in which state it is, and what it covers."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.engine.exceptions.rules import CoveringException, ExceptionState, ExceptionTimes, checked_end
from toban.engine.orders import NotPossible

NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)
DAY = timedelta(days=1)
YEAR = 365 * DAY
ROW = "monitoring/monitor/DB/メモリ"


@pytest.mark.parametrize("ends_at", [None, NOW, NOW - DAY])
def test_an_exception_needs_an_end_that_is_to_come(ends_at: datetime | None) -> None:
    with pytest.raises(NotPossible) as refused:
        checked_end(ends_at, "交換", now=NOW, longest=YEAR)

    assert refused.value.said.code == "exceptions.end-missing"


def test_an_exception_lasts_at_most_as_long_as_is_set() -> None:
    assert checked_end(NOW + YEAR, "交換", now=NOW, longest=YEAR) == NOW + YEAR

    with pytest.raises(NotPossible) as refused:
        checked_end(NOW + YEAR + timedelta(seconds=1), "交換", now=NOW, longest=YEAR)

    assert refused.value.said.code == "exceptions.too-long"


def test_an_exception_needs_a_reason() -> None:
    with pytest.raises(NotPossible) as refused:
        checked_end(NOW + DAY, " \n", now=NOW, longest=YEAR)

    assert refused.value.said.code == "exceptions.reason-missing"


@pytest.mark.parametrize(
    ("granted_at", "ended_at", "now", "state"),
    [
        (None, None, NOW, ExceptionState.ASKED),
        (None, NOW, NOW, ExceptionState.REJECTED),
        (NOW, None, NOW + DAY - timedelta(seconds=1), ExceptionState.IN_FORCE),
        # At its end it is over.
        (NOW, None, NOW + DAY, ExceptionState.ENDED),
        (NOW, NOW, NOW, ExceptionState.ENDED),
    ],
)
def test_the_state_of_an_exception_follows_from_its_times(
    granted_at: datetime | None, ended_at: datetime | None, now: datetime, state: ExceptionState
) -> None:
    assert ExceptionTimes(granted_at, NOW + DAY, ended_at).state(now) is state


@pytest.mark.parametrize(
    ("subject", "labels", "is_covered"),
    [
        ("", {"instance": "db-1"}, True),
        ("db-2", {"target": "DB", "instance": "db-2"}, True),
        ("db-2", {"target": "DB", "instance": "db-20"}, False),
        ("db-2", {}, False),
        # What people ordered is no deviation of the row, though its alert cites the row.
        ("", {"item": "approval"}, False),
        ("", {"item": "exception"}, False),
    ],
)
def test_an_exception_covers_its_subject_within_the_row(
    subject: str, labels: dict[str, str], is_covered: bool
) -> None:
    allowed = CoveringException(1, ROW, subject, "交換", "佐藤", NOW + DAY, holds_notices=True)

    assert allowed.covers(ROW, labels) is is_covered
    assert not allowed.covers("monitoring/monitor/DB/CPU", labels)
