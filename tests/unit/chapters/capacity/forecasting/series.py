"""Series whose course is known."""

from datetime import date

import numpy as np
from numpy.random import default_rng

from toban.chapters.capacity.forecasting.forecast import Forecast, forecast
from toban.chapters.capacity.forecasting.series import Floats, UsageSeries

FIRST = date(2026, 1, 5)
"""A Monday."""
SEASON = np.array([0.0, 3.0, 4.0, 2.0, -1.0, -30.0, -35.0])
GAP = np.nan


def line(days: int, *, level: float = 100.0, growth: float = 0.5) -> Floats:
    """Return a straight line."""
    return level + growth * np.arange(days, dtype=np.float64)


def season(days: int) -> Floats:
    """Return what the days of the week differ by."""
    return np.resize(SEASON, days)


def noise(days: int, size: float = 1.0) -> Floats:
    """Return the same noise at each call."""
    return default_rng(17).normal(scale=size, size=days)


def after(days: int, start: int) -> Floats:
    """Return 0 before *start*, 1 from it on."""
    return np.where(np.arange(days) >= start, 1.0, 0.0)


def series_of(values: Floats) -> UsageSeries:
    """Return *values* from `FIRST` on."""
    return UsageSeries(FIRST, values)


def forecast_of(values: Floats, days: int = 30) -> Forecast:
    """Return the forecast of *values*, which must be possible."""
    found = forecast(series_of(values), days)
    assert isinstance(found, Forecast), found
    return found
