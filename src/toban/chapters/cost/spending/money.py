"""Amounts in the currency of a budget. Pure."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from toban.design.values.money import Money

YEN = "JPY"
_DIGITS = {YEN: Decimal(1)}
_CENT = Decimal("0.01")


def converted(amount: Decimal, currency: str, to: str, rates: Mapping[str, Decimal]) -> Decimal | None:
    """Return *amount* in the currency *to*; None if nobody has said the rate. *rates* are yen for one."""
    if currency == to:
        return amount
    known = {YEN: Decimal(1), **rates}
    if currency not in known or to not in known:
        return None
    return amount * known[currency] / known[to]


def shown(amount: Decimal, currency: str) -> str:
    """Return *amount* as people read it, to the smallest unit of its currency."""
    return str(Money(amount.quantize(_DIGITS.get(currency, _CENT), ROUND_HALF_UP), currency))
