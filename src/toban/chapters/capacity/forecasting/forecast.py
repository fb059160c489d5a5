"""The forecast of a resource, or why there is none. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np

from toban.chapters.capacity.forecasting.backtest import BackTest, best, longest_window
from toban.chapters.capacity.forecasting.bases import LARGEST, Basis, Days, ahead
from toban.chapters.capacity.forecasting.history import History, histories
from toban.chapters.capacity.forecasting.jumps import JumpKind
from toban.chapters.capacity.forecasting.methods import ForecastMethod
from toban.chapters.capacity.forecasting.rhythm import Rhythm
from toban.chapters.capacity.forecasting.series import Floats, UsageSeries

ENOUGH = 28
"""Days that must be measured, and no more than half as many may lie between them that are not."""
APART = 28
"""What lies before so many days without measurements is too old to be continued."""
RECENT = 7
"""A series that ends earlier says nothing about today."""
SETTLED = {JumpKind.STEP: 14, JumpKind.CLEAN_UP: 7}
"""Days after a jump that show how it goes on. A clean-up leaves the growth as it is, and shows it sooner."""
ERRATIC = 0.5
"""A method that is wrong by more, as a share, forecasts nothing."""
MISTAKEN = 0.75
"""If a history without jumps taken out is forecast with so much less error, they were none."""
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
    """There is no stretch of enough days of which two thirds are measured."""
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
    basis: Basis
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
    if isinstance(usable, Unforecastable):
        return usable
    past, *as_is = histories(usable)
    settled = _settled_on(past)
    if settled and settled > series.end:
        return Unforecastable(NoForecast.JUST_JUMPED, settled)
    test = best(past)
    for other in as_is:
        left_in = best(other)
        if left_in.mean < MISTAKEN * test.mean:
            past, test = other, left_in
    if test.error(days) > ERRATIC:
        return Unforecastable(NoForecast.ERRATIC)
    return _continued(past, test, series.end, days)


def _usable(series: UsageSeries) -> UsageSeries | Unforecastable:
    """Return the longest part up to the last measured day that is known well enough to be continued."""
    days = _recent(np.flatnonzero(series.measured), len(series.values))
    if not days.size:
        return Unforecastable(NoForecast.NOTHING_MEASURED)
    last = int(days[-1]) + 1
    if len(series.values) - last >= RECENT:
        return Unforecastable(NoForecast.OUTDATED)
    known, span = np.arange(len(days), 0, -1), len(series.values) - days
    # How many more days it takes, from each start: each will count among the measured ones and among all.
    lacking = np.maximum(ENOUGH - known, 2 * span - 3 * known)
    if np.min(lacking) > 0:
        reason = NoForecast.TOO_SHORT if len(days) < ENOUGH else NoForecast.GAPS
        return Unforecastable(reason, series.end + timedelta(days=int(np.min(lacking))))
    start = int(days[np.argmax(lacking <= 0)])
    return UsageSeries(series.first + timedelta(days=start), series.values[start:last])


def _recent(measured: Days, end: int) -> Days:
    """Return the *measured* days that are not too old at the *end*."""
    recent = measured[measured >= end - LONGEST_HISTORY]
    breaks = np.flatnonzero(np.diff(recent) > APART)
    return recent[breaks[-1] + 1 :] if breaks.size else recent


def _settled_on(past: History) -> date | None:
    """Return when the last jump is, or was, long enough ago."""
    if not past.jumps or past.jumps[-1] in past.recurring:
        return None
    last = past.jumps[-1]
    return past.first + timedelta(days=last.at + SETTLED[last.kind])


def _continued(past: History, test: BackTest, start: date, days: int) -> Forecast:
    known = len(past.actual)
    skipped = (start - past.first).days - known
    every = ahead(past, test.basis, np.array([known]), longest_window(known), skipped + days)
    coming = every[test.method]
    values, margins = coming.values[0], test.margins(skipped + days)
    if test.basis is Basis.SHARES:
        factor = np.exp(np.minimum(margins, LARGEST))
        low, high = values / factor, values * factor
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
        method=test.method,
        basis=test.basis,
        error=test.error(days),
        jumps=jumps,
        rhythm=past.rhythm if test.basis is Basis.CLEAN_UPS else None,
    )
