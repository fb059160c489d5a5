"""Amounts as people read them. Pure."""

from toban.chapters.capacity.stated import BYTE
from toban.engine.amounts import size

_WHOLE = 100
_FEW = 10


def amount(value: float, unit: str) -> str:
    """Return 120 GB, 2, 3.5: *value* in the unit that its source measures in."""
    if unit == BYTE:
        return size(round(value))
    return f"{value:,.0f}" if value == round(value) or value >= _WHOLE else f"{value:.1f}"


def percent(share: float) -> str:
    """Return 24%, 7.4%: *share* is 0 to 1, and more."""
    value = _WHOLE * share
    return f"{value:.0f}%" if value >= _FEW or value == round(value) else f"{value:.1f}%"
