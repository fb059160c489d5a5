"""Which method a series is continued by, and how wrong it was so far: forecasts from days of the past. Pure.

From each of up to `ORIGINS` days of the history every method forecasts what came then, from what came before
("rolling origin": Tashman, "Out-of-sample tests of forecasting accuracy", 2000). The method with the least
mean absolute error is taken. The interval is the split conformal one: as wide as the errors were, by their
distance in weeks (Vovk, Gammerman and Shafer, "Algorithmic learning in a random world", 2005). Its
finite-sample quantile counts origins, not days: the days of one forecast err together.
"""

import math
from dataclasses import dataclass

import numpy as np

from toban.chapters.capacity.forecasting.candidates import Candidate, Days, ahead, candidates
from toban.chapters.capacity.forecasting.history import History
from toban.chapters.capacity.forecasting.methods import LONGEST
from toban.chapters.capacity.forecasting.series import WEEK, Floats

ORIGINS = 24
TESTED = 56
"""Days ahead that are tested, if the history is long enough."""
CONFIDENCE = 0.9
FEWEST = 3
"""Origins that must have tested a distance; beyond the last such, the interval widens in proportion."""
HALF_LIFE = 60
"""Days after which an error counts half when methods are compared."""


@dataclass(frozen=True, slots=True, eq=False)
class BackTest:
    """What a candidate's forecasts of the past came to: a row for each origin, a column a day ahead."""

    candidate: Candidate
    errors: Floats
    """Of logarithms, if it is compound; NaN where nothing was measured."""
    shares: Floats
    """Absolute errors as a share of what came."""
    mean: float
    """The mean absolute error, in which the recent past counts more."""

    def error(self, days: int) -> float:
        """Return the median absolute percentage error of up to *days* ahead, as a share."""
        return float(np.nanmedian(self.shares[:, :days]))

    def margins(self, days: int) -> Floats:
        """Return for each day ahead how far from the forecast nine of ten were, in the unit of the errors."""
        margins: list[float] = []
        for start in range(0, self.errors.shape[1], WEEK):
            week = np.abs(self.errors[:, start : start + WEEK])
            tested = int(np.count_nonzero(np.isfinite(week).any(axis=1)))
            if tested < FEWEST:
                break
            rank = min(math.ceil((tested + 1) * CONFIDENCE) / tested, 1)
            margins.append(max(float(np.nanquantile(week, rank)), margins[-1] if margins else 0))
        known = np.repeat(margins, WEEK)
        beyond = np.arange(len(known) + 1, days + 1) / len(known) * known[-1]
        return np.concatenate((known, beyond))[:days]


def longest_window(days: int) -> int:
    """Return how many of *days* methods look at: whole weeks."""
    return min(LONGEST, days // WEEK) * WEEK


def best(past: History) -> BackTest:
    """Return the candidate that forecast *past* best; among equals the simplest."""
    known = len(past.actual)
    window = longest_window(known // 2)
    last = known - WEEK
    origins = np.arange(last, window - 1, -max(1, math.ceil((last - window + 1) / ORIGINS)))
    days = min(TESTED, known - window)
    came = _came(past, origins, days)
    weights = np.where(np.isfinite(came), 0.5 ** ((known - origins) / HALF_LIFE)[:, np.newaxis], 0)
    tests = (_tested(past, candidate, origins, window, came, weights) for candidate in candidates(past))
    return min(tests, key=lambda test: test.mean)


def _came(past: History, origins: Days, days: int) -> Floats:
    padded = np.concatenate((past.actual, np.full(days, np.nan)))
    return np.asarray(padded[origins[:, np.newaxis] + np.arange(days)])


def _tested(
    past: History, candidate: Candidate, origins: Days, window: int, came: Floats, weights: Floats
) -> BackTest:
    forecast = ahead(past, candidate, origins, window, came.shape[1]).values
    off = came - forecast
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.log(came) - np.log(forecast) if candidate.is_compound else off
        shares = np.where(off == 0, 0, np.abs(off / came))
    errors[~np.isfinite(errors)] = np.nan
    mean = float(np.nansum(np.abs(off) * weights) / np.sum(weights))
    return BackTest(candidate, errors, shares, mean)
