"""Consumption tax, at its boundaries."""

import pytest

from toban_invoices.tax import Prices, RateTotal, Rounding, totals


@pytest.mark.parametrize(
    ("total", "rounding", "tax"),
    [
        (1009, Rounding.FLOOR, 100),  # 100.9
        (1009, Rounding.HALF, 101),
        (1005, Rounding.HALF, 101),  # 100.5 is rounded up, whether to an even number or not
        (1015, Rounding.HALF, 102),
        (1004, Rounding.HALF, 100),
        (1001, Rounding.CEIL, 101),
        (1010, Rounding.CEIL, 101),  # nothing to round
        (1010, Rounding.FLOOR, 101),
        (-1009, Rounding.FLOOR, -100),  # for a discount, the absolute value is rounded
        (-1001, Rounding.CEIL, -101),
        (0, Rounding.CEIL, 0),
    ],
)
def test_a_fraction_of_a_yen_is_rounded_as_the_issuer_chose(total: int, rounding: Rounding, tax: int) -> None:
    assert totals([(10, total)], Prices.EXCLUDED, rounding).tax == tax


def test_tax_is_rounded_once_for_each_rate_and_not_for_each_line() -> None:
    three_lines_of_9_yen = totals([(10, 9)] * 3, Prices.EXCLUDED, Rounding.FLOOR)

    # 2.7 is rounded once; three lines of 0.9 would have given nothing.
    assert three_lines_of_9_yen.by_rate == (RateTotal(10, 27, 2),)


def test_each_rate_has_its_own_sum_and_tax_highest_rate_first() -> None:
    both = totals([(8, 4000), (10, 6055), (0, 200), (8, 7)], Prices.EXCLUDED, Rounding.FLOOR)

    assert both.by_rate == (RateTotal(10, 6055, 605), RateTotal(8, 4007, 320), RateTotal(0, 200, 0))
    assert (both.lines, both.tax, both.to_pay) == (10262, 925, 11187)


@pytest.mark.parametrize(
    ("rate", "total", "rounding", "tax"),
    [(10, 1100, Rounding.FLOOR, 100), (10, 1000, Rounding.FLOOR, 90), (10, 1000, Rounding.CEIL, 91),
     (8, 1080, Rounding.CEIL, 80), (8, 1000, Rounding.HALF, 74)],
)  # fmt: skip
def test_tax_is_extracted_from_prices_that_include_it(
    rate: int, total: int, rounding: Rounding, tax: int
) -> None:
    found = totals([(rate, total)], Prices.INCLUDED, rounding)

    assert (found.tax, found.to_pay) == (tax, total)


def test_amounts_beyond_a_floats_precision_stay_exact() -> None:
    huge = 90_071_992_547_409_93 * 10

    assert totals([(10, huge)], Prices.EXCLUDED, Rounding.FLOOR).tax == huge // 10
