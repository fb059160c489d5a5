"""A schedule as a value, and its canonical words."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from enum import StrEnum

from toban.design.assumption import Assumption
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
    CRON = "cron"
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


WEEKDAY_CHARS = "".join(Weekday)


@dataclass(frozen=True, slots=True)
class DayOfMonth:
    """A date in the month; -1 is its last day (月末), -2 the day before."""

    day: int

    def __str__(self) -> str:
        return f"{self.day}日" if self.day > 0 else "末" if self.day == -1 else f"末の{-self.day - 1}日前"


@dataclass(frozen=True, slots=True)
class NthWeekday:
    """第2火曜: the nth such weekday of the month, from 1; -1 is the last."""

    nth: int
    weekday: Weekday

    def __str__(self) -> str:
        return f"最終{self.weekday}曜" if self.nth == -1 else f"第{self.nth}{self.weekday}曜"


@dataclass(frozen=True, slots=True)
class NthBusinessDay:
    """第1営業日: the nth business day of the month, from 1; -1 is the last."""

    nth: int

    def __str__(self) -> str:
        if self.nth < -1:
            return f"最終営業日の{-self.nth - 1}営業日前"
        return "最終営業日" if self.nth == -1 else f"第{self.nth}営業日"


class DayOff(StrEnum):
    """What a day off changes about the days of a rule; the value is how it is written."""

    EARLIER = "休日の場合は前営業日"
    LATER = "休日の場合は翌営業日"
    SKIPPED = "祝日を除く"
    ADDED = "祝日"
    """Public holidays are days of the rule as well: 土日祝, or alone: 祝日."""


DayRule = DayOfMonth | NthWeekday | NthBusinessDay


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rule for due times in the document's time zone.

    Parts that the document leaves open stay None. `assumptions` lists those that we filled in (深夜 without a
    clock, 月初 without a day).
    """

    cadence: Cadence
    every: Duration | None = None
    """For INTERVAL: 1時間毎. For WEEKLY: 2週間 is 隔週; no document says in which of the two weeks."""
    weekdays: tuple[Weekday, ...] = ()
    """For WEEKLY (毎週月曜), or the days to which DAILY is limited (平日)."""
    day: DayRule | None = None
    """For MONTHLY and longer."""
    months: tuple[int, ...] = ()
    """For QUARTERLY and longer, if the document names them (4月)."""
    at: time | None = None
    until: time | None = None
    """The end of a window (2:00-4:00); if before `at`, it is on the next day."""
    minute: int | None = None
    """For INTERVAL of an hour: 毎時15分."""
    times: int | None = None
    """月1回, 年2回: how often per period, if no day is named."""
    event: str = ""
    """For ON_EVENT: the document's own words (変更時, 緊急バグ修正時)."""
    since: date | None = None
    """For 隔週: a day in the first of its weeks, if the document names it (2026-04-08から)."""
    cron: str = ""
    """For CRON: the five fields, if no other words say the same."""
    day_off: DayOff | None = None
    next_day: bool = False
    """Whether `at` is on the day after: 25:00 of a Friday is Saturday 1:00."""
    also: tuple["Schedule", ...] = ()
    """Further rules of one row, each complete in itself: 平日 9:00、17:30, 5日・20日."""
    zone: str = ""
    """An IANA zone or UTC, if the cell itself names one (02:00 UTC); empty means the document's zone."""
    text: str = field(default="", compare=False)
    """The document's own words, to show to people."""
    assumptions: tuple[Assumption, ...] = field(default=(), compare=False)

    @property
    def skips_holidays(self) -> bool:
        """Whether it is limited to 平日 or 営業日: Monday to Friday, except public holidays."""
        return self.cadence is Cadence.DAILY and self.weekdays == tuple(Weekday)[:5]

    @property
    def each(self) -> tuple["Schedule", ...]:
        """Every rule of the row by itself."""
        return (replace(self, also=()), *self.also) if self.also else (self,)

    @property
    def is_timed(self) -> bool:
        """Whether it says at what time of a day."""
        return self.at is not None or self.cadence in (Cadence.INTERVAL, Cadence.CRON)

    def __str__(self) -> str:
        return "、".join(map(Schedule._words, self.each))

    def _words(self) -> str:
        words = [
            _CADENCE_WORDS[self.cadence](self),
            self._days(),
            "" if self.day_off in (None, DayOff.ADDED) else f"({self.day_off})",
            self._clock(),
            _ZONE_WORDS.get(self.zone, ""),
        ]
        return " ".join(word for word in words if word)

    def _days(self) -> str:
        months = "・".join(f"{month}月" for month in self.months)
        # 毎月 already names the month of a MONTHLY day.
        day = "" if self.day is None or self.cadence is Cadence.MONTHLY else str(self.day)
        return f"{months} {'月末' if day == '末' else day}".strip()

    def _clock(self) -> str:
        if self.at is None:
            return ""
        clocks = (self.at,) if self.until is None else (self.at, self.until)
        return "-".join(f"{each.hour + 24 * self.next_day:02}:{each:%M}" for each in clocks)


