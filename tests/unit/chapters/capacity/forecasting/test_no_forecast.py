"""Where the past is not enough there is no forecast, but a reason, and the day on which there will be one."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.chapters.capacity.forecasting.series import (
    FIRST,
    GAP,
    after,
    forecast_of,
    line,
    noise,
    series_of,
)

from toban.chapters.capacity.forecasting.forecast import Forecast, NoForecast, Unforecastable, forecast
from toban.chapters.capacity.forecasting.series import Floats


def refused(values: Floats) -> Unforecastable:
    found = forecast(series_of(values), 30)
    assert isinstance(found, Unforecastable), found
    return found


def test_fewer_than_28_days_are_too_short_until_there_are_28() -> None:
    assert refused(line(27)) == Unforecastable(NoForecast.TOO_SHORT, FIRST + timedelta(days=28))
    assert refused(line(1)) == Unforecastable(NoForecast.TOO_SHORT, FIRST + timedelta(days=28))
    assert forecast_of(line(28)).first == FIRST + timedelta(days=28)


@pytest.mark.parametrize("values", [np.empty(0), np.full(100, GAP), np.full(100, np.inf)])
def test_a_series_of_nothing_is_not_forecast(values: Floats) -> None:
    assert refused(values) == Unforecastable(NoForecast.NOTHING_MEASURED)


def test_a_series_that_ended_a_week_ago_is_outdated() -> None:
    known = line(100)
    known[-7:] = GAP

    assert refused(known) == Unforecastable(NoForecast.OUTDATED)


def test_a_third_of_the_days_may_be_missing_but_not_more() -> None:
    known = line(90)
    known[::3] = GAP
    assert forecast_of(known).values[0] == pytest.approx(line(91)[90])

    known[1] = known[4] = known[7] = known[40] = GAP
    assert isinstance(forecast(series_of(known), 30), Forecast)
    known[61::3] = known[31:61:3] = GAP
    assert refused(known).reason is NoForecast.GAPS


def test_what_lies_before_a_gap_of_four_weeks_is_too_old() -> None:
    known = line(200)
    known[100:128] = GAP
    recent = known[128:]
    assert forecast_of(np.concatenate((known[:100] + 500, known[100:]))).values[0] == pytest.approx(
        line(201)[200]
    )

    assert refused(known[:150]) == Unforecastable(NoForecast.TOO_SHORT, FIRST + timedelta(days=156))
    np.testing.assert_allclose(forecast_of(known).high, forecast_of(recent).high)


@settings(max_examples=50, deadline=None)
@given(measured=st.lists(st.booleans(), min_size=1, max_size=80))
def test_on_the_day_that_is_promised_there_is_a_forecast_and_no_day_before(measured: list[bool]) -> None:
    known = np.where(measured, line(len(measured)), GAP)
    found = forecast(series_of(known), 30)
    if isinstance(found, Forecast) or found.possible_on is None:
        return

    lacking = (found.possible_on - FIRST).days - len(known)
    later = np.concatenate((known, line(len(known) + lacking)[len(known) :]))

    assert isinstance(forecast(series_of(later), 30), Forecast)
    assert isinstance(forecast(series_of(later[:-1]), 30), Unforecastable)


@pytest.mark.parametrize(
    ("size", "growth", "days"),
    [(80, 0.5, 14), (-80, 0.0, 14), (-80, 0.5, 7)],
    ids=["step up", "step down", "clean-up"],
)
def test_after_a_jump_there_is_no_forecast_until_it_has_settled(
    size: float, growth: float, days: int
) -> None:
    known = line(200 + days, level=200, growth=growth) + size * after(200 + days, 200) + noise(200 + days)

    assert refused(known[:-1]) == Unforecastable(NoForecast.JUST_JUMPED, FIRST + timedelta(days=200 + days))
    assert forecast_of(known).jumps[0].on == FIRST + timedelta(days=200)


def test_a_holiday_that_has_just_begun_is_not_continued() -> None:
    known = 100 + noise(200) - 40 * after(200, 195)

    assert refused(known).reason is NoForecast.JUST_JUMPED


def test_what_no_method_forecasts_is_erratic() -> None:
    known = np.random.default_rng(3).pareto(0.7, size=200)

    assert refused(known) == Unforecastable(NoForecast.ERRATIC)
