"""The two clocks of an incident."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.chapters.incident.clocks.rules import Clock, ClockState, IncidentTimes, Limits, clock, limits_of
from toban.design.clauses.incident import IncidentLevel
from toban.design.origin import Origin
from toban.design.values.duration import Duration, TimeUnit
from toban.design.values.hours import Hours, read_hours
from toban.design.values.severity import IncidentSeverity
from toban.engine.bindings.model import System

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 11, 25, 12, tzinfo=TOKYO)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WORKING = read_hours("平日 9:00-18:00") or Hours()


def level(
    respond: Duration | None = None, recover: Duration | None = None, *, is_immediate: bool = False
) -> IncidentLevel:
    return IncidentLevel(
        id="incident/level/L", origin=Origin("運用設計書.md", 174), text="L", name="L",
        severity=IncidentSeverity.LOW, definition="", respond_within=respond, is_immediate=is_immediate,
        recover_within=recover,
    )  # fmt: skip


def limits(row: IncidentLevel | None, at: datetime = NOON) -> Limits:
    return limits_of(row, at, immediate=5 * MINUTE, system=System(), hours=WORKING)


def hours(count: int) -> Duration:
    return Duration(Decimal(count), TimeUnit.HOUR)


def test_at_once_is_what_is_assumed() -> None:
    found = limits(level(recover=hours(1), is_immediate=True))

    assert found == Limits(NOON + 5 * MINUTE, NOON + HOUR)


def test_a_level_without_a_limit_has_none() -> None:
    assert limits(level(respond=hours(4))) == Limits(NOON + 4 * HOUR, None)
    assert limits(None) == Limits(None, None)


@pytest.mark.parametrize(
    ("detected", "due"),
    [
        (datetime(2026, 11, 25, 12, tzinfo=TOKYO), datetime(2026, 11, 26, 18, tzinfo=TOKYO)),
        # A Friday evening at a month's end.
        (datetime(2026, 7, 31, 22, tzinfo=TOKYO), datetime(2026, 8, 3, 18, tzinfo=TOKYO)),
        # The Friday before a holiday that is a Monday.
        (datetime(2026, 11, 20, 17, tzinfo=TOKYO), datetime(2026, 11, 24, 18, tzinfo=TOKYO)),
        # A month that ends on a Saturday.
        (datetime(2026, 10, 31, 3, tzinfo=TOKYO), datetime(2026, 11, 2, 18, tzinfo=TOKYO)),
    ],
)
def test_a_business_day_ends_with_the_hours_of_the_next(detected: datetime, due: datetime) -> None:
    found = limits(level(respond=Duration(Decimal(1), TimeUnit.BUSINESS_DAY)), detected)

    assert found.respond_by == due


@pytest.mark.parametrize(
    ("elapsed", "state"),
    [
        (timedelta(0), ClockState.RUNNING),
        (45 * MINUTE - timedelta(seconds=1), ClockState.RUNNING),
        (45 * MINUTE, ClockState.DUE_SOON),
        (HOUR, ClockState.DUE_SOON),
        (HOUR + timedelta(microseconds=1), ClockState.OVERDUE),
    ],
)
def test_a_clock_warns_after_three_quarters_and_is_overdue_after_its_time(
    elapsed: timedelta, state: ClockState
) -> None:
    assert clock(NOON, NOON + HOUR, None, NOON + elapsed).state is state


@pytest.mark.parametrize(
    ("ended", "state"), [(HOUR, ClockState.KEPT), (HOUR + timedelta(microseconds=1), ClockState.LATE)]
)
def test_what_happens_at_the_very_end_is_in_time(ended: timedelta, state: ClockState) -> None:
    assert clock(NOON, NOON + HOUR, NOON + ended, NOON + 9 * HOUR).state is state


def test_without_a_limit_only_the_time_is_told() -> None:
    assert clock(NOON, None, None, NOON + HOUR) == Clock(ClockState.UNLIMITED, None, HOUR, is_over=False)


def test_what_is_over_needs_no_answer() -> None:
    times = IncidentTimes(NOON, None, NOON + MINUTE, Limits(NOON + 5 * MINUTE, NOON + HOUR))

    assert times.response(NOON + HOUR).state is ClockState.KEPT


@given(
    due=st.timedeltas(timedelta(seconds=1), timedelta(days=30)),
    ended=st.none() | st.timedeltas(timedelta(0), timedelta(days=60)),
    now=st.timedeltas(timedelta(0), timedelta(days=60)),
)
def test_a_promise_once_broken_is_never_kept_later(
    due: timedelta, ended: timedelta | None, now: timedelta
) -> None:
    done = NOON + ended if ended is not None and ended <= now else None
    found = clock(NOON, NOON + due, done, NOON + now)
    later = clock(NOON, NOON + due, done, NOON + now + HOUR)

    assert found.state.is_broken == ((now if done is None else ended or timedelta(0)) > due)
    assert not found.state.is_broken or later.state.is_broken
