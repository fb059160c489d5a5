"""Service and duty hours: 24時間365日, 平日9:00-18:00, 24/7."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from toban.design.values.normal import plain
from toban.design.values.remark import without_remark
from toban.design.values.schedule.clock import CLOCK, clock_of
from toban.design.values.schedule.rule import WEEKDAY_CHARS, Weekday

EVERY_DAY = tuple(Weekday)
WORKING_DAYS = EVERY_DAY[:5]


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of a week in which someone can be reached or a service runs."""

    weekdays: tuple[Weekday, ...] = EVERY_DAY
    start: time = time(0)
    end: time = time(0)
    """Equal to `start` means the whole day; before it, the next day."""
    includes_holidays: bool = True
    """False for 平日: public holidays are not working days."""
    adds_holidays: bool = False
    """True for 土日祝: public holidays on other weekdays count as well."""

    def __str__(self) -> str:
        if self == Hours():
            return "24時間365日"
        return f"{self._days()}{self.start:%H:%M}-{self.end:%H:%M}"

    def _days(self) -> str:
        if self.weekdays == EVERY_DAY and self.includes_holidays:
            return "毎日"
        if self.weekdays == WORKING_DAYS and not self.includes_holidays:
            return "平日"
        holidays = "(祝日を含む)" if self.adds_holidays else "" if self.includes_holidays else "(祝日を除く)"
        return "・".join(self.weekdays) + f"曜{holidays}"

    @property
    def is_always(self) -> bool:
        """Whether this is 24時間365日."""
        return self.start == self.end and self.weekdays == EVERY_DAY and self.includes_holidays

    def covers(self, moment: datetime, holidays: Collection[date] = ()) -> bool:
        """Say whether *moment*, in the document's zone, is within these hours; the end is exclusive."""
        today = moment.date()
        clock = moment.time().replace(tzinfo=None)
        if self.start < self.end:
            return self.falls_on(today, holidays) and self.start <= clock < self.end
        if self.falls_on(today, holidays) and clock >= self.start:
            return True
        return self.falls_on(today - timedelta(days=1), holidays) and clock < self.end

    def falls_on(self, day: date, holidays: Collection[date] = ()) -> bool:
        """Say whether these hours begin on *day*."""
        if day in holidays and (self.adds_holidays or not self.includes_holidays):
            return self.adds_holidays
        return EVERY_DAY[day.weekday()] in self.weekdays


_ALWAYS = re.compile(
    r"24時間(?:[・/ ]?365日)?(?:年中無休)?(?:対応|稼働)?|年中無休 ?24時間|24 ?[x/×] ?(?:7|365)(?: ?[x/×] ?365)?|always|常時|年中無休|24h ?365d?",
    re.IGNORECASE,
)
_WORKING = Hours(WORKING_DAYS, includes_holidays=False)
_DAYS = {
    "平日": _WORKING,
    "営業日": _WORKING,
    "weekdays": _WORKING,
    "business days": _WORKING,
    "毎日": Hours(),
    "daily": Hours(),
    "土日": Hours(EVERY_DAY[5:]),
    "": Hours(),
}
_HOLIDAYS = r"\(祝日を含む\)|・?祝日?"
_HOLIDAYS_TOO = re.compile(rf"(?:{_HOLIDAYS})$")
_BARE = re.compile(r"\d+ ?[-~] ?\d+")
"""Two bare numbers (0-2) may mean anything."""
_EXCEPT = re.compile(r" ?\((?P<weekend>土・?日・?)?祝日?を?除く\) ?")
_HOURS = re.compile(
    rf"(?P<days>平日|営業日|weekdays|business days|毎日|daily|土日|(?:[{WEEKDAY_CHARS}](?:曜日?)?[・、,~-]?){{1,7}}(?:{_HOLIDAYS})?|)[ :(]*"
    rf"(?P<start>{CLOCK.replace('?P<', '?P<s_')})(?:時|:00)? ?[-~] ?(?P<next_day>翌[日朝]?)? ?(?P<end>{CLOCK.replace('?P<', '?P<e_')})\)?(?: ?\(?JST\)?)?",
    re.IGNORECASE,
)


def read_hours(text: str) -> Hours | None:
    """Read the hours of a week: 24時間365日, 平日9:00-18:00, 月・水曜10:00-12:00, 土日祝 9:00-17:00.

    JST is taken as the document's zone. Hours in another zone (9:00-18:00 UTC) give None, since `Hours` are
    always in the document's zone.
    """
    text = plain(text)
    if _ALWAYS.fullmatch(without_remark(text)):
        return Hours()
    exception = _EXCEPT.search(text)
    match = _HOURS.fullmatch(_EXCEPT.sub("", text, count=1))
    if match is None or _BARE.fullmatch(text):
        return None
    start, end = clock_of(match, "s_"), clock_of(match, "e_")
    days = _weekdays(match["days"].lower())
    if start is None or end is None or days is None:
        return None
    if match["next_day"] and start < end:
        # Longer than a day.
        return None
    if exception is not None:
        kept = tuple(day for day in days.weekdays if day in WORKING_DAYS or not exception["weekend"])
        days = replace(days, weekdays=kept, includes_holidays=False)
    return replace(days, start=start, end=end)


def _weekdays(text: str) -> Hours | None:
    """Return the days that *text* names, around the clock."""
    if text in _DAYS:
        return _DAYS[text]
    bare = _HOLIDAYS_TOO.sub("", text)
    days, adds_holidays = _named_days(bare), bare != text
    return None if days is None else Hours(days, adds_holidays=adds_holidays)


def _named_days(text: str) -> tuple[Weekday, ...] | None:
    if span := re.fullmatch(rf"([{WEEKDAY_CHARS}])(?:曜日?)?[~-]([{WEEKDAY_CHARS}])(?:曜日?)?", text):
        first, last = EVERY_DAY.index(Weekday(span[1])), EVERY_DAY.index(Weekday(span[2]))
        return EVERY_DAY[first : last + 1] if first <= last else None
    named = {Weekday(char) for char in re.sub(r"曜日?", "", text) if char in WEEKDAY_CHARS}
    return tuple(day for day in EVERY_DAY if day in named)
