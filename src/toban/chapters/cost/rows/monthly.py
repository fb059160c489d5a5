"""Costs in the monthly report: each budget with what bills say, and what belongs to no item."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from toban.chapters.cost.known import KnownCosts, budget_found, known
from toban.chapters.cost.operation import OPERATION
from toban.chapters.cost.rows.judging import BudgetFound
from toban.chapters.cost.spending.amounts import Spending
from toban.chapters.cost.spending.forecast import first_of, last_of
from toban.chapters.cost.spending.money import shown
from toban.design.clauses.cost import Budget
from toban.engine.reports.formula import Constant, Over, SumWhere
from toban.engine.reports.section import (
    FigureUnit,
    RawColumn,
    RawTable,
    ReportFigure,
    ReportOccasion,
    ReportPart,
    ReportSection,
)
from toban.message import NOTHING, Message, Value, plain

_MOMENT = timedelta(microseconds=1)
_DAY = timedelta(days=1)


def section(occasion: ReportOccasion) -> ReportSection:
    """Return what each budget has spent in the month, by the days of the bills."""
    plan, month = occasion.edition.plan(OPERATION), occasion.month
    if not plan.bills:
        return ReportSection(ReportPart.COST, notes=(Message("cost.monthly-no-bills"),))
    # The month is the one of its last moment, and bills that came later count, too.
    costs = known(plan, month.cut - _MOMENT)
    whole = replace(costs, now=month.known_at).whole_until
    raw = RawTable("costs", Message("cost.monthly-table"), _COLUMNS, tuple(_rows(costs)), is_listed=False)
    first = first_of(costs.today)
    if not raw.rows and (whole is None or whole < first):
        # No bill has come to the month: that nothing was spent would be a claim.
        return ReportSection(ReportPart.COST, notes=(*_notes(costs, whole), *costs.gaps(first)))
    figures = tuple(
        figure
        for number, row in enumerate(plan.budgets, 1)
        for figure in _figures(number, row, budget_found(costs, row), raw, whole)
    )
    return ReportSection(ReportPart.COST, (*figures, _other(costs, raw)), (raw,), notes=_notes(costs, whole))


_COLUMNS = (
    RawColumn("item", Message("cost.monthly-item")),
    RawColumn("day", Message("reports.column-day")),
    RawColumn("amount", Message("cost.monthly-amount")),
    RawColumn("currency", Message("cost.monthly-currency")),
)
_OTHER = "-"
"""The item of what belongs to none: no row is called so."""


def _rows(costs: KnownCosts) -> Iterator[tuple[Value, ...]]:
    for row in costs.plan.budgets:
        yield from _days(row.id, costs.spending(row), costs)
    yield from _days(_OTHER, costs.other, costs)


def _days(item: str, spent: Spending, costs: KnownCosts) -> Iterator[tuple[Value, ...]]:
    day, last = first_of(costs.today), min(last_of(costs.today), costs.today)
    while day <= last:
        if amount := spent.on(day):
            yield item, f"{day}", float(amount), spent.currency
        day += _DAY


def _figures(
    number: int, row: Budget, found: BudgetFound, raw: RawTable, whole: date | None
) -> Iterator[ReportFigure]:
    spent = SumWhere("amount", "item", row.id)
    yield ReportFigure(
        key=f"cost-{number}-spent",
        label=Message("cost.monthly-figure-spent", item=row.item),
        table=raw,
        formula=spent,
        read=_money(found.currency),
        clause=row,
        target=plain(str(row.monthly)) if row.monthly is not None else NOTHING,
        is_kept=_is_kept(found, whole),
        note=next(iter(found.month.gaps), NOTHING),
    )
    if found.monthly:
        yield ReportFigure(
            key=f"cost-{number}-share",
            label=Message("cost.monthly-figure-share", item=row.item),
            table=raw,
            formula=Over(spent, Constant(float(found.monthly)), 100),
            unit=FigureUnit.USE,
            clause=row,
        )


def _is_kept(found: BudgetFound, whole: date | None) -> bool | None:
    """Return whether the budget was kept; None if charges of the month may be missing, or none was set."""
    month = found.month
    if found.monthly is None:
        return None
    if month.spent > found.monthly:
        return False
    is_known = whole is not None and whole >= last_of(month.first) and not month.gaps
    return True if is_known else None


def _other(costs: KnownCosts, raw: RawTable) -> ReportFigure:
    return ReportFigure(
        key="cost-other",
        label=Message("cost.monthly-figure-other"),
        table=raw,
        formula=SumWhere("amount", "item", _OTHER),
        read=_money(costs.currency),
    )


def _money(currency: str) -> Callable[[float], Message]:
    return lambda number: plain(shown(Decimal(repr(number)), currency))


def _notes(costs: KnownCosts, whole: date | None) -> tuple[Message, ...]:
    first = first_of(costs.today)
    terms = Message("cost.monthly-note", month=f"{first:%Y-%m}", zone=str(costs.terms.tz))
    if whole is None or whole < last_of(first):
        return terms, Message("cost.monthly-not-whole", until=f"{whole}" if whole is not None else "—")
    return (terms,)
