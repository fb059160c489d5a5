"""A method and what it is applied to: amounts or shares, with or without the clean-ups to come. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from toban.chapters.capacity.forecasting.history import History
from toban.chapters.capacity.forecasting.jumps import shifts
from toban.chapters.capacity.forecasting.methods import Continued, ForecastMethod, continued, windows_before
from toban.chapters.capacity.forecasting.series import Floats

type Days = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way to continue a history."""

    method: ForecastMethod
    is_compound: bool = False
    """Growth and season are shares of the level, not amounts."""
    with_clean_ups: bool = False
    """What grows is continued, and cleaned up in the rhythm of the past."""


def candidates(past: History) -> Iterator[Candidate]:
    """Yield what may be tried on *past*, the simplest first."""
    compound = (False, True) if np.min(past.typical) > 0 else (False,)
    for is_compound in compound:
        for method in ForecastMethod:
            yield Candidate(method, is_compound)
    if past.recurring:
        for method in ForecastMethod:
            yield Candidate(method, with_clean_ups=True)


def ahead(past: History, candidate: Candidate, origins: Days, window: int, days: int) -> Continued:
    """Forecast the *days* from each of *origins* on, a row each, from the *window* of days before it."""
    if candidate.with_clean_ups:
        uncleaned = past.typical - shifts(past.recurring, len(past.typical))
        grown = continued(windows_before(uncleaned, origins, window), days, candidate.method)
        cleaned = _cleaned(past, origins, days)
        return Continued(grown.values + cleaned, grown.trend + cleaned)
    if candidate.is_compound:
        shares = continued(windows_before(np.log(past.typical), origins, window), days, candidate.method)
        return Continued(np.exp(shares.values), np.exp(shares.trend))
    return continued(windows_before(past.typical, origins, window), days, candidate.method)


def _cleaned(past: History, origins: Days, days: int) -> Floats:
    """Return by how much the clean-ups before each day lower it: those of the past, and those expected."""
    lowered = shifts(past.recurring, len(past.typical))
    rows = np.repeat(lowered[origins - 1][:, np.newaxis], days, axis=1)
    for number, origin in enumerate(origins.tolist()):
        before = [jump for jump in past.recurring if jump.at < origin][-3:]
        if before and past.rhythm:
            last, start = (past.first + timedelta(days=at) for at in (before[-1].at, origin))
            expected = past.rhythm.expected(last, start, days)
            rows[number] += np.cumsum(expected * float(np.median([jump.size for jump in before])))
    return rows
