"""Steps and clean-ups are told from holidays, outages, weekends and noise."""

from datetime import date, timedelta

import numpy as np
import pytest
from tests.unit.chapters.capacity.forecasting.series import (
    FIRST,
    after,
    forecast_of,
    line,
    noise,
    season,
)

from toban.chapters.capacity.forecasting.bases import Basis
from toban.chapters.capacity.forecasting.jumps import Jump, JumpKind, recognised
from toban.chapters.capacity.forecasting.rhythm import Rhythm, rhythm
from toban.chapters.capacity.forecasting.series import Floats


def teeth(days: int, every: int, growth: float = 2.0) -> Floats:
    """Return what grows, and is cleaned up to nothing every so many days."""
    return growth * (np.arange(days, dtype=np.float64) % every)


@pytest.mark.parametrize("size", [50, -50, 500])
@pytest.mark.parametrize("at", [20, 100, 180])
def test_a_step_is_recognised_on_its_day_and_with_its_size(at: int, size: float) -> None:
    found = recognised(200 + season(200) + noise(200, 2) + size * after(200, at))

    [step] = found.lasting
    assert (step.at, step.kind) == (at, JumpKind.STEP)
    assert step.size == pytest.approx(size, abs=8)


def test_a_step_within_noise_is_recognised_by_the_weeks_around_it() -> None:
    found = recognised(100 + noise(300, 5) + 35 * after(300, 150))

    [step] = found.lasting
    assert step.at == pytest.approx(150, abs=3)
    assert step.size == pytest.approx(35, abs=8)


def test_a_migration_of_three_days_is_one_step() -> None:
    found = recognised(line(200) + 30 * (after(200, 100) + after(200, 101) + after(200, 102)) + noise(200))

    [step] = found.lasting
    assert step.at == 102
    assert step.size == pytest.approx(90, abs=5)


def test_a_drop_of_what_grows_is_a_clean_up_and_of_what_does_not_a_step() -> None:
    drop = -40 * after(200, 120) + noise(200)

    assert [jump.kind for jump in recognised(line(200) + drop).lasting] == [JumpKind.CLEAN_UP]
    assert [jump.kind for jump in recognised(100 + drop).lasting] == [JumpKind.STEP]


@pytest.mark.parametrize("days", [1, 3, 8, 16])
def test_what_is_taken_back_within_sixteen_days_is_no_jump(days: int) -> None:
    dip = -60 * (after(300, 150) - after(300, 150 + days))

    found = recognised(line(300) + dip + noise(300))

    assert found.lasting == ()
    assert found.excursions == ((150, 150 + days),) * (days > 1)


def test_what_lasts_longer_is_two_jumps() -> None:
    found = recognised(line(300) - 60 * (after(300, 150) - after(300, 180)) + noise(300))

    assert [jump.at for jump in found.lasting] == [150, 180]


def test_weekends_noise_and_a_bend_are_no_jumps() -> None:
    calm = (
        100 + season(300) + noise(300),
        100 + noise(300, 20),
        line(300) + 3 * np.maximum(np.arange(300) - 150, 0),
        (1 + season(300) / 100) * 1.1 ** (np.arange(300) / 30),
        np.zeros(300),
    )

    assert [recognised(values).lasting for values in calm] == [()] * 5


def test_what_jumps_all_the_time_has_no_jumps() -> None:
    assert recognised(np.resize([2.0, 2.0, 2.0, 5.0, 5.0, 5.0, 5.0, 2.0], 200)).lasting == ()


def test_after_a_step_the_growth_goes_on_from_the_new_level() -> None:
    known = line(200, growth=0.1) + 50 * after(200, 120) + noise(200)

    found = forecast_of(known)

    [jump] = found.jumps
    assert (jump.on, jump.kind) == (FIRST + timedelta(days=120), JumpKind.STEP)
    np.testing.assert_allclose(found.values, 150 + 0.1 * np.arange(200, 230), atol=2)
    assert found.high[-1] - found.low[-1] < 10


@pytest.mark.parametrize("every", [10, 24, 45])
def test_recurring_clean_ups_are_forecast_in_their_rhythm(every: int) -> None:
    course = line(330, growth=0.1) + teeth(330, every) + noise(330, 0.3)

    found = forecast_of(course[:300])

    assert found.rhythm == Rhythm(every=every)
    assert found.basis is Basis.CLEAN_UPS
    np.testing.assert_allclose(found.values, course[300:], atol=5)


def test_clean_ups_on_the_first_of_the_month_are_forecast_on_the_first() -> None:
    days = [date(2026, 1, 5) + timedelta(days=number) for number in range(320)]
    level, values = 0.0, []
    for day in days:
        level = 0.0 if day.day == 1 else level + 2
        values.append(100 + level)
    course = np.array(values) + noise(320, 0.3)

    found = forecast_of(course[:285])

    assert found.rhythm == Rhythm(day_of_month=1)
    np.testing.assert_allclose(found.values, course[285:315], atol=6)


def test_an_expected_clean_up_of_yesterday_is_believed_at_once() -> None:
    course = line(331, growth=0.1) + teeth(331, 30) + noise(331, 0.3)

    found = forecast_of(course[:301])

    assert found.jumps[-1].on == FIRST + timedelta(days=300)
    np.testing.assert_allclose(found.values, course[301:], atol=6)


def test_clean_ups_without_a_rhythm_are_none_to_count_on() -> None:
    cleaned = (40, 75, 150, 170, 260)
    course = line(300, growth=2) - sum(60 * after(300, at) for at in cleaned) + noise(300)

    found = forecast_of(course)

    assert found.rhythm is None
    assert len(found.jumps) == len(cleaned)
    assert found.values[0] == pytest.approx(course[-1], abs=10)


def test_jumps_that_make_the_history_harder_to_forecast_are_left_in() -> None:
    random = np.random.default_rng(44)
    known = 100 + teeth(365, 40, 3.0) * (1 + 0.1 * random.normal(size=365)) + 12 * random.normal(size=365)
    # In this noise only two of nine clean-ups are recognised.
    assert len(recognised(known).lasting) == 2

    found = forecast_of(known)

    assert found.jumps == ()
    assert found.error < 0.3


def jumps_on(*days: int) -> list[Jump]:
    return [Jump(day, -50.0, JumpKind.CLEAN_UP) for day in days]


def test_a_rhythm_takes_three_clean_ups_at_regular_intervals() -> None:
    assert rhythm(jumps_on(10, 40, 70), FIRST) == Rhythm(every=30)
    assert rhythm(jumps_on(10, 40), FIRST) is None
    assert rhythm(jumps_on(10, 41, 70, 101), FIRST) == Rhythm(every=31)
    assert rhythm(jumps_on(10, 50, 70, 120), FIRST) is None


def test_a_rhythm_of_the_month_survives_months_of_different_lengths() -> None:
    firsts = [(date(2026, month, 1) - FIRST).days for month in (2, 3, 4, 5)]

    found = rhythm(jumps_on(*firsts), FIRST)

    assert found == Rhythm(day_of_month=1)
    expected = found.expected(date(2026, 5, 1), date(2026, 5, 20), 30)
    assert np.flatnonzero(expected).tolist() == [12]


def test_a_clean_up_is_expected_whole_intervals_after_the_last_one() -> None:
    expected = Rhythm(every=10).expected(FIRST, FIRST + timedelta(days=5), 20)

    assert np.flatnonzero(expected).tolist() == [5, 15]
