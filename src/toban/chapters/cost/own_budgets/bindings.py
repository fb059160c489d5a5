"""`[aws_budgets.ITEM]`: the budget of AWS Budgets that should be that of a row."""

from typing import ClassVar

from pydantic import Field

from toban.design.clauses.cost import Budget
from toban.design.reader import Design
from toban.engine.bindings.aws import AwsAccess
from toban.engine.bindings.table import named


class AwsBudgetBinding(AwsAccess):
    """`[aws_budgets.ITEM]`: `budgets:ViewBudget` is enough."""

    example: ClassVar[dict[str, str]] = {"region": "us-east-1", "account": "123456789012", "budget": "shop"}

    account: str = Field(pattern=r"^\d{12}$")
    """The account whose budget it is."""
    budget: str = Field(pattern=r"^[^:\\]{1,100}$")
    """Its name there."""


def _items(design: Design) -> set[str]:
    return {row.item for row in design.of(Budget)}


AWS_BUDGETS = named("aws_budgets", AwsBudgetBinding, names=_items)
"""An item of chapter 11 → its budget in AWS Budgets."""
