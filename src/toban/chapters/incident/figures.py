"""Figures over incidents: how fast they are answered and over, how many of which level and pattern. Pure.

Drills, and what was merged into another incident, are left out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import mean, median
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class IncidentSpan:
    """An incident, as far as figures need it."""

    number: int
    level: str
    patterns: tuple[str, ...]
    """The known failures that its alerts matched, in the document's words; empty for an unknown one."""
    detected_at: datetime
    responded_at: datetime | None = None
    recovered_at: datetime | None = None
    is_drill: bool = False
    is_merged: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is an incident of its own that customers suffered from."""
        return not (self.is_drill or self.is_merged)

    @property
    def to_response(self) -> timedelta | None:
        """The time to the response; what was over before anybody answered has none."""
        return self.responded_at - self.detected_at if self.responded_at is not None else None

    @property
    def to_recovery(self) -> timedelta | None:
        """The time to the recovery."""
        return self.recovered_at - self.detected_at if self.recovered_at is not None else None


@dataclass(frozen=True, slots=True)
class TimeFigure:
    """How long something took."""

    count: int
    """How many incidents it is known of."""
    mean: timedelta | None
    """None if it is known of none."""
    median: timedelta | None
    longest: timedelta | None


@dataclass(frozen=True, slots=True)
class IncidentFigures:
    """Figures over some incidents."""

    count: int
    ongoing: int
    to_response: TimeFigure
    """MTTA."""
    to_recovery: TimeFigure
    """MTTR."""


def figures(incidents: Iterable[IncidentSpan]) -> IncidentFigures:
    """Return the figures over *incidents*."""
    found = [each for each in incidents if each.counts]
    return IncidentFigures(
        len(found),
        sum(each.recovered_at is None for each in found),
        _time(each.to_response for each in found),
        _time(each.to_recovery for each in found),
    )


def by_level(incidents: Iterable[IncidentSpan], levels: Sequence[str]) -> Mapping[str, IncidentFigures]:
    """Return the figures of each level, in the document's order; levels that are in no document follow."""
    found = [each for each in incidents if each.counts]
    names = dict.fromkeys((*levels, *(each.level for each in found)))
    return {name: figures(each for each in found if each.level == name) for name in names}


def by_pattern(incidents: Iterable[IncidentSpan]) -> Mapping[str, int]:
    """Return how many incidents matched each known failure, the most frequent first; empty: unknown ones."""
    found = [each for each in incidents if each.counts]
    return dict(Counter(name for each in found for name in (each.patterns or ("",))).most_common())


def by_month(
    incidents: Iterable[IncidentSpan], zone: ZoneInfo, months: int, today: date
) -> Mapping[date, IncidentFigures]:
    """Return the figures of the last *months* months by their first day, the oldest first.

    An incident belongs to the month in which it was detected, in the document's zone.
    """
    first = today.replace(day=1)
    starts = [first]
    while len(starts) < months:
        starts.append((starts[-1] - timedelta(days=1)).replace(day=1))
    found = [(each.detected_at.astimezone(zone).date().replace(day=1), each) for each in incidents]
    return {start: figures(each for month, each in found if month == start) for start in reversed(starts)}


def _time(spans: Iterable[timedelta | None]) -> TimeFigure:
    seconds = [max(each.total_seconds(), 0.0) for each in spans if each is not None]
    if not seconds:
        return TimeFigure(0, None, None, None)
    return TimeFigure(
        len(seconds), *(timedelta(seconds=each) for each in (mean(seconds), median(seconds), max(seconds)))
    )
