"""What a measure has saved: the hours that were not used, at the price that the bill itself shows. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from toban.chapters.cost.bindings import CostsBinding, OffHoursBinding
from toban.chapters.cost.charge import ChargeKind, Commitment
from toban.chapters.cost.spending.amounts import Spent
from toban.chapters.cost.spending.money import YEN, converted

_DAY = timedelta(days=1)
_HOUR = Decimal(3600)
_NOTHING = Decimal(0)

type Seconds = Mapping[date, int]
"""A day → the seconds of instances that were not used on it."""


@dataclass(frozen=True, slots=True)
class Saving:
    """What was saved in a span of days."""

    hours: Decimal
    """Of instances, as Toban measured them."""
    priced: Decimal
    """Those of them whose price the bill shows."""
    yen: Decimal | None
    """None if it shows the price of none."""


def by_day(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[date, int]]:
    """Yield the seconds from *start* to *end* by the day of *zone* that they fall on."""
    at = start
    while at < end:
        on = at.astimezone(zone).date()
        midnight = datetime.combine(on + _DAY, time(0), zone)
        until = min(end, midnight)
        yield on, round(until.timestamp() - at.timestamp())
        at = until


def saving(
    seconds: Seconds,
    spent: Iterable[Spent],
    bound: OffHoursBinding,
    terms: CostsBinding,
    until: date | None,
) -> Saving:
    """Return what *seconds* have saved; *until* is the last day whose charges are whole.

    A later day has no price yet. What is covered by a commitment is paid whether it is used or not, so only
    the price of what is charged by use counts.
    """
    prices = _prices(spent, bound, terms, until)
    hours = {on: Decimal(each) / _HOUR for on, each in seconds.items()}
    priced = {on: each for on, each in hours.items() if on in prices}
    yen = sum((each * prices[on] for on, each in priced.items()), _NOTHING) if any(priced.values()) else None
    return Saving(sum(hours.values(), _NOTHING), sum(priced.values(), _NOTHING), yen)


def _prices(
    spent: Iterable[Spent], bound: OffHoursBinding, terms: CostsBinding, until: date | None
) -> Mapping[date, Decimal]:
    """Return what an hour of an instance has cost on each day, in yen and with tax as *terms* say."""
    services = {each.casefold() for each in bound.services}
    amounts, hours = defaultdict[date, Decimal](Decimal), defaultdict[date, Decimal](Decimal)
    for each in spent:
        key = each.key
        is_used = key.kind is ChargeKind.USAGE and key.commitment is Commitment.NONE and each.hours > 0
        is_its = key.service.casefold() in services and (not bound.tag or key.tag == bound.tag)
        if until is None or each.on > until or not (is_used and is_its):
            continue
        yen = converted(each.by_hour, key.currency, YEN, terms.rates)
        if yen is not None:
            amounts[each.on] += yen * (1 + terms.tax.share)
            hours[each.on] += each.hours
    return {on: amount / hours[on] for on, amount in amounts.items()}
