"""Lengths of time as documents write them: 90日, 1年, 8.76時間, 5分, 1営業日, 30 minutes."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from toban.design.values.normal import UNDECIDED, plain
from toban.design.values.remark import without_remark
from toban.message import Message


class TimeUnit(StrEnum):
    """A unit of time; months and years are calendar units, business days need a calendar."""

    MILLISECOND = "ms"
    SECOND = "秒"
    MINUTE = "分"
    HOUR = "時間"
    DAY = "日"
    BUSINESS_DAY = "営業日"
    WEEK = "週間"
    MONTH = "ヶ月"
    YEAR = "年"


_LENGTH = {
    TimeUnit.MILLISECOND: timedelta(milliseconds=1),
    TimeUnit.SECOND: timedelta(seconds=1),
    TimeUnit.MINUTE: timedelta(minutes=1),
    TimeUnit.HOUR: timedelta(hours=1),
    TimeUnit.DAY: timedelta(days=1),
    TimeUnit.WEEK: timedelta(weeks=1),
    TimeUnit.MONTH: timedelta(days=30),
    TimeUnit.YEAR: timedelta(days=365),
}
_NAMES = {
    TimeUnit.MILLISECOND: "design.milliseconds",
    TimeUnit.SECOND: "common.seconds",
    TimeUnit.MINUTE: "common.minutes",
    TimeUnit.HOUR: "common.hours",
    TimeUnit.DAY: "common.days",
    TimeUnit.BUSINESS_DAY: "design.business-days",
    TimeUnit.WEEK: "design.weeks",
    TimeUnit.MONTH: "design.months",
    TimeUnit.YEAR: "design.years",
}
_LONGEST = timedelta.max.days // 366
"""In years; anything longer is a typo rather than a duration."""


class NeedsCalendar(ValueError):
    """Business days were used where nobody knows which days those are."""


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time in the unit the document wrote, so that 1年 stays a calendar year."""

    amount: Decimal
    unit: TimeUnit

    def __str__(self) -> str:
        return f"{self.amount.normalize():f}{self.unit}"

    @property
    def message(self) -> Message:
        """The length in the unit that the document wrote, in the reader's language: 8.76時間, 8.76 h."""
        return Message(_NAMES[self.unit], count=f"{self.amount.normalize():f}")

    @property
    def is_business(self) -> bool:
        """Whether it counts business days: then it has no length of its own, see `deadline.ends_at`."""
        return self.unit is TimeUnit.BUSINESS_DAY

    def as_timedelta(self) -> timedelta:
        """Return the length for comparing and waiting: a month counts as 30 days, a year as 365.

        Raises `NeedsCalendar` for business days: 1営業日 from a Friday ends on Monday.
        """
        if self.is_business:
            raise NeedsCalendar(str(self))
        return float(self.amount) * _LENGTH[self.unit]

    def before(self, moment: datetime) -> datetime:
        """Return the moment this long before *moment*.

        Whole months and years follow the calendar (31 March - 1 month is the last of February); all others
        use their length.
        """
        whole_months = {TimeUnit.MONTH: 1, TimeUnit.YEAR: 12}.get(self.unit)
        if whole_months is None or self.amount != int(self.amount):
            return moment - self.as_timedelta()
        months = moment.year * 12 + moment.month - 1 - int(self.amount) * whole_months
        year, month = divmod(months, 12)
        day = min(moment.day, monthrange(year, month + 1)[1])
        return moment.replace(year=year, month=month + 1, day=day)


@dataclass(frozen=True, slots=True)
class Forever:
    """永続, 無期限: kept forever."""

    def __str__(self) -> str:
        return "無期限"


@dataclass(frozen=True, slots=True)
class Generations:
    """世代: how many copies are kept, newest first."""

    count: int

    def __str__(self) -> str:
        return f"{self.count}世代"


Retention = Duration | Forever

_UNITS = {
    TimeUnit.MILLISECOND: r"ms|ミリ秒|msecs?|milliseconds?",
    TimeUnit.SECOND: r"秒間?|s|secs?|seconds?",
    # A capital M may mean a month or a million.
    TimeUnit.MINUTE: r"分間?|(?-i:m)|mins?|minutes?",
    TimeUnit.HOUR: r"時間|h|hrs?|hours?",
    TimeUnit.DAY: r"日間?|d|days?",
    TimeUnit.WEEK: r"週間?|w|weeks?",
    TimeUnit.MONTH: r"[ヶカかケヵ箇]月間?|months?",
    TimeUnit.YEAR: r"年間?|y|yrs?|years?",
}
DURATION = (
    r"(?P<amount>\d{1,9}(?:,\d{3})*(?:\.\d{1,9})?) ?(?:"
    + "|".join(f"(?P<{unit.name}>{words})" for unit, words in _UNITS.items())
    + r")(?![a-zA-Z])"
)
"""A duration's pattern, for readers of values that contain one; match it on `plain` text, ignoring case.

Business days are not among them: a threshold, a retry or an interval has no calendar.
"""

