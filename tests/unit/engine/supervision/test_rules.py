"""When a child is started, restarted, stopped and killed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from toban.engine.supervision.rules import (
    CLOSE_WITHIN,
    GRACE,
    LONGEST_PAUSE,
    STEADY_AFTER,
    Child,
    ChildAction,
    Wish,
    after_death,
    is_news,
    next_step,
    pause_before_start,
)

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
RUNNING = Child(is_running=True, started_at=NOON)
FREE = Wish()


def test_a_child_that_never_ran_is_started() -> None:
    assert next_step(Child(), FREE, now=NOON) is ChildAction.START


def test_a_child_waits_for_those_it_depends_on() -> None:
    assert next_step(Child(), Wish(may_start=False), now=NOON) is ChildAction.NOTHING


def test_a_running_child_is_left_alone() -> None:
    assert next_step(RUNNING, FREE, now=NOON) is ChildAction.NOTHING


def test_a_child_is_restarted_at_once_after_its_first_death() -> None:
    dead = after_death(RUNNING, now=NOON + timedelta(seconds=1))

    assert next_step(dead, FREE, now=NOON + timedelta(seconds=1)) is ChildAction.START


def test_a_child_that_keeps_dying_is_started_exactly_when_its_pause_ends() -> None:
    dead = Child(ended_at=NOON, early_deaths=3)
    pause = pause_before_start(3)

    assert next_step(dead, FREE, now=NOON + pause - MOMENT) is ChildAction.NOTHING
    assert next_step(dead, FREE, now=NOON + pause) is ChildAction.START


@pytest.mark.parametrize(("deaths", "seconds"), [(0, 0), (1, 0), (2, 0.5), (3, 1), (4, 2), (5, 4)])
def test_pauses_double_from_half_a_second(deaths: int, seconds: float) -> None:
    assert pause_before_start(deaths) == timedelta(seconds=seconds)


@pytest.mark.parametrize("deaths", [6, 7, 100_000])
def test_pauses_never_exceed_the_maximum(deaths: int) -> None:
    assert pause_before_start(deaths) == LONGEST_PAUSE


def test_early_deaths_are_counted() -> None:
    child = replace(RUNNING, early_deaths=2)

    assert after_death(child, now=NOON + STEADY_AFTER - MOMENT).early_deaths == 3


def test_a_child_that_ran_steadily_resets_its_count() -> None:
    child = replace(RUNNING, early_deaths=7)

    assert after_death(child, now=NOON + STEADY_AFTER).early_deaths == 1


def test_a_requested_stop_does_not_count_as_an_early_death() -> None:
    child = replace(RUNNING, early_deaths=4, asked_to_stop_at=NOON)

    assert after_death(child, now=NOON + MOMENT).early_deaths == 0


def test_a_held_child_is_asked_to_stop_and_not_restarted() -> None:
    held = Wish(is_held=True)

    assert next_step(RUNNING, held, now=NOON) is ChildAction.STOP
    assert next_step(Child(ended_at=NOON), held, now=NOON + timedelta(days=1)) is ChildAction.NOTHING


def test_a_child_that_ignores_the_stop_request_is_killed_after_the_grace_period() -> None:
    asked = replace(RUNNING, asked_to_stop_at=NOON)
    held = Wish(is_held=True)

    assert next_step(asked, held, now=NOON + GRACE - MOMENT) is ChildAction.NOTHING
    assert next_step(asked, held, now=NOON + GRACE) is ChildAction.KILL


def test_during_shutdown_a_child_stops_only_after_its_dependents() -> None:
    needed = Wish(closing_since=NOON, has_running_dependents=True)

    assert next_step(RUNNING, needed, now=NOON) is ChildAction.NOTHING
    assert next_step(RUNNING, replace(needed, has_running_dependents=False), now=NOON) is ChildAction.STOP


def test_during_shutdown_no_child_outlives_the_limit_whatever_depends_on_it() -> None:
    needed = Wish(closing_since=NOON, has_running_dependents=True)

    assert next_step(RUNNING, needed, now=NOON + CLOSE_WITHIN - MOMENT) is ChildAction.NOTHING
    assert next_step(RUNNING, needed, now=NOON + CLOSE_WITHIN) is ChildAction.KILL


def test_during_shutdown_nothing_is_started() -> None:
    assert next_step(Child(), Wish(closing_since=NOON), now=NOON) is ChildAction.NOTHING


def test_a_child_that_keeps_dying_is_reported_only_now_and_then() -> None:
    told = [deaths for deaths in range(1, 37) if is_news(Child(early_deaths=deaths))]

    assert told == [1, 2, 3, 4, 5, 12, 24, 36]
