"""A forecast is of this very series, or there is none, with the reason."""

from datetime import date, timedelta

import numpy as np
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray

from toban.chapters.capacity.forecasting.forecast import Forecast, NoForecast, Unforecastable, forecast
from toban.chapters.capacity.forecasting.jumps import JumpKind
from toban.chapters.capacity.forecasting.series import UsageSeries

FIRST = date(2026, 1, 5)
DAYS = np.arange(200)


def series_of(values: NDArray[np.float64]) -> UsageSeries:
    return UsageSeries(FIRST, values)


def forecast_of(values: NDArray[np.float64], days: int = 30) -> Forecast:
    found = forecast(series_of(values), days)
    assert isinstance(found, Forecast), found
    return found


def test_a_line_is_forecast_exactly() -> None:
    found = forecast_of(100 + 0.5 * DAYS)

    np.testing.assert_allclose(found.values, 100 + 0.5 * np.arange(200, 230))
    np.testing.assert_allclose(found.high - found.low, 0, atol=1e-6)
    assert found.error == pytest.approx(0, abs=1e-9)
    assert found.first == FIRST + timedelta(days=200)


def test_fewer_than_28_days_are_refused_with_the_day_on_which_they_are_enough() -> None:
    values = 100 + 0.5 * DAYS[:27]

    assert forecast(series_of(values), 30) == Unforecastable(NoForecast.TOO_SHORT, FIRST + timedelta(days=28))
    assert isinstance(forecast(series_of(100 + 0.5 * DAYS[:28]), 30), Forecast)


def test_a_step_is_recognised_and_not_continued() -> None:
    values = 100 + 0.1 * DAYS + np.where(DAYS >= 120, 50, 0) + default_rng(1).normal(size=200)

    found = forecast_of(values)

    [jump] = found.jumps
    assert (jump.on, jump.kind) == (FIRST + timedelta(days=120), JumpKind.STEP)
    assert jump.size == pytest.approx(50, abs=3)
    np.testing.assert_allclose(found.values, 150 + 0.1 * np.arange(200, 230), atol=2)
