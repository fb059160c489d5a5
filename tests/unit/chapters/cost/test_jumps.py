"""What suddenly costs more or less is found, and what varies anyway is not."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest

from toban.chapters.cost.spending.jumps import LATELY, CostJump, Daily, jumps

UNTIL = date(2026, 11, 29)
SINCE = date(2026, 9, 1)
DAY = timedelta(days=1)
TUESDAY = date(2026, 11, 24)
DAYS = [SINCE + number * DAY for number in range((UNTIL - SINCE).days + 1)]


def daily(of: Callable[[date], int | str]) -> Daily:
    return {each: Decimal(of(each)) for each in DAYS}


def found(of: Callable[[date], int | str], since: date = SINCE) -> list[CostJump]:
    return list(jumps({"EC2": daily(of), "RDS": daily(lambda _: 1000)}, since, UNTIL))


def test_a_level_that_changed_is_found_with_its_first_day() -> None:
    assert found(lambda on: 1380 if on >= TUESDAY else 1000) == [
        CostJump("EC2", TUESDAY, Decimal(1000), Decimal(1380))
    ]


def test_a_level_that_fell_is_found_too() -> None:
    (jump,) = found(lambda on: 500 if on >= TUESDAY else 1000)

    assert (jump.on, jump.change) == (TUESDAY, Decimal(-500))


def test_what_is_new_was_nothing_before() -> None:
    (jump,) = found(lambda on: 300 if on >= TUESDAY else 0)

    assert (jump.before, jump.after) == (Decimal(0), Decimal(300))


def test_weekends_are_no_jump_and_a_jump_over_a_weekend_is_one() -> None:
    def usual(on: date) -> int:
        return 400 if on.weekday() > 4 else 1000

    assert found(usual) == []
    (jump,) = found(lambda on: usual(on) * 2 if on >= TUESDAY else usual(on))
    assert (jump.on, jump.before, jump.after) == (TUESDAY, Decimal(800), Decimal(1600))


@pytest.mark.parametrize(
    "of",
    [
        lambda _: 1000,
        lambda on: 5000 if on == UNTIL else 1000,
        lambda on: 5000 if on == TUESDAY else 1000,
        lambda on: 1200 if on >= TUESDAY else 1000,
        lambda on: 1000 + 400 * (on.day % 3),
        lambda on: 25 if on >= TUESDAY else 10,
        lambda on: 1500 if on >= UNTIL - LATELY * DAY - 28 * DAY else 1000,
    ],
)
def test_what_varies_anyway_lasts_no_two_days_or_is_little_is_no_jump(of: Callable[[date], int]) -> None:
    assert found(of) == []


def test_with_too_short_a_past_nothing_is_said() -> None:
    assert found(lambda on: 9000 if on >= TUESDAY else 1000, since=UNTIL - 26 * DAY) == []
    assert len(found(lambda on: 9000 if on >= TUESDAY else 1000, since=UNTIL - 27 * DAY)) == 1


def test_the_greatest_comes_first() -> None:
    services = {
        name: daily(lambda on, step=step: 1000 + step if on >= TUESDAY else 1000)  # type: ignore[misc]
        for name, step in (("a", 500), ("b", -900), ("c", 700))
    }

    assert [each.service for each in jumps(services, SINCE, UNTIL)] == ["b", "c", "a"]
