"""A forecast continues this very series, and says how far it can be trusted."""

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
    season,
    series_of,
)

from toban.chapters.capacity.forecasting.bases import Basis
from toban.chapters.capacity.forecasting.forecast import Forecast, forecast
from toban.chapters.capacity.forecasting.methods import ForecastMethod

few = settings(max_examples=50, deadline=None)
lengths = st.integers(28, 400)
gapped = st.sets(st.integers(1, 26), max_size=8)
"""Days not measured: never the first or the last one, and few enough of 28."""


@few
@given(days=lengths, level=st.floats(500, 5000), growth=st.floats(-1, 20), gaps=gapped, week=st.booleans())
def test_a_line_with_a_weekly_season_is_forecast_exactly_gaps_or_not(
    days: int, level: float, growth: float, gaps: set[int], week: bool
) -> None:
    course = line(days + 30 + len(gaps), level=level, growth=growth)
    course += season(len(course)) * week
    days += len(gaps)
    known = course[:days].copy()
    known[list(gaps)] = GAP

    found = forecast_of(known)

    np.testing.assert_allclose(found.values, course[days:], rtol=1e-9)
    np.testing.assert_allclose(found.low, found.high, rtol=1e-6)
    assert found.error == pytest.approx(0, abs=1e-9)
    assert found.jumps == ()


@pytest.mark.parametrize("growth", [1.1e-7, -7e-8, 1e-9, 1e-11])
def test_a_growth_that_is_small_but_certain_is_continued(growth: float) -> None:
    course = line(71, level=2000, growth=growth)

    found = forecast_of(course[:41])

    np.testing.assert_allclose(found.values, course[41:], rtol=3e-12)


@few
@given(days=lengths, monthly=st.floats(0.02, 0.3))
def test_compound_growth_with_a_season_of_shares_is_forecast_exactly(days: int, monthly: float) -> None:
    course = (1 + monthly) ** (np.arange(days + 30) / 30) * (1 + season(days + 30) / 100)

    found = forecast_of(course[:days])

    np.testing.assert_allclose(found.values, course[days:], rtol=1e-9)
    assert found.basis is Basis.SHARES


values = st.one_of(st.just(GAP), st.floats(-1e9, 1e9), st.integers(0, 3).map(float), st.just(np.inf))


@few
@given(
    known=st.lists(values, min_size=28, max_size=150),
    drift=st.floats(-10, 10),
    level=st.sampled_from((0.0, 50.0, 1e6)),
    days=st.sampled_from((1, 30, 800)),
)
def test_whatever_was_measured_a_forecast_has_a_value_within_its_interval_on_every_day(
    known: list[float], drift: float, level: float, days: int
) -> None:
    found = forecast(series_of(np.array(known) / 1e6 + level + drift * np.arange(len(known))), days)

    if isinstance(found, Forecast):
        assert len(found.values) == len(found.trend) == days
        assert np.all(np.isfinite([found.values, found.low, found.high, found.trend]))
        assert np.all(found.low <= found.values)
        assert np.all(found.values <= found.high)


@few
@given(scale=st.integers(-20, 20), days=lengths, seed=st.integers(0, 2**32 - 1))
def test_in_another_unit_the_forecast_is_the_same(scale: int, days: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    known = line(days) + season(days) / 2 + random.normal(scale=random.uniform(0, 5), size=days)

    one, other = forecast(series_of(known), 30), forecast(series_of(known * 2.0**scale), 30)

    if isinstance(one, Forecast):
        assert isinstance(other, Forecast)
        assert other.error == pytest.approx(one.error)
        for first, second in ((one.values, other.values), (one.low, other.low), (one.high, other.high)):
            np.testing.assert_allclose(second, first * 2.0**scale, rtol=1e-6)
    else:
        assert other == one


def test_the_same_series_is_forecast_the_same() -> None:
    known = line(200) + noise(200, 5)

    np.testing.assert_array_equal(forecast_of(known).high, forecast_of(known).high)


@pytest.mark.parametrize("missing", [0, 1, 6])
def test_days_missing_at_the_end_do_not_shift_the_dates(missing: int) -> None:
    known = line(100)
    known[100 - missing :] = GAP

    found = forecast_of(known)

    assert found.first == FIRST + timedelta(days=100)
    np.testing.assert_allclose(found.values, line(130)[100:])
    assert found.latest == line(100)[99 - missing]


def test_what_never_was_negative_is_not_forecast_negative() -> None:
    found = forecast_of(line(100, level=101, growth=-1) + noise(100, 0.1), 60)

    assert found.values[-1] == found.low[-1] == 0
    assert found.high[-1] >= 0
    assert forecast_of(line(100, level=49, growth=-1) + noise(100, 0.1), 60).values[-1] < -50


def test_of_growth_that_bends_the_recent_growth_is_continued() -> None:
    bent = line(365, growth=0.1) + 2 * np.maximum(np.arange(365) - 250, 0) + noise(365)

    found = forecast_of(bent)

    assert found.method is ForecastMethod.RECENT_TREND
    assert found.values[-1] == pytest.approx(100 + 0.1 * 394 + 2 * 144, rel=0.03)


def test_noise_without_growth_is_not_taken_for_growth() -> None:
    found = forecast_of(100 + noise(365, 5), 300)

    np.testing.assert_allclose(found.values, 100, atol=5)
    assert found.low[-1] < 100 < found.high[-1]


def test_the_stated_error_is_that_of_the_noise_that_nobody_can_forecast() -> None:
    found = forecast_of(100 + noise(365, 5))

    # The median of |x| for normal noise is 0.67 of its deviation.
    assert found.error == pytest.approx(0.67 * 0.05, rel=0.3)


def test_nine_of_ten_days_to_come_are_within_the_interval() -> None:
    held_out, days = 30, 365
    inside = []
    for seed in range(40):
        course = line(days + held_out) + np.random.default_rng(seed).normal(scale=8, size=days + held_out)
        found = forecast_of(course[:days])
        inside.append(np.mean((found.low <= course[days:]) & (course[days:] <= found.high)))

    assert 0.85 <= np.mean(inside) <= 0.97


def test_the_interval_widens_with_the_distance_also_beyond_what_was_tested() -> None:
    found = forecast_of(100 + np.cumsum(noise(200)), 400)

    widths = found.high - found.low
    assert np.all(np.diff(found.high - found.values) >= -1e-9)
    assert widths[399] > 3 * widths[55]


def test_holidays_outages_and_gaps_in_the_past_change_little() -> None:
    ordinary = line(300) + season(300) + noise(300)
    disturbed = ordinary - 60 * (after(300, 118) - after(300, 127))
    disturbed[200:205] = 0
    disturbed[240:250] = GAP

    one, other = forecast_of(ordinary), forecast_of(disturbed)

    np.testing.assert_allclose(other.values, one.values, rtol=0.01)
    assert other.jumps == ()
    assert np.max(other.high - other.low) < 2 * np.max(one.high - one.low)
