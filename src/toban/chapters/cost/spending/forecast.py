"""What a month will have cost at its end. Pure.

What is used is continued day by day: the shape of a week, and a line through the longest time before that is
one line. Where a release has changed the level, that is the last week, and no line. All of it are medians, so
that one odd day moves nothing. Fees and taxes that came last month on days still to come are expected again.
Purchases, refunds and credits are not: they are counted when they are charged.
"""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median

from toban.chapters.cost.spending.amounts import NOTHING_SPENT, Spending, total

_DAY = timedelta(days=1)
_WEEK = 7
FEWEST = 7
"""Days that must be known before anything is foreseen."""
_SHAPE_DAYS = 28
_LINES = (56, 28)
"""Days that a line is laid through, the longest that is one line first."""
_LEAST_BEND = Decimal("0.03")
_MOST_NOISE = Decimal("1.5")
_NORMAL = Decimal("1.05")
"""The median of differences between neighbours → the deviation of each, if they are scattered normally."""


def first_of(day: date) -> date:
    """Return the first day of the month of *day*."""
    return day.replace(day=1)


def last_of(day: date) -> date:
    """Return the last day of the month of *day*."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def month_end(found: Spending, known_until: date, since: date) -> Decimal | None:
    """Return what the month of *known_until* will have cost; None if too few days are known.

    *known_until* is the last day whose charges are whole, *since* the first that is known.
    """
    ends = last_of(known_until)
    days = [known_until - number * _DAY for number in range(min((known_until - since).days + 1, _LINES[0]))]
    if len(days) < FEWEST:
        return None
    so_far = found.between(first_of(known_until), ends)
    to_come = [known_until + number * _DAY for number in range(1, (ends - known_until).days + 1)]
    # What is charged already of days to come is replaced by what they will have been charged.
    partly = sum((found.used.get(each, NOTHING_SPENT) for each in to_come), NOTHING_SPENT)
    used = sum(_foreseen(found.used, days, to_come), NOTHING_SPENT)
    return so_far - partly + used + _returning(found, known_until, since)


def _foreseen(used: Mapping[date, Decimal], days: Sequence[date], to_come: Sequence[date]) -> list[Decimal]:
    """Return what is used on each of the days *to_come*; *days* are those known, the newest first."""
    shape = _shape({each: used.get(each, NOTHING_SPENT) for each in days[:_SHAPE_DAYS]})
    plain = [used.get(each, NOTHING_SPENT) / shape[each.weekday()] for each in days]
    level, drift = _line(plain)
    return [
        max(NOTHING_SPENT, level + drift * (each - days[0]).days) * shape[each.weekday()] for each in to_come
    ]


def _shape(known: Mapping[date, Decimal]) -> Mapping[int, Decimal]:
    """Return how each day of the week compares with the others; all alike below two weeks."""
    by_day = {day: [value for on, value in known.items() if on.weekday() == day] for day in range(_WEEK)}
    usual = {day: median(values) if values else NOTHING_SPENT for day, values in by_day.items()}
    mean = sum(usual.values(), NOTHING_SPENT) / _WEEK
    if len(known) < 2 * _WEEK or any(value <= 0 for value in usual.values()):
        return dict.fromkeys(range(_WEEK), Decimal(1))
    return {day: value / mean for day, value in usual.items()}


def _line(values: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    """Return the level of the newest day and how much each day adds; *values* are the newest first."""
    for length in _LINES:
        if len(values) >= length:
            drift = _slope(values[:length])
            rests = [value + drift * number for number, value in enumerate(values[:length])]
            level = median(rests)
            if _is_one_line([rest - level for rest in rests], values, level):
                return level, drift
    week = values[:_WEEK]
    # The median of all means of two: nearly as sure as the mean, and as deaf to one odd day as the median.
    return median(
        (one + other) / 2 for number, one in enumerate(week) for other in week[number:]
    ), NOTHING_SPENT


def _slope(values: Sequence[Decimal]) -> Decimal:
    """Return the median of the slopes between any two of *values*."""
    return median(
        (one - other) / (later - number)
        for number, one in enumerate(values)
        for later, other in enumerate(values[number + 1 :], number + 1)
    )


def _is_one_line(rests: Sequence[Decimal], values: Sequence[Decimal], level: Decimal) -> bool:
    """Return whether each week lies about the line, as far as days differ anyway."""
    steps = [abs(one - other) for one, other in pairwise(values[: len(rests)])]
    most = max(abs(level) * _LEAST_BEND, median(steps) * _NORMAL * _MOST_NOISE)
    return all(abs(median(rests[start : start + _WEEK])) <= most for start in range(0, len(rests), _WEEK))


def _returning(found: Spending, known_until: date, since: date) -> Decimal:
    """Return the fees and taxes that came last month on days that are still to come in this one."""
    former_end = first_of(known_until) - _DAY
    former = first_of(former_end)
    if since > former:
        return NOTHING_SPENT
    if known_until.day >= former_end.day:
        return NOTHING_SPENT
    after = former.replace(day=known_until.day) + _DAY
    ends = last_of(known_until)
    come = [total(each, known_until + _DAY, ends) for each in (found.fees, found.tax)]
    expected = [total(each, after, former_end) for each in (found.fees, found.tax)]
    # What has come already is not awaited a second time.
    return sum(
        (max(NOTHING_SPENT, each - there) for each, there in zip(expected, come, strict=True)), NOTHING_SPENT
    )
