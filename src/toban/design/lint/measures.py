"""Values of the document made comparable: lengths of time, quantities in one unit, downtime, hours."""

import re
from datetime import time, timedelta
from decimal import Decimal

from toban.design.clauses.objectives import Objective
from toban.design.values.duration import Duration
from toban.design.values.hours import WORKING_DAYS, Hours
from toban.design.values.metric import Metric
from toban.design.values.quantity import BYTES, Quantity
from toban.design.values.schedule import Cadence, Schedule, Weekday
from toban.design.values.threshold import Comparison, Threshold

_SOME_HOURS = re.compile(
    r"(?i)(?:営業|業務|受付|提供|稼働)(?:時間|日)[内中帯]|平日|日中"
    r"|business hours|working hours|office hours|weekday"
)
YEAR = timedelta(days=365)
MONTH = YEAR / 12
_CENTURY = YEAR * 100
_MANY = 10_000
_DAY_MINUTES = 24 * 60
_WEEK_DAYS = 7

# Size of each unit in the smallest unit of its family.
_FAMILIES = (
    {
        "ms": Decimal(1),
        "秒": Decimal(1000),
        "分": Decimal(60_000),
        "時間": Decimal(3_600_000),
    },
    {unit: Decimal(size) for unit, size in BYTES.items()},
)
_BETWEEN = {
    Cadence.CONTINUOUS: timedelta(0),
    Cadence.DAILY: timedelta(days=1),
    Cadence.WEEKLY: timedelta(weeks=1),
    Cadence.MONTHLY: MONTH,
    Cadence.QUARTERLY: MONTH * 3,
    Cadence.HALF_YEARLY: MONTH * 6,
    Cadence.YEARLY: YEAR,
}


def length(duration: Duration) -> timedelta:
    """Return the length of *duration*, capped at a century: a typo must not overflow a sum."""
    return min(duration.as_timedelta(), _CENTURY)


def repeated(once: timedelta, count: int) -> timedelta:
    """Return *once* times *count*, with *count* capped at ten thousand."""
    return once * min(count, _MANY)


def comparable(left: Quantity, right: Quantity) -> tuple[Decimal, Decimal] | None:
    """Return both values in one unit, or None if the units are unrelated."""
    if left.unit == right.unit:
        return left.value, right.value
    for family in _FAMILIES:
        if left.unit in family and right.unit in family:
            return left.value * family[left.unit], right.value * family[right.unit]
    return None


def is_ceiling(threshold: Threshold) -> bool:
    """Say whether high values trigger *threshold* (>= 80%)."""
    return threshold.comparison in (Comparison.AT_LEAST, Comparison.ABOVE)


def is_floor(threshold: Threshold) -> bool:
    """Say whether low values trigger *threshold* (< 14日)."""
    return threshold.comparison in (Comparison.AT_MOST, Comparison.BELOW)


def between_runs(schedule: Schedule) -> timedelta | None:
    """Return the longest time between two runs, or None for a schedule that promises none."""
    if schedule.cadence is Cadence.INTERVAL:
        return length(schedule.every) if schedule.every else None
    between = _BETWEEN.get(schedule.cadence)
    return between / schedule.times if between and schedule.times else between


def yearly_downtime(objective: Objective) -> timedelta | None:
    """Return the downtime an availability target leaves in a year, as written next to it or computed."""
    if objective.metric is not Metric.AVAILABILITY or objective.target.limit.unit != "%":
        return None
    # 営業時間内稼働率: the year of a target that counts only some hours is shorter than a year.
    if _SOME_HOURS.search(f"{objective.name} {objective.period}"):
        return None
    if objective.allowed_downtime is not None and objective.period:
        return length(objective.allowed_downtime) * (12 if is_monthly(objective.period) else 1)
    return YEAR * float(1 - objective.target.limit.value / 100)


def is_monthly(period: str) -> bool:
    """Say whether a target is counted per month."""
    return "月" in period or "month" in period.lower()


def uncovered(service: Hours, duty: list[Hours]) -> tuple[timedelta, bool]:
    """Return how long nobody is on *duty* in a week of *service*, and whether holidays have such gaps."""
    covered = 0
    for hours in duty:
        covered |= _minutes(hours)
    gap = _minutes(service) & ~covered
    week = gap & ((1 << _WEEK_DAYS * _DAY_MINUTES) - 1)
    return timedelta(minutes=week.bit_count()), gap != week


def _minutes(hours: Hours) -> int:
    """Return the minutes of a week as bits, followed by those of a public holiday as an eighth day."""
    days = [list(Weekday).index(day) for day in hours.weekdays]
    bits = 0
    for day in days:
        for first, last in _stretches(hours):
            # Hours past midnight belong to the next day; past Sunday they are Monday's.
            start = (day * _DAY_MINUTES + first) % (_WEEK_DAYS * _DAY_MINUTES)
            bits |= _run(start, last - first)
    # A holiday falls on some weekday: 土日 covers no holidays, 土日祝 does.
    on_working_days = set(WORKING_DAYS) <= set(hours.weekdays) and hours.includes_holidays
    if hours.adds_holidays or on_working_days:
        for first, last in _stretches(hours):
            bits |= _run(_WEEK_DAYS * _DAY_MINUTES + first % _DAY_MINUTES, last - first)
    return bits


def _stretches(hours: Hours) -> list[tuple[int, int]]:
    """Return the first and last minute, counted from the day's midnight, split at the next midnight."""
    start, end = _minute(hours.start), _minute(hours.end)
    if start < end:
        return [(start, end)]
    return [(start, _DAY_MINUTES), *([(_DAY_MINUTES, _DAY_MINUTES + end)] if end else [])]


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _run(start: int, count: int) -> int:
    return ((1 << count) - 1) << start
