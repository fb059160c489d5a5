"""What to do next about a child process. Decisions only: the supervisor handles time and processes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

STEADY_AFTER = timedelta(seconds=60)
"""A child that ran this long was healthy: its next death restarts the back-off."""

LONGEST_PAUSE = timedelta(seconds=5)
"""If the start takes a few seconds, a killed child serves again within ten seconds."""

GRACE = timedelta(seconds=3)
"""How long a child that was asked to stop may take before it is killed."""

CLOSE_WITHIN = timedelta(seconds=3.5)
"""How long all children together may take when everything stops; leaves time to reap within five seconds."""


JUDGED_AFTER = timedelta(seconds=90)
"""How long a program may take to be ready for the first time before it is judged like any other."""


class ChildAction(StrEnum):
    """What to do about a child now."""

    NOTHING = "nothing"
    START = "start"
    STOP = "stop"
    KILL = "kill"


@dataclass(frozen=True, slots=True)
class Child:
    """The state of a child process."""

    is_running: bool = False
    started_at: datetime | None = None
    ended_at: datetime | None = None
    asked_to_stop_at: datetime | None = None
    early_deaths: int = 0
    """Number of deaths in a row before it had run for long enough."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The desired state of a child: the same facts that an operator would look at."""

    is_held: bool = False
    """An operator stopped it on purpose."""
    may_start: bool = True
    """Everything that it must start after has been ready once, and what it judges is not merely starting."""
    closing_since: datetime | None = None
    has_running_dependents: bool = False


def pause_before_start(early_deaths: int) -> timedelta:
    """Return how long to wait after a death: none after the first, then doubling from half a second."""
    if early_deaths <= 1:
        return timedelta(0)
    doublings = min(early_deaths - 2, 10)
    return min(timedelta(seconds=0.5 * 2.0**doublings), LONGEST_PAUSE)


def after_death(child: Child, *, now: datetime) -> Child:
    """Return the new state of *child* after its process ended at *now*."""
    ran = now - child.started_at if child.started_at else timedelta(0)
    if child.asked_to_stop_at is not None:
        deaths = 0
    elif ran >= STEADY_AFTER:
        deaths = 1
    else:
        deaths = child.early_deaths + 1
    return Child(ended_at=now, early_deaths=deaths)


def is_news(dead: Child) -> bool:
    """Return whether to print a line about a death: for the first few, then one in twelve (once a minute)."""
    return dead.early_deaths <= 5 or dead.early_deaths % 12 == 0


def next_step(child: Child, wish: Wish, *, now: datetime) -> ChildAction:
    """Return what to do about *child* at *now*. Calling again is harmless: only the state decides."""
    if child.is_running:
        return _step_of_running(child, wish, now)
    if wish.is_held or wish.closing_since is not None or not wish.may_start:
        return ChildAction.NOTHING
    if child.ended_at is not None and now - child.ended_at < pause_before_start(child.early_deaths):
        return ChildAction.NOTHING
    return ChildAction.START


def _step_of_running(child: Child, wish: Wish, now: datetime) -> ChildAction:
    if wish.closing_since is not None and now - wish.closing_since >= CLOSE_WITHIN:
        return ChildAction.KILL
    if child.asked_to_stop_at is not None:
        return ChildAction.KILL if now - child.asked_to_stop_at >= GRACE else ChildAction.NOTHING
    if wish.is_held:
        return ChildAction.STOP
    # A program that others depend on stops last: a worker may still have samples for the store.
    if wish.closing_since is not None and not wish.has_running_dependents:
        return ChildAction.STOP
    return ChildAction.NOTHING
