"""What a history is continued in: amounts, shares, or what it would be if nobody cleaned up. Pure."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from toban.chapters.capacity.forecasting.history import History
from toban.chapters.capacity.forecasting.jumps import shifts
from toban.chapters.capacity.forecasting.methods import Continued, ForecastMethod, continued, windows_before
from toban.chapters.capacity.forecasting.series import Floats

type Days = NDArray[np.int64]

LAST = 3
"""A clean-up to come is as large as the median of so many before it."""
LARGEST = 300.0
"""The logarithm at which compound growth stops, before it leaves the range of numbers."""


class Basis(StrEnum):
    """What growth and season are taken to be."""

    AMOUNTS = "amounts"
    """So much a day, so much less on a Sunday."""
    SHARES = "shares"
    """Shares of the level: compound growth."""
    CLEAN_UPS = "clean-ups"
    """Amounts, from which recurring clean-ups take their part in their own rhythm."""


def bases(past: History) -> Iterator[Basis]:
    """Yield what may be tried on *past*, the simplest first."""
    yield Basis.AMOUNTS
    if np.min(past.typical) > 0:
        yield Basis.SHARES
    if past.recurring:
        yield Basis.CLEAN_UPS


def ahead(
    past: History, basis: Basis, origins: Days, window: int, days: int
) -> Mapping[ForecastMethod, Continued]:
    """Forecast the *days* from each of *origins* on, a row each, from the *window* of days before it."""
    lowered: Floats | float = 0.0
    values = past.typical
    if basis is Basis.CLEAN_UPS:
        values = values - shifts(past.recurring, len(values))
        lowered = _lowered(past, origins, days)
    elif basis is Basis.SHARES:
        values = np.log(values)
    windows = windows_before(values, origins, window)

    def back(line: Floats) -> Floats:
        return np.exp(np.minimum(line, LARGEST)) if basis is Basis.SHARES else line + lowered

    every = {method: continued(windows, days, method) for method in ForecastMethod}
    return {method: Continued(back(each.values), back(each.trend)) for method, each in every.items()}


def _lowered(past: History, origins: Days, days: int) -> Floats:
    """Return by how much the clean-ups before each day lower it: those of the past, and those expected."""
    recurring, rhythm = past.recurring, past.rhythm
    levels = shifts(recurring, len(past.typical))
    rows = np.repeat(levels[origins - 1][:, np.newaxis], days, axis=1)
    for number, origin in enumerate(origins.tolist()):
        before = [jump for jump in recurring if jump.at < origin][-LAST:]
        if before and rhythm:
            last, start = (past.first + timedelta(days=at) for at in (before[-1].at, origin))
            size = float(np.median([jump.size for jump in before]))
            rows[number] += size * np.cumsum(rhythm.expected(last, start, days))
    return rows
