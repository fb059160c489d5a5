from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toban.chapters.release.rows import dora
from toban.chapters.release.rows.dora import Delivery, figures
from toban.engine.bindings.model import System
from toban.message import NOTHING, Message

TOKYO = ZoneInfo("Asia/Tokyo")
APRIL = dora.month_of(date(2026, 4, 14), System())
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START, END = APRIL
LATER = END + 60 * DAY


def release(number: int, at: datetime, *waits: timedelta, is_bad: bool = False) -> Delivery:
    return Delivery(number, False, is_bad, at, tuple(at - each for each in waits))


def rollback(number: int, undoes: int, served_at: datetime, *, took: timedelta) -> Delivery:
    checked_at = served_at + HOUR / 60
    return Delivery(number, True, False, served_at, (), undoes, checked_at - took, checked_at)


def test_a_month_begins_at_midnight_of_the_documents_zone() -> None:
    assert datetime(2026, 4, 1, tzinfo=TOKYO) == START
    assert datetime(2026, 5, 1, tzinfo=TOKYO) == END
    assert dora.month_of(date(2026, 12, 31), System())[1] == datetime(2027, 1, 1, tzinfo=TOKYO)


def test_the_four_figures_of_a_month() -> None:
    history = [
        release(1, START + 2 * DAY, 2 * HOUR, 4 * HOUR),
        release(2, START + 9 * DAY, 6 * HOUR, is_bad=True),
        rollback(3, 2, START + 9 * DAY + HOUR, took=4 * HOUR / 60),
        release(4, START + 16 * DAY, 8 * HOUR),
    ]

    found = figures(history, APRIL, LATER)

    assert (found.deployments, found.failures, found.restores) == (3, 1, 1)
    assert found.failure_rate == pytest.approx(1 / 3)
    assert found.lead_time == 5 * HOUR
    assert found.restore_time == 4 * HOUR / 60
    assert found.per_week == pytest.approx(3 * 7 / 30)
    assert found.too_few == Message("release-rows.too-few-for-figures", count=3, wanted=5)


def test_a_release_that_is_followed_by_its_rollback_has_failed() -> None:
    history = [release(1, START + DAY), rollback(2, 1, START + 40 * DAY, took=HOUR)]

    found = figures(history, APRIL, LATER)

    # The way back was in May: it restores there, and the release failed in April.
    assert (found.deployments, found.failures, found.restores) == (1, 1, 0)
    may = figures(history, dora.month_of(date(2026, 5, 1), System()), LATER)
    assert (may.deployments, may.failure_rate, may.restores) == (0, None, 1)


def test_the_first_moment_of_a_month_counts_and_the_last_of_the_next_does_not() -> None:
    moments = (START - HOUR, START, END - HOUR, END)

    assert figures([release(n, at) for n, at in enumerate(moments)], APRIL, LATER).deployments == 2


def test_a_month_that_is_not_over_counts_the_days_that_have_begun() -> None:
    assert figures([], APRIL, START + 9 * DAY + HOUR).days == 10
    assert figures([], APRIL, START - DAY).per_week is None
    assert figures([], APRIL, LATER).days == 30


def test_nothing_is_said_about_nothing() -> None:
    found = figures([], APRIL, LATER)

    assert (found.lead_time, found.failure_rate, found.restore_time) == (None, None, None)
    five = [release(n, START + n * DAY) for n in range(5)]
    assert figures(five, APRIL, LATER).too_few == NOTHING


def test_a_commit_from_a_clock_that_is_ahead_waited_for_nothing() -> None:
    assert figures([release(1, START + DAY, -HOUR)], APRIL, LATER).lead_time == timedelta(0)


MINUTES = st.integers(-30 * 24 * 60, 60 * 24 * 60)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(MINUTES, st.integers(0, 500), st.booleans(), st.booleans()), max_size=12))
def test_the_figures_of_any_history_are_those_counted_by_hand(
    drawn: Sequence[tuple[int, int, bool, bool]],
) -> None:
    history: list[Delivery] = []
    for number, (minute, wait, is_bad, goes_back) in enumerate(drawn):
        at = START + timedelta(minutes=minute)
        history.append(replace(release(number, at, timedelta(minutes=wait)), is_bad=is_bad))
        if goes_back:
            history.append(rollback(100 + number, number, at + HOUR, took=timedelta(minutes=1 + wait)))

    found = figures(history, APRIL, LATER)

    mine = [each for each in drawn if 0 <= each[0] < 30 * 24 * 60]
    back = [wait for minute, wait, _, goes_back in drawn if goes_back and 0 <= minute + 61 < 30 * 24 * 60]
    assert found.deployments == len(mine)
    assert found.failures == sum(is_bad or goes_back for *_, is_bad, goes_back in mine)
    assert found.restores == len(back)
    if mine:
        assert found.lead_time == timedelta(minutes=median(wait for _, wait, *_ in mine))
    if back:
        assert found.restore_time == timedelta(minutes=median(1 + wait for wait in back))
