"""Budgets: ¥500,000, ¥550,000 (110%), $10, 30万円."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217)."""

    amount: Decimal
    currency: str = "JPY"


@dataclass(frozen=True, slots=True)
class BudgetAlert:
    """The spending that raises an alert, as an amount, a share of the budget in percent, or both."""

    amount: Money | None
    percent: Decimal | None = None
