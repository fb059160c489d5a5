"""Service levels drawn: a month's error budget as it goes down, and its days as bars. Pure; SVG units."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from toban.chapters.objectives import periods, rules
from toban.chapters.objectives.rules import Tally
from toban.chapters.objectives.sli import Sli

STEP = 20
"""The width of a day."""
CHART_HEIGHT, BAR_HEIGHT = 120, 40
_WHOLE = 0.995
"""A day of which this share is known has no gap worth drawing: a probe may miss a slice at a restart."""


class Kept(StrEnum):
    """What a day came to."""

    CONFORMING = "conforming"
    PLANNED = "planned"
    """The target was missed in planned maintenance alone."""
    DEVIATING = "deviating"
    GAP = "gap"
    """Nothing is known."""


@dataclass(frozen=True, slots=True)
class LevelDay:
    """A day of a month, up to today."""

    date: date
    kept: Kept
    known: Tally
    share_known: float
    """Of the day, of today so far: 0 to 1."""
    budget_left: float | None
    """Of the month's budget at the day's end, 0 to 1; None for an objective without one."""

    @property
    def has_gap(self) -> bool:
        """Whether part of the day is unknown."""
        return self.share_known < _WHOLE


@dataclass(frozen=True, slots=True)
class DayBar:
    """A day as a bar: as high as is known of it, the rest is a gap."""

    x: int
    kept: str
    height: int
    gap: int
    """The height of what is unknown, from the top."""
    planned: int
    """The width of a mark for planned maintenance; 0 without any."""
    day: LevelDay


@dataclass(frozen=True, slots=True)
class BudgetChart:
    """What was left of a month's budget at the end of each day."""

    width: int
    known: str
    """An SVG path over the days of which something is known."""
    unknown: str
    """And one over the others."""
    gaps: tuple[tuple[int, str], ...]
    """Where days with a gap stand, and how opaque: `0.3` for one of which 70% are known."""


def level_days(
    sli: Sli, first: date, days: Mapping[date, Tally], zone: ZoneInfo, now: datetime
) -> list[LevelDay]:
    """Return the days of the month from *first* on, up to today."""
    length = periods.length(periods.month_span(first, zone))
    found, so_far = [], Tally()
    for day in _days_of(first, now.astimezone(zone).date()):
        known = days.get(day, Tally())
        so_far += known
        budget = rules.budget(sli.metric, sli.limit, length, so_far)
        left = budget.share_left if budget is not None else None
        found.append(LevelDay(day, _kept(sli, known), known, _share(known, day, zone, now), left))
    return found


def _days_of(first: date, today: date) -> Iterator[date]:
    day = first
    while day.month == first.month and day <= today:
        yield day
        day += timedelta(days=1)


def _share(known: Tally, day: date, zone: ZoneInfo, now: datetime) -> float:
    start, end = periods.day_span(day, zone)
    passed = periods.length((start, min(end, now))).total_seconds()
    return min(known.covered / passed, 1.0) if passed > 0 else 0.0


def _kept(sli: Sli, known: Tally) -> Kept:
    if known.mean is None:
        return Kept.GAP
    if known.mean_unplanned is not None and not keeps(sli, known.mean_unplanned):
        return Kept.DEVIATING
    return Kept.CONFORMING if keeps(sli, known.mean) else Kept.PLANNED


def keeps(sli: Sli, mean: float) -> bool:
    """Whether *mean*, in the indicator's unit, keeps the document's target."""
    return rules.keeps(sli.objective.target.comparison, rules.in_unit(sli.metric, mean), sli.limit)


def bars(days: Sequence[LevelDay]) -> list[DayBar]:
    """Draw *days*, each with what is unknown of it above what is known."""
    return [
        DayBar(
            x=index * STEP,
            kept=day.kept.value,
            height=BAR_HEIGHT - gap,
            gap=gap,
            planned=STEP - 2 if day.known.planned_covered > 0 else 0,
            day=day,
        )
        for index, day in enumerate(days)
        for gap in [round((1 - day.share_known) * BAR_HEIGHT) if day.has_gap else 0]
    ]


def budget_chart(days: Sequence[LevelDay], length: int) -> BudgetChart | None:
    """Draw what is left at the end of each of *days*, in a month of *length* days; None without a budget."""
    if not days or days[0].budget_left is None:
        return None
    known: list[str] = []
    unknown: list[str] = []
    before = 1.0
    for index, day in enumerate(days):
        left = day.budget_left or 0.0
        stroke = f"M{index * STEP} {_down(before)}L{(index + 1) * STEP} {_down(left)}"
        (unknown if day.kept is Kept.GAP else known).append(stroke)
        before = left
    gaps = ((index * STEP, f"{1 - day.share_known:.2f}") for index, day in enumerate(days) if day.has_gap)
    return BudgetChart(length * STEP, "".join(known), "".join(unknown), tuple(gaps))


def _down(share: float) -> str:
    return f"{(1 - share) * CHART_HEIGHT:.1f}"
