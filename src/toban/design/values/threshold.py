"""Thresholds and ranges: 70%, 0-60%, > 80%, 80%以上が5分継続, 連続3回, 5分間に10件以上, 14日未満."""

from dataclasses import dataclass
from enum import StrEnum

from toban.design.values.duration import Duration
from toban.design.values.quantity import Quantity


class Comparison(StrEnum):
    """How a measured value is held against the limit; the threshold is reached when it is true."""

    AT_LEAST = ">="
    ABOVE = ">"
    AT_MOST = "<="
    BELOW = "<"
    EQUAL = "="


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit that is reached when `value <comparison> limit` holds as long, or as often, as said.

    A bare `70%` carries `is_bare`: the document wrote no comparison, and the reader of the row decides
    its direction from the other columns (a normal range below it, or the warning beside it).
    """

    limit: Quantity
    comparison: Comparison = Comparison.AT_LEAST
    is_bare: bool = False
    subject: str = ""
    """What the condition itself names, e.g. `p95` in `p95 > 500ms`; empty when only a value stands there."""
    sustained: Duration | None = None
    """Holds only after being true this long without a break (5分継続)."""
    consecutive: int | None = None
    """Holds only after this many measurements in a row (連続3回)."""
    within: Duration | None = None
    """Counted inside this window (5分間に10件以上)."""


@dataclass(frozen=True, slots=True)
class Range:
    """A normal range, both ends included; an end that is not written is None."""

    low: Quantity | None
    high: Quantity | None
