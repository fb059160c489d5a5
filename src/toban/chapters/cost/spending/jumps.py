"""Services that suddenly cost more or less than they used to, day after day. Pure.

What is usual is known from four weeks that ended two weeks ago, by the day of the week. A service has jumped
if each of its last days, two at least, lies beyond that by more than such days differ anyway.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median

_DAY = timedelta(days=1)
_WEEK = 7
LATELY = 14
"""Days in which a jump is still news."""
_BASE = 28
_FEWEST = 14
_LASTING = 2
_NOISE = Decimal("4.5")
"""Of the median difference from what is usual: three deviations, if days are scattered normally."""
_SHARE = Decimal("0.2")
_OF_ALL = Decimal("0.02")
_NOTHING = Decimal(0)

type Daily = Mapping[date, Decimal]


@dataclass(frozen=True, slots=True)
class CostJump:
    """A service since whose first other day it costs more, or less, a day."""

    service: str
    on: date
    before: Decimal
    """What was usual on such days, in the mean."""
    after: Decimal

    @property
    def change(self) -> Decimal:
        """By how much a day costs more."""
        return self.after - self.before


def jumps(services: Mapping[str, Daily], since: date, until: date) -> Sequence[CostJump]:
    """Return the jumps of *services*, the greatest first; days from *since* to *until* are known whole."""
    base = [until - number * _DAY for number in range(LATELY, LATELY + _BASE)]
    base = [each for each in base if each >= since]
    if len(base) < _FEWEST:
        return []
    whole = sum((each.get(on, _NOTHING) for each in services.values() for on in base), _NOTHING)
    least = whole / len(base) * _OF_ALL
    lately = [until - number * _DAY for number in range(LATELY)]
    found = (_jump(name, daily, base, lately, least) for name, daily in services.items())
    return sorted((each for each in found if each is not None), key=lambda each: -abs(each.change))


def _jump(
    service: str, daily: Daily, base: Sequence[date], lately: Sequence[date], least: Decimal
) -> CostJump | None:
    usual = _usual(daily, base)
    differences = [abs(daily.get(on, _NOTHING) - usual[on.weekday()]) for on in base]
    noise = median(differences) * _NOISE
    days = list(_beyond(daily, usual, lately, max(least, noise)))
    if len(days) < _LASTING:
        return None
    before = sum((usual[on.weekday()] for on in days), _NOTHING) / len(days)
    after = sum((daily.get(on, _NOTHING) for on in days), _NOTHING) / len(days)
    return CostJump(service, days[-1], before, after)


def _beyond(
    daily: Daily, usual: Mapping[int, Decimal], lately: Sequence[date], most: Decimal
) -> Iterator[date]:
    """Yield the newest days that lie beyond what is usual, all on the same side, the newest first."""
    side = 0
    for on in lately:
        was = usual[on.weekday()]
        change = daily.get(on, _NOTHING) - was
        towards = 1 if change > 0 else -1
        if abs(change) <= max(most, abs(was) * _SHARE) or side not in (0, towards):
            return
        side = towards
        yield on


def _usual(daily: Daily, base: Sequence[date]) -> Mapping[int, Decimal]:
    """Return what each day of the week usually costs."""
    whole = median(daily.get(on, _NOTHING) for on in base)
    found = {}
    for day in range(_WEEK):
        values = [daily.get(on, _NOTHING) for on in base if on.weekday() == day]
        found[day] = median(values) if len(values) > 1 else whole
    return found
