"""When something happens: 日次 深夜2:00, 毎月第2日曜日 2:00-4:00, 月末23:00, 1時間毎, 四半期毎, 随時."""

from dataclasses import dataclass
from datetime import time
from enum import StrEnum

from toban.design.values.duration import Duration


class Cadence(StrEnum):
    """How often."""

    INTERVAL = "interval"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half-yearly"
    YEARLY = "yearly"
    CONTINUOUS = "continuous"
    ON_EVENT = "on-event"
    ON_DEMAND = "on-demand"


class Weekday(StrEnum):
    """A day of the week; the value is its one Japanese character."""

    MONDAY = "月"
    TUESDAY = "火"
    WEDNESDAY = "水"
    THURSDAY = "木"
    FRIDAY = "金"
    SATURDAY = "土"
    SUNDAY = "日"


@dataclass(frozen=True, slots=True)
class DayOfMonth:
    """A date in the month; -1 is its last day (月末), -2 the day before."""

    day: int


@dataclass(frozen=True, slots=True)
class NthWeekday:
    """第2火曜: the nth such weekday of the month, from 1; -1 is the last."""

    nth: int
    weekday: Weekday


@dataclass(frozen=True, slots=True)
class NthBusinessDay:
    """第1営業日: the nth business day of the month, from 1; -1 is the last."""

    nth: int


DayRule = DayOfMonth | NthWeekday | NthBusinessDay


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rule for due times in the document's time zone.

    Parts that the document leaves open stay None; `assumptions` says which were filled in by us
    (深夜 without a clock, 月初 without a day) in words for the user.
    """

    cadence: Cadence
    every: Duration | None = None
    """For INTERVAL: 1時間毎."""
    weekdays: tuple[Weekday, ...] = ()
    """For WEEKLY (毎週月曜), or the days that DAILY keeps to (平日)."""
    day: DayRule | None = None
    """For MONTHLY and longer."""
    months: tuple[int, ...] = ()
    """For QUARTERLY and longer, where the document names them (4月)."""
    at: time | None = None
    until: time | None = None
    """The end of a window (2:00-4:00); before `at` it lies on the next day."""
    minute: int | None = None
    """For INTERVAL of an hour: 毎時15分."""
    times: int | None = None
    """月1回, 年2回: how often per period, where no day is named."""
    event: str = ""
    """For ON_EVENT: the document's own words (変更時, 緊急バグ修正時)."""
    zone: str = ""
    """An IANA zone or UTC, where the cell itself names one (02:00 UTC); empty means the document's."""
    text: str = ""
    """The document's own words, for people."""
    assumptions: tuple[str, ...] = ()
