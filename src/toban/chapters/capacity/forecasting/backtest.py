"""Which method a series is continued by, and how wrong it was so far: forecasts from days of the past. Pure.

From each of up to `ORIGINS` days of the history every method forecasts what came then, from what came before
("rolling origin": Tashman, "Out-of-sample tests of forecasting accuracy", 2000). The method with the least
mean absolute error is taken. The interval is the split conformal one: as wide as the errors were, by their
distance in weeks (Vovk, Gammerman and Shafer, "Algorithmic learning in a random world", 2005). Its
finite-sample quantile counts origins, not days: the days of one forecast err together.

Exceptional jumps are known before the tests, and holidays and outages don't widen the interval: it is that of
ordinary days, if nothing exceptional comes.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from toban.chapters.capacity.forecasting.bases import Basis, Days, ahead, bases
from toban.chapters.capacity.forecasting.history import History
from toban.chapters.capacity.forecasting.methods import LONGEST, ForecastMethod
from toban.chapters.capacity.forecasting.series import WEEK, Flags, Floats

ORIGINS = 24
TESTED = 56
"""Days ahead that are tested, if the history is long enough."""
CONFIDENCE = 0.9
FEWEST = 3
"""Origins that must have tested a distance; beyond the last such, the interval widens in proportion."""
ROUNDING = 1e-12
"""Errors that differ by less, as a share, are equal: what is left of double precision after these sums.

With more, a growth that is small but certain counted as none."""
HALF_LIFE = 60
"""Days after which an error counts half when methods are compared."""


@dataclass(frozen=True, slots=True, eq=False)
class BackTest:
    """What a method's forecasts of the past came to: a row for each origin, a column a day ahead."""

    method: ForecastMethod
    basis: Basis
    errors: Floats
    """Absolute errors of ordinary days, NaN for others; of logarithms, if the basis is shares."""
    shares: Floats
    """Absolute errors as a share of what came."""
    mean: float
    """The mean absolute error, in which the recent past counts more."""

    def error(self, days: int) -> float:
        """Return the median absolute percentage error of up to *days* ahead, at least a week, as a share."""
        return float(np.nanmedian(self.shares[:, : max(days, WEEK)]))

    def margins(self, days: int) -> Floats:
        """Return for each day ahead how far from the forecast nine of ten were, in the unit of the errors."""
        margins: list[float] = []
        for start in range(0, self.errors.shape[1], WEEK):
            week = self.errors[:, start : start + WEEK]
            known = np.isfinite(week)
            origins = int(np.count_nonzero(known.any(axis=1)))
            if origins < FEWEST and margins:
                break
            off = np.sort(week[known])
            rank = math.ceil(min(math.ceil((origins + 1) * CONFIDENCE) / origins, 1) * off.size)
            margins.append(max([float(off[rank - 1]), *margins[-1:]]))
        tested = np.repeat(margins, WEEK)
        beyond = np.arange(len(tested) + 1, days + 1) / len(tested) * tested[-1]
        return np.concatenate((tested, beyond))[:days]


@dataclass(frozen=True, slots=True, eq=False)
class _Came:
    """What came after each origin: a row for each, a column a day ahead."""

    origins: Days
    values: Floats
    """NaN where nothing was measured."""
    is_ordinary: Flags
    weights: Floats


def longest_window(days: int) -> int:
    """Return how many of *days* methods look at: whole weeks."""
    return min(LONGEST, days // WEEK) * WEEK


def best(past: History) -> BackTest:
    """Return the method that forecast *past* best; among equals the simplest."""
    tests = list(_tests(past))
    equal = min(test.mean for test in tests) * (1 + ROUNDING) + ROUNDING * float(np.max(np.abs(past.typical)))
    return next(test for test in tests if test.mean <= equal)


def _tests(past: History) -> Iterator[BackTest]:
    window = longest_window(len(past.actual) // 2)
    came = _came(past, window)
    for basis in bases(past):
        every = ahead(past, basis, came.origins, window, came.values.shape[1])
        for method, continued in every.items():
            yield _tested(method, basis, continued.values, came)


def _came(past: History, window: int) -> _Came:
    known = len(past.actual)
    last = known - WEEK
    origins = np.arange(last, window - 1, -max(1, math.ceil((last - window + 1) / ORIGINS)))
    days = origins[:, np.newaxis] + np.arange(min(TESTED, known - window))
    values = np.concatenate((past.actual, np.full(TESTED, np.nan)))[days]
    is_ordinary = np.concatenate((past.ordinary, np.zeros(TESTED, dtype=bool)))[days]
    recent = 0.5 ** ((known - origins) / HALF_LIFE)
    return _Came(origins, values, is_ordinary, np.where(np.isfinite(values), recent[:, np.newaxis], 0))


def _tested(method: ForecastMethod, basis: Basis, forecast: Floats, came: _Came) -> BackTest:
    off = np.abs(came.values - forecast)
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.abs(np.log(came.values / forecast)) if basis is Basis.SHARES else off
        shares = np.where(off == 0, 0, off / np.abs(came.values))
    errors = np.where(came.is_ordinary & np.isfinite(errors), errors, np.nan)
    mean = float(np.nansum(off * came.weights) / np.sum(came.weights))
    return BackTest(method, basis, errors, shares, mean)
