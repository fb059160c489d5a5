"""What a budget has spent, day by day, in its own currency and terms. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from toban.chapters.cost.bindings import CostsBinding
from toban.chapters.cost.charge import ChargeKey, ChargeKind
from toban.chapters.cost.spending.money import converted

NOTHING_SPENT = Decimal(0)


@dataclass(frozen=True, slots=True)
class Spent:
    """What one key of a bill has cost on one day."""

    bill: str
    on: date
    key: ChargeKey
    amount: Decimal
    """In the currency of the key, billed or effective as `[costs] amounts` says."""
    listed: Decimal
    effective: Decimal
    hours: Decimal = NOTHING_SPENT
    """Of instances that were used, where the bill counts hours."""
    by_hour: Decimal = NOTHING_SPENT
    """The part of *effective* that is charged for these hours."""


@dataclass(slots=True)
class Spending:
    """Amounts by day, in one currency and after tax."""

    currency: str
    used: dict[date, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    """What goes on from day to day."""
    fees: dict[date, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    """What comes again each month."""
    once: dict[date, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    tax: dict[date, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    credits: dict[date, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    """What lowers the bill; part of the others only if credits count."""
    unknown: set[str] = field(default_factory=set)
    """Currencies whose rate nobody has said."""

    @property
    def counted(self) -> Sequence[Mapping[date, Decimal]]:
        """Everything that counts for a budget."""
        return (self.used, self.fees, self.once, self.tax)

    def between(self, first: date, last: date) -> Decimal:
        """Return what counts from *first* to *last*, both included."""
        return sum((total(each, first, last) for each in self.counted), NOTHING_SPENT)

    def on(self, day: date) -> Decimal:
        """Return what counts on *day*."""
        return self.between(day, day)


def total(amounts: Mapping[date, Decimal], first: date, last: date) -> Decimal:
    """Return the sum of *amounts* from *first* to *last*, both included."""
    return sum((amount for on, amount in amounts.items() if first <= on <= last), NOTHING_SPENT)


def spending(found: Iterable[Spent], currency: str, terms: CostsBinding) -> Spending:
    """Return *found* in *currency*, with tax and credits as *terms* say."""
    made = Spending(currency)
    kinds: Mapping[ChargeKind, dict[date, Decimal]] = {
        ChargeKind.USAGE: made.used,
        ChargeKind.RECURRING: made.fees,
        ChargeKind.ONCE: made.once,
        ChargeKind.TAX: made.tax,
    }
    for each in found:
        amount = converted(each.amount, each.key.currency, currency, terms.rates)
        if amount is None:
            made.unknown.add(each.key.currency)
            continue
        kind = each.key.kind
        if kind is ChargeKind.TAX and not terms.tax.is_billed:
            continue
        taxed = amount if kind is ChargeKind.TAX else amount * (1 + terms.tax.share)
        if kind is ChargeKind.CREDIT:
            made.credits[each.on] += taxed
            if terms.credits == "counted":
                made.once[each.on] += taxed
            continue
        kinds[kind][each.on] += taxed
    return made
