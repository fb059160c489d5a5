"""The forecast of a resource, or why there is none. Pure."""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np

from toban.chapters.capacity.forecasting.backtest import BackTest, best, longest_window
from toban.chapters.capacity.forecasting.candidates import ahead
from toban.chapters.capacity.forecasting.history import History, history
from toban.chapters.capacity.forecasting.jumps import JumpKind
from toban.chapters.capacity.forecasting.methods import ForecastMethod
from toban.chapters.capacity.forecasting.rhythm import Rhythm
from toban.chapters.capacity.forecasting.series import Floats, UsageSeries

ENOUGH = 28
"""Days that must be measured."""
MEASURED = 2 / 3
"""The share of the days that must be measured."""
APART = 28
"""What lies before so many days without measurements is too old to be continued."""
RECENT = 7
"""A series that ends earlier says nothing about today."""
SETTLED = {JumpKind.STEP: 14, JumpKind.CLEAN_UP: 7}
"""Days after a jump that show how it goes on. A clean-up leaves the growth as it is, and shows it sooner."""
ERRATIC = 0.5
"""A method that is wrong by more, as a share, forecasts nothing."""
LONGEST_HISTORY = 2 * 365
"""Older history is left out."""


class NoForecast(StrEnum):
    """Why there is no forecast."""

    NOTHING_MEASURED = "nothing-measured"
    OUTDATED = "outdated"
    """The last week is not measured."""
    TOO_SHORT = "too-short"
    """Fewer than `ENOUGH` days are measured."""
    GAPS = "gaps"
    """More than a third of the days are not measured."""
    JUST_JUMPED = "just-jumped"
    """The level jumped a few days ago: it is not known yet how it goes on."""
    ERRATIC = "erratic"
    """Every method was wrong by more than half on this very series."""


@dataclass(frozen=True, slots=True)
class Unforecastable:
    """There is no forecast, and no guess in its place."""

    reason: NoForecast
    possible_on: date | None = None
    """When there will be one, if every day is measured until then; None if that can't be said."""


@dataclass(frozen=True, slots=True)
class LevelJump:
    """A jump that was recognised: from that day on, all is higher by *size*; lower, if it is negative."""

    on: date
    size: float
    kind: JumpKind


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What comes if all goes on as before, a value a day from *first* on."""

    first: date
    values: Floats
    low: Floats
    """Nine of ten values should be between *low* and *high*."""
    high: Floats
    trend: Floats
    """The values without what the days of the week differ by."""
    latest: float
    """The last value that was measured."""
    method: ForecastMethod
    is_compound: bool
    """It grows by shares of itself, not by amounts."""
    error: float
    """The median absolute percentage error of the same method on this series' past, as a share."""
    jumps: tuple[LevelJump, ...]
    rhythm: Rhythm | None
    """Clean-ups to come are part of the forecast, in this rhythm."""

    def day(self, number: int) -> date:
        """Return the date of value *number*."""
        return self.first + timedelta(days=number)


def forecast(series: UsageSeries, days: int) -> Forecast | Unforecastable:
    """Forecast the *days* after *series*, at least one; or say why that can't be done."""
    usable = _usable(series)
    why_not = _why_not(usable, series.end)
    if why_not:
        return why_not
    past = history(usable)
    settled = _settled_on(past)
    if settled and settled > series.end:
        return Unforecastable(NoForecast.JUST_JUMPED, settled)
    test = best(past)
    if test.error(days) > ERRATIC:
        return Unforecastable(NoForecast.ERRATIC)
    return _continued(past, test, series.end, days)


def _usable(series: UsageSeries) -> UsageSeries:
    """Return what can be continued: from the first to the last measured day, without what is too old."""
    days = np.flatnonzero(series.measured)
    days = days[days >= len(series.values) - LONGEST_HISTORY]
    breaks = np.flatnonzero(np.diff(days) > APART)
    if breaks.size:
        days = days[breaks[-1] + 1 :]
    if not days.size:
        return UsageSeries(series.end, np.empty(0))
    start, end = int(days[0]), int(days[-1]) + 1
    return UsageSeries(series.first + timedelta(days=start), series.values[start:end])


def _why_not(usable: UsageSeries, end: date) -> Unforecastable | None:
    """Say why the days before *end* are not enough, as far as that can be counted."""
    known, span = int(np.count_nonzero(usable.measured)), (end - usable.first).days
    if not known:
        return Unforecastable(NoForecast.NOTHING_MEASURED)
    if (end - usable.end).days >= RECENT:
        return Unforecastable(NoForecast.OUTDATED)
    if known < ENOUGH:
        return Unforecastable(NoForecast.TOO_SHORT, end + timedelta(days=ENOUGH - known))
    if known < MEASURED * span:
        more = math.ceil((MEASURED * span - known) / (1 - MEASURED))
        return Unforecastable(NoForecast.GAPS, end + timedelta(days=more))
    return None


def _settled_on(past: History) -> date | None:
    """Return when the last jump is, or was, long enough ago."""
    if not past.jumps or past.jumps[-1] in past.recurring:
        return None
    last = past.jumps[-1]
    return past.first + timedelta(days=last.at + SETTLED[last.kind])


def _continued(past: History, test: BackTest, start: date, days: int) -> Forecast:
    known = len(past.actual)
    skipped = (start - past.first).days - known
    ahead_of_all = np.array([known])
    coming = ahead(past, test.candidate, ahead_of_all, longest_window(known), skipped + days)
    values, margins = coming.values[0], test.margins(skipped + days)
    if test.candidate.is_compound:
        low, high = values * np.exp(-margins), values * np.exp(margins)
    else:
        low, high = values - margins, values + margins
    floor = 0.0 if np.nanmin(past.actual) >= 0 else -np.inf
    values, low, high, trend = (
        np.maximum(line[skipped:], floor) for line in (values, low, high, coming.trend[0])
    )
    jumps = tuple(
        LevelJump(past.first + timedelta(days=jump.at), jump.size, jump.kind) for jump in past.jumps
    )
    return Forecast(
        first=start,
        values=values,
        low=low,
        high=high,
        trend=trend,
        latest=float(past.actual[-1]),
        method=test.candidate.method,
        is_compound=test.candidate.is_compound,
        error=test.error(days),
        jumps=jumps,
        rhythm=past.rhythm if test.candidate.with_clean_ups else None,
    )
