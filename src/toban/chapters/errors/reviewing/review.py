"""What changed from one week to the next: new, growing, shrinking, gone, back. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

WEEK = timedelta(days=7)
_FACTOR = 2
"""An error grows if its count is multiplied by at least this."""
_FEW = 5
"""Below this many events, a doubling is chance."""


class ErrorTrend(StrEnum):
    """How an error developed in a week, most urgent first."""

    NEW = "new"
    BACK = "back"
    """It was resolved before."""
    GROWS = "grows"
    STAYS = "stays"
    SHRINKS = "shrinks"
    GONE = "gone"
    """It happened the week before, but not in this one."""


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days, starting on a Monday, in the document's time zone."""

    monday: date
    zone: tzinfo

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return datetime.combine(self.monday, time(), self.zone)

    @property
    def end(self) -> datetime:
        """The first moment of the next week."""
        return datetime.combine(self.monday + WEEK, time(), self.zone)

    @property
    def before(self) -> "Week":
        """The week before."""
        return Week(self.monday - WEEK, self.zone)

    @property
    def after(self) -> "Week":
        """The week after."""
        return Week(self.monday + WEEK, self.zone)


def week_of(day: date, zone: tzinfo) -> Week:
    """Return the week of *day*."""
    return Week(day - timedelta(days=day.weekday()), zone)


@dataclass(frozen=True, slots=True)
class ErrorWeek:
    """One error in a week and the one before."""

    number: int
    first_seen: datetime
    regressed_at: datetime | None
    count: int
    before: int


@dataclass(frozen=True, slots=True)
class ReviewedError:
    """One error and its trend."""

    number: int
    trend: ErrorTrend
    count: int
    before: int


def trend(error: ErrorWeek, week: Week) -> ErrorTrend | None:
    """Return the trend of *error* in *week*; None if it happened in neither week."""
    if not error.count:
        return ErrorTrend.GONE if error.before else None
    if week.start <= error.first_seen < week.end:
        return ErrorTrend.NEW
    if error.regressed_at is not None and week.start <= error.regressed_at < week.end:
        return ErrorTrend.BACK
    if error.count >= max(_FEW, error.before * _FACTOR):
        return ErrorTrend.GROWS
    if error.before >= max(_FEW, error.count * _FACTOR):
        return ErrorTrend.SHRINKS
    return ErrorTrend.STAYS


def review(errors: Iterable[ErrorWeek], week: Week) -> list[ReviewedError]:
    """Return the trend of each of *errors*, most urgent first, then most frequent."""
    ranks = list(ErrorTrend)
    return sorted(
        _reviewed(errors, week),
        key=lambda each: (ranks.index(each.trend), -each.count, -each.before, each.number),
    )


def _reviewed(errors: Iterable[ErrorWeek], week: Week) -> Iterator[ReviewedError]:
    for each in errors:
        found = trend(each, week)
        if found is not None:
            yield ReviewedError(each.number, found, each.count, each.before)
