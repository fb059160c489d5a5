"""Levels, budgets and burn rates, at their boundaries."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.chapters.objectives.rules import (
    BURN_RULES,
    Burn,
    Slice,
    SliceTally,
    allowed_share,
    bad_share,
    budget,
    burn_rate,
    burning,
    cut,
    keeps,
    shown,
    tally,
)
from toban.design.values.metric import Metric
from toban.design.values.threshold import Comparison
from toban.engine.spans import merged

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FIVE = 5 * MINUTE
DAYS_30 = timedelta(days=30)


def slices(*values: float) -> list[Slice]:
    return [Slice(NOON + n * FIVE, NOON + (n + 1) * FIVE, value) for n, value in enumerate(values)]


def test_the_level_is_the_mean_over_the_known_time() -> None:
    known = tally(slices(1, 1, 0.5), ())

    assert known.covered == 900
    assert known.mean == pytest.approx(2.5 / 3)
    assert tally((), ()).mean is None


def test_the_level_is_computed_with_and_without_planned_maintenance() -> None:
    known = tally(slices(1, 0, 1), [(NOON + FIVE, NOON + 2 * FIVE)])

    assert known.mean == pytest.approx(2 / 3)
    assert known.mean_unplanned == 1
    assert known.bad_unplanned(Metric.UP) == 0


def test_a_slice_is_cut_where_planned_maintenance_begins_or_ends() -> None:
    window = (NOON + MINUTE, NOON + 2 * MINUTE)
    after = (NOON + FIVE, NOON + 3 * FIVE)

    assert cut((NOON, NOON + FIVE), [window, after]) == [
        (NOON, NOON + MINUTE), window, (NOON + 2 * MINUTE, NOON + FIVE),
    ]  # fmt: skip
    assert cut(after, [after]) == [after]
    assert cut(window, [(NOON, NOON + FIVE)]) == [window]


def test_a_failure_within_an_announced_minute_costs_nothing() -> None:
    window = (NOON + MINUTE, NOON + 2 * MINUTE)
    pieces = [Slice(*piece, value=float(piece != window)) for piece in cut((NOON, NOON + FIVE), [window])]

    known = tally(pieces, [window])

    assert (known.covered, known.planned_covered, known.mean) == (300, 60, 0.8)
    assert (known.mean_unplanned, known.bad_unplanned(Metric.UP)) == (1.0, 0)


def test_if_all_known_time_was_planned_the_unplanned_level_is_unknown() -> None:
    assert tally(slices(0), [(NOON, NOON + FIVE)]).mean_unplanned is None


@given(st.lists(st.floats(0, 1), max_size=20), st.lists(st.floats(0, 1), max_size=20))
def test_days_are_summed_to_months(one: list[float], other: list[float]) -> None:
    whole = tally([*slices(*one), *slices(*other)], ())

    parts = tally(slices(*one), ()) + tally(slices(*other), ())

    assert parts.covered == whole.covered
    assert parts.amount == pytest.approx(whole.amount)


def test_the_budget_of_99_9_percent_of_30_days_is_43_minutes() -> None:
    spent = SliceTally(covered=86_400, amount=86_400 - 600)

    found = budget(Metric.UP, 99.9, DAYS_30, spent)

    assert found is not None
    assert found.allowed.total_seconds() == pytest.approx(2592)
    assert found.left.total_seconds() == pytest.approx(1992)
    assert found.share_left == pytest.approx(1992 / 2592)


def test_an_overspent_budget_is_negative_and_nothing_of_it_is_left() -> None:
    found = budget(Metric.UP, 99.9, DAYS_30, SliceTally(covered=86_400, amount=86_400 - 3000))

    assert found is not None
    assert found.left < timedelta(0)
    assert found.share_left == 0


def test_the_budget_of_an_error_rate_is_spent_by_the_share_of_requests_that_failed() -> None:
    # A day with 0.5% of errors uses up five days' share of 0.1%.
    found = budget(Metric.ERROR_RATE, 0.1, DAYS_30, SliceTally(covered=86_400, amount=86_400 * 0.5))

    assert found is not None
    assert found.share_left == pytest.approx(25 / 30)


def test_nothing_fails_in_time_that_was_planned_altogether() -> None:
    assert tally(slices(0), [(NOON, NOON + FIVE)]).share_unplanned(Metric.UP) == 0
    assert SliceTally().share_unplanned(Metric.UP) is None


def test_errors_within_planned_maintenance_spend_nothing() -> None:
    known = tally(slices(0, 100), [(NOON + FIVE, NOON + 2 * FIVE)])

    assert known.bad_unplanned(Metric.ERROR_RATE) == 0


def test_an_objective_on_a_mean_has_no_budget() -> None:
    assert budget(Metric.RESPONSE_TIME, 500, DAYS_30, SliceTally(86_400, 86_400 * 900)) is None


@pytest.mark.parametrize(
    ("metric", "limit", "allowed"),
    [(Metric.UP, 99.9, 0.001), (Metric.ERROR_RATE, 0.1, 0.001), (Metric.RESPONSE_TIME, 500, None)],
)
def test_only_ratio_targets_allow_a_bad_share(metric: Metric, limit: float, allowed: float | None) -> None:
    assert allowed_share(metric, limit) == (None if allowed is None else pytest.approx(allowed))


def test_the_bad_share_of_being_up_and_of_errors() -> None:
    assert bad_share(Metric.UP, 0.99) == pytest.approx(0.01)
    assert bad_share(Metric.ERROR_RATE, 1.5) == pytest.approx(0.015)


def burns(fast: tuple[float | None, float | None], slow: tuple[float | None, float | None]) -> list[Burn]:
    return [Burn(rule, *rates) for rule, rates in zip(BURN_RULES, (fast, slow), strict=True)]


def test_both_windows_must_burn() -> None:
    assert burning(burns((14.4, 14.4), (None, None))) is not None
    assert burning(burns((14.39, 100.0), (5.9, 100.0))) is None
    assert burning(burns((100.0, 14.39), (100.0, 5.9))) is None
    assert burning(burns((100.0, None), (None, 100.0))) is None


def test_a_rule_is_kept_only_if_a_window_shows_it() -> None:
    assert burns((14.39, None), (None, None))[0].is_slow_enough
    assert burns((None, 14.39), (None, None))[0].is_slow_enough
    assert not burns((None, 14.4), (None, None))[0].is_slow_enough
    assert not burns((14.4, None), (None, None))[0].is_slow_enough
    assert not burns((None, None), (None, None))[0].is_slow_enough


def test_the_most_severe_burn_rule_counts() -> None:
    fast, slow = BURN_RULES

    both = burning(burns((20.0, 30.0), (20.0, 20.0)))
    only_slow = burning(burns((10.0, 30.0), (6.0, 6.0)))

    assert (both and both.rule, both and both.rate) == (fast, 20.0)
    assert (only_slow and only_slow.rule) == slow


def test_a_burn_rate_exactly_at_the_rule_fires_despite_rounding() -> None:
    rate = burn_rate(1.44 / 100, 0.1 / 100)

    assert burning(burns((rate, rate), (None, None))) is not None


def test_burning_at_one_uses_the_budget_up_exactly() -> None:
    assert burn_rate(0.001, 0.001) == 1
    assert burn_rate(None, 0.001) is None
    assert burn_rate(0.5, 0.0) is None


def test_adjacent_or_overlapping_spans_are_merged() -> None:
    def at(*minutes: int) -> list[datetime]:
        return [NOON + each * MINUTE for each in minutes]

    (a, b, c, d, e, f) = at(0, 5, 5, 10, 20, 30)

    assert merged([(e, f), (c, d), (a, b), (a, a)]) == [(a, d), (e, f)]


def test_sums_of_slices_do_not_miss_a_target_by_rounding() -> None:
    assert keeps(Comparison.AT_LEAST, 99.89999999999999, 99.9)
    assert not keeps(Comparison.AT_LEAST, 99.8999, 99.9)
    assert keeps(Comparison.AT_MOST, 500.0000000001, 500)


@pytest.mark.parametrize(
    ("metric", "mean", "said"),
    [
        (Metric.UP, 0.999_996, 99.999),
        (Metric.UP, 0.999_999_999_9, 100.0),
        (Metric.UP, 0.99999, 99.999),
        (Metric.UP, 1.0, 100.0),
        (Metric.ERROR_RATE, 0.0001, 0.001),
        (Metric.ERROR_RATE, 0.1, 0.1),
        (Metric.RESPONSE_TIME, 300.2, 301.0),
        (Metric.RESPONSE_TIME, 300.0, 300.0),
    ],
)
def test_a_level_is_never_shown_better_than_it_is(metric: Metric, mean: float, said: float) -> None:
    assert shown(metric, mean) == pytest.approx(said, abs=1e-12)
