"""Consumption tax on an invoice, as the qualified invoice system (適格請求書等保存方式) requires it. Pure.

A qualified invoice states, for each tax rate, the total of the prices (with or without the tax), the rate,
and the tax. A fraction of a yen is rounded once for each rate of an invoice, rather than for each line before
adding up. National Tax Agency, No. 6625: https://www.nta.go.jp/taxes/shiraberu/taxanswer/shohi/6625.htm
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from enum import StrEnum


class Prices(StrEnum):
    """Whether the amounts of the lines include the tax."""

    EXCLUDED = "excluded"
    """税抜."""
    INCLUDED = "included"
    """税込."""


class Rounding(StrEnum):
    """How a fraction of a yen is rounded; each issuer chooses. A negative tax is rounded by its size."""

    FLOOR = "floor"
    """切り捨て."""
    HALF = "half"
    """四捨五入."""
    CEIL = "ceil"
    """切り上げ."""


_MODES = {Rounding.FLOOR: ROUND_DOWN, Rounding.HALF: ROUND_HALF_UP, Rounding.CEIL: ROUND_UP}


@dataclass(frozen=True, slots=True)
class RateTotal:
    """What an invoice says about one tax rate, in yen."""

    rate: int
    """Percent."""
    total: int
    """The sum of the lines at this rate, with or without the tax as written."""
    tax: int


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of an invoice, in yen."""

    by_rate: tuple[RateTotal, ...]
    """The highest rate first."""
    prices: Prices

    @property
    def tax(self) -> int:
        """All the tax."""
        return sum(each.tax for each in self.by_rate)

    @property
    def lines(self) -> int:
        """The sum of the lines as written."""
        return sum(each.total for each in self.by_rate)

    @property
    def to_pay(self) -> int:
        """What the recipient owes."""
        return self.lines + self.tax if self.prices is Prices.EXCLUDED else self.lines


def totals(amounts: Iterable[tuple[int, int]], prices: Prices, rounding: Rounding) -> Totals:
    """Add up *amounts*, pairs of a line's rate in percent and its yen."""
    sums: dict[int, int] = defaultdict(int)
    for rate, yen in amounts:
        sums[rate] += yen
    by_rate = (RateTotal(rate, sums[rate], _tax(sums[rate], rate, prices, rounding)) for rate in sums)
    return Totals(tuple(sorted(by_rate, key=lambda each: -each.rate)), prices)


def _tax(total: int, rate: int, prices: Prices, rounding: Rounding) -> int:
    base = 100 if prices is Prices.EXCLUDED else 100 + rate
    return int((Decimal(total) * rate / base).to_integral_value(_MODES[rounding]))
