"""Numbers with a unit: 70%, 500ms, 100GB, 2台, 8,000ユニット/日."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and its unit as the document wrote it, in normal form (`%`, `ms`, `GB`, `台`, or ``)."""

    value: Decimal
    unit: str = ""
