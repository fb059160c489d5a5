"""When a measure is overdue, a failure has come again, and an incident owes something."""

from datetime import UTC, date, datetime, timedelta

import pytest

from toban.chapters.incident.measures.rules import (
    IncidentDebt,
    MeasureState,
    RecurrenceFacts,
    prevention,
    state_of,
)

NOON = datetime(2026, 4, 6, 3, tzinfo=UTC)
DAY = timedelta(days=1)
TODAY = date(2026, 4, 6)


@pytest.mark.parametrize(
    ("due_on", "state"),
    [
        (TODAY, MeasureState.OPEN),
        (TODAY - DAY, MeasureState.OVERDUE),
    ],
)
def test_a_measure_is_overdue_from_the_day_after(due_on: date, state: MeasureState) -> None:
    assert state_of(kept_at=None, withdrawn_at=None, due_on=due_on, today=TODAY) is state


def test_what_is_done_or_withdrawn_is_never_overdue() -> None:
    late = TODAY - DAY
    assert state_of(kept_at=NOON, withdrawn_at=None, due_on=late, today=TODAY) is MeasureState.KEPT
    assert state_of(kept_at=NOON, withdrawn_at=NOON, due_on=late, today=TODAY) is MeasureState.WITHDRAWN


def test_days_without_recurrence_are_counted_from_the_recovery() -> None:
    facts = RecurrenceFacts(NOON, [], [])

    assert facts.days_without(NOON + 12 * DAY) == 12
    assert facts.days_without(NOON + 12 * DAY - timedelta(seconds=1)) == 11
    assert str(facts.said(NOON + 12 * DAY)) == "12 日 再発なし"
    assert RecurrenceFacts(None, [], []).days_without(NOON) is None
    assert str(RecurrenceFacts(None, [], []).said(NOON)) == "継続中"


def test_a_recurrence_ends_the_count_and_asks_again_until_another_measure_is_named() -> None:
    came = NOON + 5 * DAY

    again = RecurrenceFacts(NOON, [came], [NOON + DAY])
    assert again.days_without(NOON + 30 * DAY) == 5
    assert again.asks_again
    assert str(again.said(NOON + 30 * DAY)) == "復旧から 5 日で再発(計 1 回)"
    assert not RecurrenceFacts(NOON, [came], [NOON + DAY, came]).asks_again
    assert not RecurrenceFacts(NOON, [], []).asks_again


def test_closed_without_report_or_measure_is_owed_and_overdue_measures_are() -> None:
    kept, overdue, gone = MeasureState.KEPT, MeasureState.OVERDUE, MeasureState.WITHDRAWN
    found = prevention(
        [
            IncidentDebt(1, is_closed=True, has_report=True, measures=[kept]),
            IncidentDebt(2, is_closed=True, has_report=False, measures=[kept]),
            IncidentDebt(3, is_closed=True, has_report=True, measures=[gone]),
            IncidentDebt(4, is_closed=False, has_report=False, measures=[]),
            IncidentDebt(5, is_closed=True, has_report=True, measures=[kept, overdue]),
        ]
    )

    assert (found.unproven, found.overdue) == ((2, 3), (5,))
