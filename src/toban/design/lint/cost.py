"""Chapter 11: budgets against their total and their alerts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from toban.design.clauses.cost import Budget
from toban.design.finding import FindingLevel
from toban.design.lint.rule import Inspection, Remark, rule
from toban.design.lint.wording import cite, number
from toban.design.values.money import Money
from toban.message import Message

_PART = re.compile(r"(?i)小計|中計|うち|内訳|sub-?total|of which")
"""What is counted in another row, too."""


@rule("CO001", FindingLevel.WARNING)
def part_of_total_is_unallocated(on: Inspection) -> Iterator[Remark]:
    """The itemised budgets leave part of the total without an owner or an alert."""
    for split in _splits(on):
        if split.rest > 0:
            yield Remark.on(
                split.total,
                Message(
                    "design.budget-is-unallocated",
                    lines=cite(*split.items),
                    sum=split.written(split.sum),
                    total=split.written(split.whole.amount),
                    rest=split.written(split.rest),
                ),
                Message("design.budget-is-unallocated-hint"),
            )


@rule("CO002", FindingLevel.ERROR)
def items_exceed_total(on: Inspection) -> Iterator[Remark]:
    """The itemised budgets add up to more than the total."""
    for split in _splits(on):
        if split.rest < 0:
            yield Remark.on(
                split.total,
                Message(
                    "design.items-exceed-total",
                    lines=cite(*split.items),
                    sum=split.written(split.sum),
                    total=split.written(split.whole.amount),
                    excess=split.written(-split.rest),
                ),
                Message("design.items-exceed-total-hint"),
            )


@rule("CO003", FindingLevel.WARNING)
def alert_percent_does_not_fit_amount(on: Inspection) -> Iterator[Remark]:
    """The alert's amount does not match the percentage written next to it."""
    for budget in on.of(Budget):
        monthly, alert = budget.monthly, budget.alert
        if monthly is None or alert is None or alert.amount is None or alert.percent is None:
            continue
        if monthly.currency != alert.amount.currency or not monthly.amount:
            continue
        computed = alert.amount.amount / monthly.amount * 100
        # Documents round to whole percents.
        if abs(computed - alert.percent) <= 1:
            continue
        yield Remark.on(
            budget,
            Message(
                "design.alert-percent-does-not-fit",
                alert=alert.amount,
                budget=monthly,
                computed=number(round(computed, 1)),
                written=number(alert.percent),
            ),
            Message("design.alert-percent-does-not-fit-hint"),
        )


@dataclass(frozen=True, slots=True)
class _Split:
    """A table's total and the items it is split into, all in one currency."""

    total: Budget
    whole: Money
    items: tuple[Budget, ...]
    sum: Decimal

    @property
    def rest(self) -> Decimal:
        return self.whole.amount - self.sum

    def written(self, amount: Decimal) -> str:
        return str(Money(amount, self.whole.currency))


def _splits(on: Inspection) -> Iterator[_Split]:
    for table in _tables(on.of(Budget)):
        wholes = [(budget, budget.monthly) for budget in table if budget.is_total and budget.monthly]
        items = tuple(budget for budget in table if not (budget.is_total or _PART.search(budget.item)))
        amounts = [item.monthly for item in items if item.monthly]
        if len(wholes) != 1 or not items:
            continue
        total, whole = wholes[0]
        # If one item has no amount or another currency, the sum says nothing.
        if len(amounts) == len(items) and all(amount.currency == whole.currency for amount in amounts):
            yield _Split(total, whole, items, sum((amount.amount for amount in amounts), Decimal(0)))


def _tables(budgets: tuple[Budget, ...]) -> Iterator[list[Budget]]:
    """Yield the budgets table by table: rows of one table are on consecutive lines."""
    table: list[Budget] = []
    for budget in budgets:
        if table and budget.origin.line != table[-1].origin.line + 1:
            yield table
            table = []
        table.append(budget)
    if table:
        yield table
