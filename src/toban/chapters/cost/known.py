"""What is known of every budget, from what is kept of bills."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property

from toban.chapters.cost.bindings import CostsBinding
from toban.chapters.cost.causes import ExplainedJump, explained
from toban.chapters.cost.charge import MICRO, ChargeKey, ChargeKind, Commitment
from toban.chapters.cost.models import BillReading, CostDay, DayCharge
from toban.chapters.cost.plan import BoundCommitment, CostPlan
from toban.chapters.cost.rows.commitments import commitment_found, judge_commitment
from toban.chapters.cost.rows.gaps import BillState, charged_twice, gaps_of, item_gap
from toban.chapters.cost.rows.judging import BudgetFound, MonthFound
from toban.chapters.cost.spending.amounts import Spending, Spent, spending, total
from toban.chapters.cost.spending.forecast import first_of, last_of, month_end
from toban.chapters.cost.spending.items import Items
from toban.chapters.cost.spending.jumps import jumps
from toban.chapters.cost.spending.money import YEN, converted
from toban.design.clauses.cost import Budget
from toban.engine.evidence.verdict import Verdict
from toban.engine.rows.judgement import Judgement
from toban.message import NOTHING, Message

_DAY = timedelta(days=1)
_CLOSING = 7
"""Until this day of a month, the one before is judged too: its last days are charged late."""
_MONTHS_BACK = timedelta(days=100)
_MOST_JUMPS = 2
_PERCENT = Decimal(100)


@dataclass(frozen=True)
class KnownCosts:
    """What bills say, and until when."""

    plan: CostPlan
    bills: Sequence[BillState]
    spent: Sequence[Spent]
    """Of the last months."""
    now: datetime

    @property
    def terms(self) -> CostsBinding:
        """In which they are compared."""
        return self.plan.terms

    @property
    def today(self) -> date:
        """The day, where bills begin theirs."""
        return self.now.astimezone(self.terms.tz).date()

    @cached_property
    def items(self) -> Items:
        """The items of the document."""
        return Items(tuple(row for row in self.plan.budgets if not row.is_total), self.terms.items)

    @cached_property
    def by_item(self) -> Mapping[str, Sequence[Spent]]:
        """The id of an item's row → its charges; empty: those of その他."""
        found: dict[str, list[Spent]] = {}
        owners: dict[ChargeKey, str] = {}
        for each in self.spent:
            if each.key not in owners:
                row = self.items.of(each.key)
                owners[each.key] = row.id if row is not None else ""
            found.setdefault(owners[each.key], []).append(each)
        return found

    @cached_property
    def whole_until(self) -> date | None:
        """The last day whose charges are whole in every bill."""
        known = [each.whole_until(self.today) for each in self.bills]
        days = [each for each in known if each is not None]
        return min(days) if days and len(days) == len(known) else None

    @cached_property
    def since(self) -> date:
        """The first day that is known of every bill."""
        return max((min(each.days) for each in self.bills if each.days), default=self.today)

    @cached_property
    def currency(self) -> str:
        """That of the total, in which what belongs to no row is told."""
        total = next((row for row in self.plan.budgets if row.is_total), None)
        return currency_of(total) if total is not None else YEN

    @cached_property
    def jumps(self) -> Sequence[ExplainedJump]:
        """The services that suddenly cost more or less, and what changed then."""
        until = self.whole_until
        if until is None:
            return ()
        services: dict[str, list[Spent]] = {}
        for each in self.spent:
            services.setdefault(each.key.service, []).append(each)
        daily = {name: spending(each, self.currency, self.terms).used for name, each in services.items()}
        return explained(jumps(daily, self.since, until), self.currency, self.terms.tz)

    @cached_property
    def other(self) -> Spending:
        """その他: what belongs to no item."""
        return spending(self.by_item.get("", ()), self.currency, self.terms)

    def charges(self, row: Budget) -> Sequence[Spent]:
        """Return what counts for *row*."""
        return self.spent if row.is_total else self.by_item.get(row.id, ())

    def spending(self, row: Budget) -> Spending:
        """Return what *row* has spent, in its currency."""
        return spending(self.charges(row), currency_of(row), self.terms)

    def gaps(self, first: date) -> Sequence[Message]:
        """Return why the month that begins on *first* may not be known whole."""
        found = [gap for each in self.bills for gap in gaps_of(each, first, self.today, self.now)]
        return [*found, *charged_twice(self.bills)]

    def once_tried(self, found: Judgement) -> Judgement:
        """Return *found*; what can't be measured is not due yet until each bill was tried to be read."""
        if found.verdict is not Verdict.NOT_MEASURABLE or all(each.was_tried for each in self.bills):
            return found
        return replace(found, verdict=Verdict.NOT_DUE)


def known(plan: CostPlan, now: datetime) -> KnownCosts:
    """Return what is known at *now*."""
    since = first_of(now.astimezone(plan.terms.tz).date()) - _MONTHS_BACK
    names = [each.name for each in plan.bills]
    spent = list(_spent(names, since, plan.terms))
    return KnownCosts(plan, list(_bills(plan, since, spent)), spent, now)


