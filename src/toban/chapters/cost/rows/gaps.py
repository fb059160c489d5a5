"""Why less may be known than was spent: an old bill, a missing day, a name that nobody has seen. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations

from toban.chapters.cost.spending.forecast import last_of
from toban.message import NOTHING, Message

_DAY = timedelta(days=1)
_MOST_NAMED = 5
_TROUBLE_LASTS = timedelta(days=1)
"""A bill that can't be read for longer says nothing, however old its days may be."""
_DAILY = 14
_LATELY = timedelta(days=28)
_GONE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class BillState:
    """What is known of a bill."""

    name: str
    oldest: timedelta
    is_daily: bool
    """Whether a day without any charge is missing."""
    days: Collection[date] = ()
    """Those that are known, of the last months."""
    accounts: Collection[str] = ()
    """Whom it charges."""
    read_at: datetime | None = None
    made_at: datetime | None = None
    trouble: Message = NOTHING

    was_tried: bool = True
    """Whether anybody has tried to read it: a minute after it was bound, somebody has."""

    made_on: date | None = None
    """The day of `made_at`: nothing that it says of later days is known."""

    @property
    def newest(self) -> date | None:
        """The last day that it charges, of those that were over or had begun when it was written."""
        known = (each for each in self.days if self.made_on is None or each <= self.made_on)
        return max(known, default=None)

    def whole_until(self, today: date) -> date | None:
        """Return the last day whose charges are whole: the newest may still be charged."""
        newest = self.newest if self.is_daily else self.made_on or today
        return None if newest is None else min(newest, today) - _DAY


def gaps_of(bill: BillState, first: date, today: date, now: datetime) -> Iterator[Message]:
    """Yield why *bill* may not say all about the month that begins on *first*."""
    if bill.read_at is None or (bill.trouble and now - bill.read_at > _TROUBLE_LASTS):
        yield Message("cost.bill-unread", bill=bill.name, why=bill.trouble or Message("cost.not-read-yet"))
        return
    newest = bill.newest
    if newest is None:
        yield Message("cost.bill-empty", bill=bill.name)
        return
    if today - newest > bill.oldest:
        yield Message("cost.bill-old", bill=bill.name, until=f"{newest:%Y-%m-%d}", days=(today - newest).days)
    if bill.is_daily:
        missing = _missing(bill, first, min(newest, last_of(first)))
        if missing:
            yield Message(
                "cost.days-missing",
                bill=bill.name,
                count=len(missing),
                days=tuple(f"{each:%Y-%m-%d}" for each in missing[:_MOST_NAMED]),
            )


def _missing(bill: BillState, first: date, last: date) -> Sequence[date]:
    days = [first + number * _DAY for number in range((last - first).days + 1)]
    return [each for each in days if each not in bill.days]


def charged_twice(bills: Sequence[BillState]) -> Iterator[Message]:
    """Yield the accounts that two bills charge: their costs may have been counted twice."""
    for one, other in combinations(bills, 2):
        if both := sorted(set(one.accounts) & set(other.accounts) - {""}):
            yield Message("cost.charged-twice", one=one.name, other=other.name, account=both[0])


def item_gap(item: str, charged: Mapping[date, object], until: date | None) -> Message:
    """Return why what an item has cost is not known: no charge bears its name, or none does any more."""
    newest = max(charged, default=None)
    if newest is None:
        return Message("cost.item-unseen", item=item)
    before = [each for each in charged if newest - each < _LATELY]
    if until is not None and until - newest >= _GONE and len(before) >= _DAILY:
        return Message("cost.item-gone", item=item, last=f"{newest:%Y-%m-%d}")
    return NOTHING
