"""Where a month's money went: every budget, every service and every day, and what belongs to no item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from toban.chapters.cost.causes import ExplainedJump
from toban.chapters.cost.known import KnownCosts, budget_found
from toban.chapters.cost.models import CostDay
from toban.chapters.cost.rows.judging import BudgetFound, judge
from toban.chapters.cost.rows.measures import MeasureFound, measures
from toban.chapters.cost.spending.amounts import Spent, spending
from toban.chapters.cost.spending.forecast import first_of, last_of
from toban.design.clauses.cost import Budget
from toban.engine.rows.judgement import Judgement

_DAY = timedelta(days=1)
_MOST_RESTATED = 31


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """A row of the document, and what is known of it."""

    row: Budget
    found: BudgetFound
    judged: Judgement
    """Without its check."""
    former: Decimal | None
    """What the month before has cost; None if it is not known from its beginning."""


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """What a service has cost in the month."""

    service: str
    item: str
    """The item that it belongs to; empty: その他."""
    amount: Decimal


@dataclass(frozen=True, slots=True)
class TagLine:
    """What bears a value of the tag in the month."""

    tag: str
    """Empty: その他, what bears none."""
    amount: Decimal


@dataclass(frozen=True, slots=True)
class RestatedDay:
    """A day that a bill told otherwise later."""

    bill: str
    day: date
    taken_at: datetime
    replaced_at: datetime


@dataclass(frozen=True, slots=True)
class CostOverview:
    """A month, in one currency and in the terms of `[costs]`."""

    currency: str
    first: date
    budgets: Sequence[BudgetLine]
    measures: Sequence[MeasureFound]
    services: Sequence[ServiceLine]
    """The dearest first; together they are the whole month."""
    tags: Sequence[TagLine]
    """By the values of `[costs] tag`, the dearest first; together they are the whole month."""
    jumps: Sequence[ExplainedJump]
    days: Mapping[date, Decimal]
    """Every day of the month that has cost something."""
    whole: Decimal
    other: Decimal
    """What belongs to no item."""
    credits: Decimal
    unknown: Sequence[str]
    """Currencies that are in no sum, since nobody has said their rate."""
    restated: Sequence[RestatedDay]


def overview(costs: KnownCosts) -> CostOverview:
    """Return the month of today."""
    first = first_of(costs.today)
    last = min(last_of(first), costs.today)
    currency = costs.currency
    whole = spending(costs.spent, currency, costs.terms)
    days = sorted({each.on for each in costs.spent if first <= each.on <= last})
    return CostOverview(
        currency,
        first,
        [_budget(costs, row) for row in costs.plan.budgets],
        measures(costs),
        _services(costs, currency, first, last),
        _tags(costs, currency, first, last),
        costs.jumps,
        {each: whole.on(each) for each in days},
        whole.between(first, last),
        costs.other.between(first, last),
        sum((amount for on, amount in whole.credits.items() if first <= on <= last), Decimal(0)),
        sorted(whole.unknown),
        _restated(costs),
    )


def _budget(costs: KnownCosts, row: Budget) -> BudgetLine:
    found = budget_found(costs, row)
    ends = found.month.first - _DAY
    begins = first_of(ends)
    former = costs.spending(row).between(begins, ends) if costs.since <= begins else None
    return BudgetLine(row, found, judge(found), former)


def _services(costs: KnownCosts, currency: str, first: date, last: date) -> Sequence[ServiceLine]:
    names = {row.id: row.item for row in costs.plan.budgets}
    lines = []
    for owner, charges in costs.by_item.items():
        by_service: dict[str, list[Spent]] = {}
        for each in charges:
            by_service.setdefault(each.key.service, []).append(each)
        for service, spent in by_service.items():
            amount = spending(spent, currency, costs.terms).between(first, last)
            if amount:
                lines.append(ServiceLine(service, names.get(owner, ""), amount))
    return sorted(lines, key=lambda line: (-line.amount, line.service))


def _tags(costs: KnownCosts, currency: str, first: date, last: date) -> Sequence[TagLine]:
    if not costs.terms.tag:
        return []
    by_tag: dict[str, list[Spent]] = {}
    for each in costs.spent:
        by_tag.setdefault(each.key.tag, []).append(each)
    amounts = {
        tag: spending(each, currency, costs.terms).between(first, last) for tag, each in by_tag.items()
    }
    lines = [TagLine(tag, amount) for tag, amount in amounts.items() if amount]
    return sorted(lines, key=lambda line: (not line.tag, -line.amount, line.tag))


def _restated(costs: KnownCosts) -> Sequence[RestatedDay]:
    names = [each.name for each in costs.plan.bills]
    found = CostDay.objects.exclude(replaced_at=None).filter(bill__in=names).order_by("-replaced_at", "-day")
    return [
        RestatedDay(each.bill, each.day, each.taken_at, each.replaced_at)
        for each in found[:_MOST_RESTATED]
        if each.replaced_at is not None
    ]