_BUSINESS = re.compile(r"(\d{1,3}) ?(?:営業日|business days?|working days?)(?!目|[a-z])", re.IGNORECASE)
_DURATION = re.compile(DURATION, re.IGNORECASE)
_SMALLER = {
    TimeUnit.YEAR: (TimeUnit.MONTH, 12),
    TimeUnit.HOUR: (TimeUnit.MINUTE, 60),
    TimeUnit.MINUTE: (TimeUnit.SECOND, 60),
}
"""The unit that may follow, and how many make one; not for days: 1日12時間 may be twelve hours a day."""
_HALF_YEAR = Duration(Decimal(6), TimeUnit.MONTH)
_KEPT = re.compile(r"(?:分)?(?:の?(?:保持|保存|保管))?$")
_BOUND_BEFORE = re.compile(r"^(?:within|in|<=?|≤|up to|less than|under|最大|約)?\s*", re.IGNORECASE)
_BOUND_AFTER = re.compile(
    r"^\s*(?:以内|以下|未満|まで)(?:に?(?:対応|復旧|通知|受付|検知|開始|初動|完了|応答|調査|着手|一次))*$"
)
_AGAIN = re.compile(r" ?[(]([^()]+)[)]")
"""The same length once more, in another unit."""
_ABOUT = re.compile(r"^(?:約|およそ) ?")
_FOREVER = re.compile(
    r"(?:原則)?(?:無期限|永続|永久|恒久|forever|indefinite(?:ly)?|unlimited)(?:に?(?:保持|保存|保管))?",
    re.IGNORECASE,
)
_GENERATIONS = re.compile(
    r"(?:直近|最新)?(\d{1,6})(?:世代| ?generations?)(?:分?の?(?:保持|保存|保管|管理))?", re.IGNORECASE
)


def duration_of(match: re.Match[str]) -> Duration | None:
    """Return the duration in a match of `DURATION`; None if it is longer than any calendar."""
    amount = Decimal(match["amount"].replace(",", ""))
    unit = next(unit for unit in _UNITS if match[unit.name])
    if amount * Decimal(_LENGTH[unit].total_seconds()) > _LONGEST * 365 * 86400:
        return None
    return Duration(amount, unit)


def read_duration(text: str) -> Duration | None:
    """Read a bare duration: 90日, 1 時間, 15 min, 3か月, 約30分, 30分（目安）, 1時間30分, 300秒 (5分)."""
    text = _uncommented(text)
    found, end = _leading(text)
    again = _AGAIN.fullmatch(text, end)
    return found if end == len(text) or (again and found and _is_same(found, again[1])) else None


def _is_same(found: Duration, again: str) -> bool:
    other, end = _leading(again)
    if other is None or end < len(again) or found.is_business or other.is_business:
        return False
    return found.as_timedelta() == other.as_timedelta()


def read_length(text: str) -> Duration | None:
    """Read a bare duration that has a length of its own; None for business days, which need a calendar."""
    found = read_duration(text)
    return None if found is None or found.is_business else found


def _leading(text: str, start: int = 0) -> tuple[Duration | None, int]:
    """Return the duration at *start* with its smaller unit (1時間30分 is 90分), and the position after it."""
    if text.startswith("半年", start):
        return _HALF_YEAR, start + len("半年")
    if (business := _BUSINESS.match(text, start)) and int(business[1]):
        return Duration(Decimal(business[1]), TimeUnit.BUSINESS_DAY), business.end()
    match = _DURATION.match(text, start)
    first = duration_of(match) if match else None
    if match is None or first is None:
        return None, start
    smaller, per = _SMALLER.get(first.unit, (first.unit, 1))
    if text.startswith("半", match.end()) and smaller is not first.unit:
        return Duration(first.amount * per + per // 2, smaller), match.end() + 1
    rest = _DURATION.match(text, match.end() + text.startswith(" ", match.end()))
    second = duration_of(rest) if rest else None
    if rest is None or second is None or second.unit is not smaller:
        return first, match.end()
    return Duration(first.amount * per + second.amount, second.unit), rest.end()


def _uncommented(text: str) -> str:
    """Return the plain text without 約 and a bracketed note, unless it says that nothing is settled."""
    text = plain(text)
    return text if UNDECIDED.search(text) else without_remark(_ABOUT.sub("", text))


def read_within(text: str) -> Duration | None:
    """Read a duration that is a bound: 1時間以内, within 30 minutes, < 4 hours; also a bare one."""
    text = plain(text)
    start = _BOUND_BEFORE.match(text)
    found, end = _leading(text, start.end() if start else 0)
    rest = text[end:]
    return found if not rest or _BOUND_AFTER.match(rest) else None


def read_retention(text: str) -> Retention | None:
    """Read how long something is kept: 90日, 7日間保持, 永続."""
    text = _uncommented(text)
    if _FOREVER.fullmatch(text):
        return Forever()
    found, end = _leading(text)
    # Which days of a store are 30営業日 old, no retention of a bucket or a table can tell.
    return found if _KEPT.match(text, end) and found and not found.is_business else None


def read_generations(text: str) -> Generations | None:
    """Read how many copies are kept: 30世代, 7 世代保持."""
    match = _GENERATIONS.fullmatch(plain(text))
    return Generations(int(match[1])) if match else None
