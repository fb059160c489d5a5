"""Chapter 11, コスト管理: budgets and savings."""

from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.values.money import BudgetAlert, Money
from toban.design.values.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget(Clause):
    """A monthly budget and the spending that raises an alert."""

    chapter: ClassVar[Chapter] = Chapter.COST
    kind: ClassVar[str] = "budget"

    item: str
    monthly: Money | None
    alert: BudgetAlert | None
    check: Schedule | None
    is_total: bool
    """Whether it is the sum the other rows are part of (全体)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostMeasure(Clause):
    """A standing way to spend less."""

    chapter: ClassVar[Chapter] = Chapter.COST
    kind: ClassVar[str] = "cost-measure"

    name: str
    content: str
