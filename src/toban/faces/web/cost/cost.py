"""Costs: the month against its budgets, by service and by day, and until when that is known."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.chapters.cost.bindings import CostsBinding
from toban.chapters.cost.known import known
from toban.chapters.cost.operation import OPERATION
from toban.chapters.cost.overview import BudgetLine, CostOverview, overview
from toban.chapters.cost.spending.money import shown
from toban.design.clauses.cost import Budget, CostMeasure
from toban.engine.clock import system_clock
from toban.faces.document.address import evidence_address
from toban.faces.document.live import LiveRow
from toban.faces.values.cost.month import lifecycle_values
from toban.faces.web.cost.chart import month_chart
from toban.faces.web.frame import Sight, frame, in_force, look
from toban.message import Message
from toban.text import printable_json

_FULL = 100


@dataclass(frozen=True, slots=True)
class ShownBudget:
    """A line of the table."""

    line: BudgetLine
    live: LiveRow
    address: str
    spent: str
    monthly: str
    limit: str
    forecast: str
    former: str
    share: str


@dataclass(frozen=True, slots=True)
class ShownAmount:
    """A service, or a day."""

    name: str
    amount: str
    item: str
    bar: float
    """How long its bar is, of 100."""


@require_safe
def cost(request: HttpRequest) -> HttpResponse:
    """Show the month of today."""
    edition, now = in_force(), system_clock()
    sight = look(edition, now)
    costs = known(edition.plan(OPERATION), now)
    found = overview(costs)
    total = next((each for each in found.budgets if each.row.is_total), None)
    context = {
        **frame(sight, "cost"),
        "heading": Message("cost.page"),
        "has_rows": bool(edition.design.of(Budget)),
        "bills": costs.bills,
        "terms": costs.terms,
        "found": found,
        "budgets": [_budget(each, sight) for each in found.budgets],
        "measures": [
            (each, sight.rows[each.id], evidence_address(each.id)) for each in edition.design.of(CostMeasure)
        ],
        "lifecycles": [
            (bucket, printable_json(rules, indent=2)) for bucket, rules in lifecycle_values(costs).items()
        ],
        "whole": shown(found.whole, found.currency),
        "other": shown(found.other, found.currency),
        "credits": shown(found.credits, found.currency) if found.credits else "",
        "services": list(_services(found)),
        "tags": list(_tags(found)),
        "days": list(_days(found)),
        "chart": month_chart(found, total, sight.zone) if total is not None else None,
        "tax": _tax(costs.terms),
        "amounts": Message(f"cost.amounts-{costs.terms.amounts}"),
        "rates": [(currency, str(rate)) for currency, rate in costs.terms.rates.items()],
    }
    return render(request, "cost/cost.html", context)


def _tax(terms: CostsBinding) -> Message:
    if terms.tax.is_billed:
        return Message("cost.tax-billed")
    return (
        Message("cost.tax-added", share=str(terms.tax)) if terms.tax.share else Message("cost.tax-excluded")
    )


def _budget(line: BudgetLine, sight: Sight) -> ShownBudget:
    found, month = line.found, line.found.month
    share = f"{month.spent / found.monthly * _FULL:.1f}%" if found.monthly else ""
    return ShownBudget(
        line,
        sight.rows[line.row.id],
        evidence_address(line.row.id),
        found.said(month.spent),
        _said(found.monthly, line),
        _said(found.limit, line),
        _said(month.forecast, line),
        _said(line.former, line),
        share,
    )


def _said(amount: Decimal | None, line: BudgetLine) -> str:
    return line.found.said(amount) if amount is not None else "—"


def _services(found: CostOverview) -> Iterator[ShownAmount]:
    most = max((each.amount for each in found.services), default=Decimal(0))
    for each in found.services:
        yield ShownAmount(
            each.service, shown(each.amount, found.currency), each.item, _bar(each.amount, most)
        )


def _tags(found: CostOverview) -> Iterator[ShownAmount]:
    most = max((each.amount for each in found.tags), default=Decimal(0))
    for each in found.tags:
        name = each.tag or str(Message("cost.no-tag"))
        yield ShownAmount(name, shown(each.amount, found.currency), "", _bar(each.amount, most))


def _days(found: CostOverview) -> Iterator[ShownAmount]:
    most = max(found.days.values(), default=Decimal(0))
    for on, amount in sorted(found.days.items(), reverse=True):
        yield ShownAmount(f"{on:%Y-%m-%d}", shown(amount, found.currency), "", _bar(amount, most))


def _bar(amount: Decimal, most: Decimal) -> float:
    return round(float(max(amount, Decimal(0)) / most) * _FULL, 1) if most > 0 else 0.0