def together(schedules: Sequence[Schedule], text: str) -> Schedule | None:
    """Return several rules as one; None if one of them is not timed: then nobody knows when to begin."""
    if len(schedules) == 1:
        return schedules[0]
    if not schedules or not all(each.is_timed for each in schedules):
        return None
    first, *further = (replace(each, text=text) for each in schedules)
    return replace(first, also=tuple(further))


def _times(unit: str, word: str, schedule: Schedule) -> str:
    return f"{unit}{schedule.times}回" if schedule.times else word


def _interval(schedule: Schedule) -> str:
    return f"{schedule.every}毎" if schedule.minute is None else f"毎時{schedule.minute}分"


def _daily(schedule: Schedule) -> str:
    return "平日" if schedule.weekdays else _times("1日", "日次", schedule)


def _weekly(schedule: Schedule) -> str:
    if schedule.day_off is DayOff.ADDED:
        return "毎週" + "・".join((*schedule.weekdays, "祝日"))
    head = "隔週" if schedule.every else _times("週", "毎週" if schedule.weekdays else "週次", schedule)
    since = f" ({schedule.since}から)" if schedule.since else ""
    return head + weekday_words(schedule.weekdays) + since


def _monthly(schedule: Schedule) -> str:
    return f"毎月{schedule.day}" if schedule.day else _times("月", "月次", schedule)


def weekday_words(weekdays: Iterable[Weekday]) -> str:
    """Return 月・水曜 for Monday and Wednesday, an empty text for none."""
    names = "・".join(weekdays)
    return f"{names}曜" if names else ""


_CADENCE_WORDS: dict[Cadence, Callable[[Schedule], str]] = {
    Cadence.INTERVAL: _interval,
    Cadence.DAILY: _daily,
    Cadence.WEEKLY: _weekly,
    Cadence.MONTHLY: _monthly,
    Cadence.QUARTERLY: lambda _: "四半期毎",
    Cadence.HALF_YEARLY: lambda _: "半期毎",
    Cadence.YEARLY: lambda schedule: _times("年", "年次", schedule),
    Cadence.CRON: lambda schedule: schedule.cron,
    Cadence.CONTINUOUS: lambda _: "リアルタイム",
    Cadence.ON_EVENT: lambda schedule: schedule.event,
    Cadence.ON_DEMAND: lambda _: "随時",
}
ZONES = {"JST": "Asia/Tokyo", "UTC": "UTC", "GMT": "UTC", "CET": "Europe/Paris"}
"""The zone names used in cells. PST, EST and the like are left out: each means two offsets a year."""
_ZONE_WORDS = {"Asia/Tokyo": "JST", "UTC": "UTC", "Europe/Paris": "CET"}