def _spent(bills: Collection[str], since: date, terms: CostsBinding) -> Iterator[Spent]:
    rows = DayCharge.objects.filter(day__replaced_at=None, day__bill__in=bills, day__day__gte=since)
    values = rows.values_list(
        "day__bill",
        "day__day",
        "service",
        "account",
        "tag",
        "kind",
        "commitment",
        "currency",
        "billed",
        "effective",
        "listed",
        "hours",
        "by_hour",
    )
    for bill, on, service, account, tag, kind, commitment, currency, *amounts in values:
        key = ChargeKey(service, account, tag, ChargeKind(kind), Commitment(commitment), currency)
        billed, effective, listed, *hours = (Decimal(each) / MICRO for each in amounts)
        amount = billed if terms.amounts == "billed" else effective
        yield Spent(bill, on, key, amount, listed, effective, *hours)


def _bills(plan: CostPlan, since: date, spent: Sequence[Spent]) -> Iterator[BillState]:
    readings = BillReading.objects.in_bulk([each.name for each in plan.bills])
    days: dict[str, set[date]] = {}
    for bill, on in CostDay.objects.filter(replaced_at=None, day__gte=since).values_list("bill", "day"):
        days.setdefault(bill, set()).add(on)
    accounts: dict[str, set[str]] = {}
    for each in spent:
        accounts.setdefault(each.bill, set()).add(each.key.account)
    for bound in plan.bills:
        read = readings.get(bound.name)
        yield BillState(
            bound.name,
            bound.config.oldest,
            bound.config.days == "every",
            days.get(bound.name, ()),
            accounts.get(bound.name, ()),
            read.read_at if read is not None else None,
            read.made_at if read is not None else None,
            read.trouble if read is not None else NOTHING,
            read is not None,
            read.made_at.astimezone(plan.terms.tz).date() if read is not None and read.made_at else None,
        )


def _jumped(costs: KnownCosts, row: Budget) -> Sequence[Message]:
    """Return the jumps among what counts for *row*."""
    services = {each.key.service for each in costs.charges(row)}
    return tuple(each.said for each in costs.jumps if each.jump.service in services)[:_MOST_JUMPS]


def currency_of(row: Budget) -> str:
    """Return the currency in which *row* is compared."""
    if row.monthly is not None:
        return row.monthly.currency
    return row.alert.amount.currency if row.alert is not None and row.alert.amount is not None else YEN


def limit_of(row: Budget, terms: CostsBinding) -> Decimal | None:
    """Return what raises the alert of *row*, in its currency; None if nothing does, or no rate is known."""
    if row.alert is None:
        return None
    if row.alert.amount is not None:
        money = row.alert.amount
        return converted(money.amount, money.currency, currency_of(row), terms.rates)
    if row.alert.percent is None or row.monthly is None:
        return None
    return row.monthly.amount * row.alert.percent / _PERCENT


def budget_found(costs: KnownCosts, row: Budget) -> BudgetFound:
    """Return what is known of *row*, without its check."""
    found, first = costs.spending(row), first_of(costs.today)
    made = [each.made_at for each in costs.bills if each.made_at is not None]
    return BudgetFound(
        currency_of(row),
        row.monthly.amount if row.monthly is not None else None,
        limit_of(row, costs.terms),
        _month(costs, row, found, first),
        _former(costs, row, found, first),
        min(made).astimezone(costs.plan.system.zone) if len(made) == len(costs.bills) else None,
        jumps=_jumped(costs, row),
    )


def _month(costs: KnownCosts, row: Budget, found: Spending, first: date) -> MonthFound:
    ends, whole = last_of(first), costs.whole_until
    until = min(whole, ends) if whole is not None and whole >= first else None
    is_current = first == first_of(costs.today)
    even = None
    if until is not None and row.monthly is not None:
        even = row.monthly.amount * until.day / ends.day
    return MonthFound(
        first,
        found.between(first, min(ends, costs.today)),
        until,
        tuple(_gaps(costs, row, found, first)),
        month_end(found, until, costs.since) if until is not None and is_current else None,
        even,
        total(found.credits, first, ends),
    )


def _former(costs: KnownCosts, row: Budget, found: Spending, first: date) -> MonthFound | None:
    before = first_of(first - _DAY)
    if costs.today.day > _CLOSING or costs.since > before:
        return None
    return _month(costs, row, found, before)


def _gaps(costs: KnownCosts, row: Budget, found: Spending, first: date) -> Iterator[Message]:
    yield from costs.gaps(first)
    for currency in sorted(found.unknown):
        yield Message("cost.no-rate", currency=currency, to=found.currency)
    if row.alert is not None and row.alert.amount is not None and limit_of(row, costs.terms) is None:
        yield Message("cost.no-rate", currency=row.alert.amount.currency, to=found.currency)
    if not row.is_total:
        gap = item_gap(row.item, {each.on: None for each in costs.charges(row)}, costs.whole_until)
        if gap:
            yield gap


def judged_commitment(costs: KnownCosts, each: BoundCommitment) -> Judgement:
    """Return what is found about a measure that bought something for a term."""
    first, until = first_of(costs.today), costs.whole_until or costs.today
    gaps = costs.gaps(first)
    found = commitment_found(costs.spent, each.bought, first, until, costs.terms.rates, gaps)
    return costs.once_tried(judge_commitment(found, each.bought, costs.today))
