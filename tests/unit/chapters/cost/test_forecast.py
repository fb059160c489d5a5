"""The month's end is foreseen on its tenth day within five percent, on months of several shapes."""

import math
import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest

from toban.chapters.cost.spending.amounts import Spending
from toban.chapters.cost.spending.forecast import FEWEST, last_of, month_end

DAY = timedelta(days=1)
FIRST = date(2026, 9, 1)
TENTH = date(2026, 11, 10)

type Shape = Callable[[date, int], float]


def week(day: date, _number: int) -> float:
    return 400 if day.weekday() > 4 else 1000


def growing(day: date, number: int) -> float:
    """A fifth more each month."""
    return 1000.0 * math.pow(1.2, number / 30) * (0.6 if day.weekday() > 4 else 1)


def stepped(day: date, number: int) -> float:
    """A release on the second costs half as much again."""
    return 1500.0 if day >= date(2026, 11, 2) else 1000.0


def spiked(day: date, number: int) -> float:
    """One day of a batch that ran away."""
    return 20_000.0 if day == date(2026, 11, 6) else 1000.0


def flat(_day: date, _number: int) -> float:
    return 1000.0


def spent(shape: Shape, *, noise: float = 0, seed: int = 1) -> Spending:
    """Return what *shape* costs from September to November."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    found = Spending("JPY")
    for number in range(91):
        day = FIRST + number * DAY
        found.used[day] = Decimal(str(round(shape(day, number) * chance.uniform(1 - noise, 1 + noise), 4)))
    return found


def known(found: Spending, until: date) -> Spending:
    """Return *found* as it was known on *until*."""
    cut = Spending(found.currency)
    for name in ("used", "fees", "once", "tax"):
        getattr(cut, name).update({on: each for on, each in getattr(found, name).items() if on <= until})
    return cut


def error(found: Spending, until: date = TENTH) -> float:
    real = found.between(until.replace(day=1), last_of(until))
    foreseen = month_end(known(found, until), until, FIRST)
    assert foreseen is not None
    return abs(float(foreseen / real - 1))


@pytest.mark.parametrize("shape", [flat, week, growing, stepped])
@pytest.mark.parametrize("noise", [0, 0.05])
def test_the_tenth_day_tells_the_month_within_five_percent(shape: Shape, noise: float) -> None:
    worst = max(error(spent(shape, noise=noise, seed=seed)) for seed in range(20))

    assert worst <= 0.05


def test_one_odd_day_is_counted_and_not_continued() -> None:
    assert error(spent(spiked)) <= 0.01


def test_fees_and_taxes_of_days_to_come_are_awaited_once() -> None:
    found = spent(flat)
    for month in (9, 10, 11):
        found.fees[date(2026, month, 1)] += 5000
        found.fees[date(2026, month, 25)] += 7000
        found.tax[date(2026, month, 28)] += 3000

    assert error(found) == 0
    # Once they came, they are not awaited again.
    assert error(found, date(2026, 11, 26)) == 0


def test_what_came_once_is_not_awaited_again() -> None:
    found = spent(flat)
    found.once[date(2026, 10, 20)] += 90_000
    found.once[date(2026, 11, 3)] += 50_000

    assert error(found) == 0


def test_too_few_days_tell_nothing() -> None:
    found, since = spent(flat), date(2026, 11, 1)

    assert month_end(found, date(2026, 11, FEWEST - 1), since) is None
    assert month_end(known(found, date(2026, 11, FEWEST)), date(2026, 11, FEWEST), since) == 30_000


def test_a_day_that_is_only_begun_is_foreseen_whole() -> None:
    found = known(spent(flat), date(2026, 11, 11))
    found.used[date(2026, 11, 11)] = Decimal(100)

    assert month_end(found, TENTH, FIRST) == 30_000


def test_spending_that_falls_ends_at_nothing() -> None:
    found = spent(lambda _day, number: max(0.0, 1000 - number * 12))

    foreseen = month_end(known(found, TENTH), TENTH, FIRST)

    assert foreseen is not None
    assert foreseen >= known(found, TENTH).between(TENTH.replace(day=1), TENTH)
