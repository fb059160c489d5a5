"""The ways to continue a history: a level, a growth and what the days of the week differ by. Pure.

Each method fits many windows at once, one a row, all of whole weeks: column -1 is the last known day. All use
medians, which outliers don't move. The sources of the formulas:

- week-on-week growth: the median of the differences of the same weekday in successive weeks;
- robust growth: the median of the slopes between all pairs of values of the same weekday. Sen, "Estimates of
  the regression coefficient based on Kendall's tau", 1968; within seasons: Hirsch, Slack and Smith,
  "Techniques of trend analysis for monthly water quality data", 1982;
- weekly season: the classical decomposition, with medians for means (Hyndman and Athanasopoulos,
  "Forecasting: principles and practice", 3.4);
- compound: the same on logarithms, so that growth and season are shares, not amounts.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from toban.chapters.capacity.forecasting.series import WEEK, Floats


class ForecastMethod(StrEnum):
    """How a series is continued."""

    LEVEL = "level"
    """As high as in the last two weeks."""
    TREND = "trend"
    """By the robust growth of the last half year."""
    RECENT_TREND = "recent-trend"
    """By the robust growth of the last six weeks."""
    WEEK_ON_WEEK = "week-on-week"
    """By the median of what the weeks differ by, for eight weeks."""


@dataclass(frozen=True, slots=True)
class Way:
    """What a method looks at."""

    growth: Callable[[Floats], Floats]
    weeks: int
    """The growth is that of so many weeks."""
    level: int
    """The level is that of so many days."""


@dataclass(frozen=True, slots=True, eq=False)
class Continued:
    """What comes after each window, a day a column."""

    values: Floats
    trend: Floats
    """Without what the days of the week differ by."""


def no_growth(weeks: Floats) -> Floats:
    """Return 0 for each window."""
    return np.zeros(len(weeks))


def week_on_week(weeks: Floats) -> Floats:
    """Return a day's growth of each window: the median of the differences from week to week."""
    median: Floats = np.median(np.diff(weeks, axis=1).reshape(len(weeks), -1), axis=1)
    return median / WEEK


def robust_growth(weeks: Floats) -> Floats:
    """Return a day's growth of each window: the median of the slopes between its weeks.

    Only weeks at least half of the window apart are paired: the slopes of nearer ones are mostly noise.
    """
    count = weeks.shape[1]
    first, second = np.triu_indices(count, math.ceil(count / 2))
    slopes = (weeks[:, second] - weeks[:, first]) / (WEEK * (second - first))[:, np.newaxis]
    median: Floats = np.median(slopes.reshape(len(weeks), -1), axis=1)
    return median


WAYS = {
    ForecastMethod.LEVEL: Way(no_growth, weeks=4, level=14),
    ForecastMethod.TREND: Way(robust_growth, weeks=26, level=28),
    ForecastMethod.RECENT_TREND: Way(robust_growth, weeks=6, level=14),
    ForecastMethod.WEEK_ON_WEEK: Way(week_on_week, weeks=8, level=7),
}
LONGEST = max(way.weeks for way in WAYS.values())


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Days before several origins, a row each."""

    values: Floats
    season: Floats
    """By how much each day of the week, the first day after the window first, differs from its week."""

    @property
    def weeks(self) -> Floats:
        """The values by window, week and day."""
        return self.values.reshape(len(self.values), -1, WEEK)


def windows_before(values: Floats, origins: NDArray[np.int64], days: int) -> Windows:
    """Return the *days*, whole weeks, before each of *origins*."""
    windows = np.asarray(sliding_window_view(values, days)[origins - days])
    weeks = windows.reshape(len(windows), -1, WEEK)
    flat = weeks - week_on_week(weeks)[:, np.newaxis, np.newaxis] * np.arange(WEEK)
    return Windows(windows, np.median(flat - np.median(flat, axis=2, keepdims=True), axis=1))


def continued(windows: Windows, days: int, method: ForecastMethod) -> Continued:
    """Continue each of *windows* for *days*; one of fewer weeks than the method asks for is used whole."""
    way = WAYS[method]
    slope = way.growth(windows.weeks[:, -way.weeks :])[:, np.newaxis]
    known = min(way.level, windows.values.shape[1])
    last = windows.values[:, -known:] - np.tile(windows.season, known // WEEK)
    level = np.median(last - slope * np.arange(1 - known, 1), axis=1)[:, np.newaxis]
    trend = level + slope * np.arange(1, days + 1)
    return Continued(trend + windows.season[:, np.arange(days) % WEEK], trend)
