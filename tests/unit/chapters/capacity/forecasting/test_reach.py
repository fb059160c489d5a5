"""The day on which a level is reached, the days between which it may be, and what a change does to it."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.chapters.capacity.forecasting.series import FIRST, after, forecast_of, line, noise, season

from toban.chapters.capacity.forecasting.forecast import Forecast
from toban.chapters.capacity.forecasting.reach import Reach, reach
from toban.chapters.capacity.forecasting.what_if import changed

TODAY = FIRST + timedelta(days=100)
NOISY = forecast_of(line(200) + season(200) + noise(200, 3), 365)


@pytest.fixture
def straight() -> Forecast:
    """Return 150, 150.5, 151 … from `TODAY` on, between 140 … and 160 …"""
    found = forecast_of(line(100), 60)
    return replace(found, low=found.values - 10, high=found.values + 10)


def test_a_level_is_reached_on_the_first_day_at_or_above_it(straight: Forecast) -> None:
    assert reach(straight, 165) == Reach(
        on=TODAY + timedelta(days=30),
        earliest=TODAY + timedelta(days=10),
        latest=TODAY + timedelta(days=50),
    )
    assert reach(straight, 165.1).on == TODAY + timedelta(days=31)


def test_what_is_reached_already_has_no_date(straight: Forecast) -> None:
    assert straight.latest == 149.5
    assert reach(straight, 149.5) == Reach(None, None, None, already=True)
    assert reach(straight, 149.6).on == TODAY


def test_a_level_beyond_the_days_of_the_forecast_has_no_date(straight: Forecast) -> None:
    assert reach(straight, 189) == Reach(None, TODAY + timedelta(days=58), None)
    assert reach(straight, 1000) == Reach(None, None, None)


@settings(max_examples=50, deadline=None)
@given(level=st.floats(0, 600))
def test_the_day_lies_between_the_earliest_and_the_latest(level: float) -> None:
    found = reach(NOISY, level)

    ordered = [day or date.max for day in (found.earliest, found.on, found.latest)]
    assert ordered == sorted(ordered)


def test_what_is_added_comes_on_top_from_its_day_on(straight: Forecast) -> None:
    found = changed(straight, TODAY + timedelta(days=20), added=200)

    for line_of, before in (
        (found.values, straight.values),
        (found.low, straight.low),
        (found.high, straight.high),
    ):
        np.testing.assert_allclose(line_of, before + 200 * after(60, 20))
    assert reach(found, 300).on == TODAY + timedelta(days=20)


def test_faster_growth_changes_the_growth_and_not_the_level(straight: Forecast) -> None:
    found = changed(straight, TODAY + timedelta(days=20), growth=0.2)

    np.testing.assert_allclose(found.values[:21], straight.values[:21])
    np.testing.assert_allclose(np.diff(found.values)[20:], 0.6)


def test_faster_growth_does_not_grow_the_weekends() -> None:
    found = changed(NOISY, NOISY.first, growth=1.0)

    swing = (NOISY.values - NOISY.trend)[:7]
    np.testing.assert_allclose((found.values - found.trend)[:7], swing)


def test_more_load_raises_everything_and_widens_the_interval(straight: Forecast) -> None:
    found = changed(straight, TODAY + timedelta(days=20), load=0.2)

    np.testing.assert_allclose(found.values, straight.values * (1 + 0.2 * after(60, 20)))
    np.testing.assert_allclose((found.high - found.low)[20:], 24)


@pytest.mark.parametrize("on", [TODAY - timedelta(days=30), TODAY])
def test_a_change_of_the_past_counts_from_the_first_day(straight: Forecast, on: date) -> None:
    np.testing.assert_allclose(changed(straight, on, added=1).values, straight.values + 1)


def test_a_change_after_the_last_day_changes_nothing(straight: Forecast) -> None:
    found = changed(straight, TODAY + timedelta(days=60), added=200, growth=1, load=1)

    np.testing.assert_array_equal(found.values, straight.values)
