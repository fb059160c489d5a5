"""Runs drawn: a day as lanes of bars, and how long the last ones took. Lengths are in SVG units."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.urls import reverse

from toban.engine.runs.models import Run
from toban.faces.words.runs import Standing, standing

DAY_WIDTH = 1440
_NARROWEST = 5
"""So that a short run can still be seen and clicked."""

CHART_HEIGHT = 80
BAR_STEP = 10
_LOWEST = 3
_FEWEST = 20
"""Bars that have room at least: of one run alone the only bar would be as wide as the page."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A run, or a time that is still to come."""

    x: int
    width: int
    kind: str
    title: str
    address: str
    y: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """A day from midnight to midnight; its clock may be set back or forward within."""

    start: datetime
    end: datetime

    def place(self, moment: datetime) -> int:
        """Return where *moment* is; before or after the day it is at its edge."""
        share = (moment - self.start) / (self.end - self.start)
        return round(min(max(share, 0.0), 1.0) * DAY_WIDTH)

    def holds(self, moment: datetime) -> bool:
        """Whether *moment* is within the day."""
        return self.start <= moment < self.end


def began(run: Run) -> datetime:
    """Return when *run* began, or should begin."""
    return run.began_at or run.due_at


def touches(run: Run, day: Day, now: datetime) -> bool:
    """Whether *run* has anything to do with *day*."""
    return began(run) < day.end and (_ended(run, now) >= day.start or day.holds(run.due_at))


def _ended(run: Run, now: datetime) -> datetime:
    if run.began_at is None:
        return run.due_at
    return run.ended_at or now


def run_bar(run: Run, day: Day, now: datetime, title: str) -> Bar:
    """Draw *run* from its begin to its end; one that never began is a mark at its due time."""
    first, last = day.place(began(run)), day.place(_ended(run, now))
    width = max(last - first, _NARROWEST)
    # A mark at the day's very end stays within it.
    x = min(first, DAY_WIDTH - width)
    return Bar(x, width, standing(run).value, title, reverse("run", args=[run.pk]))


def planned_bars(due: Iterable[tuple[datetime, str]], day: Day, address: str) -> list[Bar]:
    """Draw times to come, each with its title."""
    return [
        Bar(
            min(day.place(moment), DAY_WIDTH - _NARROWEST),
            _NARROWEST,
            Standing.PLANNED.value,
            title,
            address,
        )
        for moment, title in due
    ]


@dataclass(frozen=True, slots=True)
class Durations:
    """How long runs took, oldest first."""

    bars: tuple[Bar, ...]
    longest: timedelta | None
    usual: timedelta | None
    """The median of those that succeeded."""
    usual_y: int = 0

    @property
    def width(self) -> int:
        """The drawing's width."""
        return max(len(self.bars), _FEWEST) * BAR_STEP


def length_of(run: Run) -> timedelta | None:
    """Return how long *run* took from its first attempt's begin to its end; None while that is open."""
    return run.ended_at - run.began_at if run.began_at and run.ended_at else None


def usual_length(runs: Iterable[Run]) -> timedelta | None:
    """Return the median length of those of *runs* that succeeded; None without any."""
    done = (length_of(run) for run in runs if run.state == Run.State.DONE)
    lengths = [length for length in done if length is not None]
    return median_length(lengths) if lengths else None


def median_length(lengths: Iterable[timedelta]) -> timedelta:
    """Return the median of one length or more."""
    return timedelta(seconds=median(length.total_seconds() for length in lengths))


def durations(runs: Sequence[Run], titles: Sequence[str]) -> Durations:
    """Draw *runs*, oldest first, each with its title; one that never began is a mark on the ground."""
    lengths = [length_of(run) for run in runs]
    longest = max((length for length in lengths if length is not None), default=None)
    bars = []
    for index, (run, length, title) in enumerate(zip(runs, lengths, titles, strict=True)):
        height = _height(length, longest)
        kind, address = standing(run).value, reverse("run", args=[run.pk])
        bars.append(Bar(index * BAR_STEP, BAR_STEP - 2, kind, title, address, CHART_HEIGHT - height, height))
    usual = usual_length(runs)
    return Durations(tuple(bars), longest, usual, CHART_HEIGHT - _height(usual, longest) if usual else 0)


def _height(length: timedelta | None, longest: timedelta | None) -> int:
    if length is None or not longest:
        return _LOWEST
    return max(round(length / longest * CHART_HEIGHT), _LOWEST)
