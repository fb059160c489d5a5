"""The words of schedules: each pattern, and what a match of it means."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal

from toban.design.assumption import Assumption, Meaning, of_word
from toban.design.values.duration import DURATION, Duration, TimeUnit, duration_of
from toban.design.values.schedule.clock import CLOCK, clock_of
from toban.design.values.schedule.rule import (
    WEEKDAY_CHARS,
    Cadence,
    DayOff,
    DayOfMonth,
    DayRule,
    NthBusinessDay,
    NthWeekday,
    Weekday,
)
from toban.message import Message


@dataclass
class Draft:
    """What was found so far; a second, different value for the same part makes the text unreadable."""

    cadence: Cadence | None = None
    every: Duration | None = None
    since: date | None = None
    weekdays: tuple[Weekday, ...] = ()
    day: DayRule | None = None
    months: tuple[int, ...] = ()
    at: time | None = None
    until: time | None = None
    minute: int | None = None
    times: int | None = None
    skips_holidays: bool | None = None
    day_off: DayOff | None = None
    is_of_holidays: bool | None = None
    """Whether `day_off` is about public holidays alone, not every day off."""
    next_day: bool | None = None
    assumed: list[Assumption] = field(default_factory=list)

    @property
    def is_counted_day(self) -> bool:
        """Whether the day may be a mere number of days (1日, 3営業日)."""
        return isinstance(self.day, DayOfMonth | NthBusinessDay) and not self.months

    def take(self, match: re.Match[str], token: "ScheduleToken") -> bool:
        """Take in a token's meaning; False if it contradicts what was found before."""
        found = token.read(match)
        if found is None:
            return False
        for name, value in found.items():
            if isinstance(value, Assumption):
                self.assumed.append(value)
            elif getattr(self, name) in (None, ()):
                setattr(self, name, value)
            elif getattr(self, name) != value:
                return False
        return True


Found = dict[str, object]


@dataclass(frozen=True)
class ScheduleToken:
    """A word of schedules: its pattern, and what a match of it means (None if nothing sensible)."""

    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], Found | None]


def _word(pattern: str, read: Callable[[re.Match[str]], Found | None] | Found) -> ScheduleToken:
    meaning = read if callable(read) else (lambda _, found=read: found)
    return ScheduleToken(re.compile(pattern, re.IGNORECASE), meaning)


_ENGLISH_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ENGLISH_NTH = {
    "first": 1,
    "1st": 1,
    "second": 2,
    "2nd": 2,
    "third": 3,
    "3rd": 3,
    "fourth": 4,
    "4th": 4,
    "last": -1,
}
WORKING_DAYS = tuple(Weekday)[:5]
_PERIODS = {"日": Cadence.DAILY, "週": Cadence.WEEKLY, "月": Cadence.MONTHLY, "年": Cadence.YEARLY}
HOUR = Duration(Decimal(1), TimeUnit.HOUR)
_TIMES_OF_DAY = {
    "深夜": time(2), "未明": time(2), "夜間": time(22), "早朝": time(5), "午前中": time(9), "午前": time(9), "朝": time(9),
    "午後": time(13), "夕方": time(17), "夜": time(20),
}  # fmt: skip
"""The assumed time if the document gives a word but no clock."""
_BEFORE_NOON = r"(?: at)? ?(?:0?[5-9]|1[01])(?::\d\d)?(?![:\d]| ?[ap]m)"
_VAGUE = "|".join(_TIMES_OF_DAY)
_NTH = "|".join(_ENGLISH_NTH)
_DAY_NAMES = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?"
_KANJI_DAYS = rf"[{WEEKDAY_CHARS}](?:[・,/]?[{WEEKDAY_CHARS}])*"
_KANJI_DAYS_IN_FULL = rf"[{WEEKDAY_CHARS}](?:(?:曜日?)?[・、,/と] ?[{WEEKDAY_CHARS}]|[{WEEKDAY_CHARS}])*"
"""Used before a final 曜: 月・水曜, 火曜・金曜."""


_NAMED_INTERVALS: dict[tuple[int, TimeUnit], Found] = {
    (1, TimeUnit.DAY): {"cadence": Cadence.DAILY},
    (1, TimeUnit.WEEK): {"cadence": Cadence.WEEKLY},
    (2, TimeUnit.WEEK): {"cadence": Cadence.WEEKLY, "every": Duration(Decimal(2), TimeUnit.WEEK)},
    (1, TimeUnit.MONTH): {"cadence": Cadence.MONTHLY},
    (3, TimeUnit.MONTH): {"cadence": Cadence.QUARTERLY},
    (6, TimeUnit.MONTH): {"cadence": Cadence.HALF_YEARLY},
    (1, TimeUnit.YEAR): {"cadence": Cadence.YEARLY},
}
"""Intervals that the calendar has a word for; 30 days is not a month, and stays an interval."""


def _clock(match: re.Match[str]) -> Found | None:
    at = clock_of(match)
    return None if at is None else {"at": _afternoon(at, match["part"] or "")}


def _afternoon(at: time, part: str) -> time:
    in_the_evening = part == "夜" and at.hour >= 6  # 夜1:00 is after midnight
    is_later = part in ("午後", "夕方") or in_the_evening
    return at.replace(hour=at.hour + 12) if is_later and at.hour < 12 else at


def _clock_range(match: re.Match[str]) -> Found | None:
    at, until = clock_of(match, "a_"), clock_of(match, "b_")
    # 2:00-翌4:00 would be longer than the window that ends at 4:00.
    is_longer = bool(match["next_day"]) and at is not None and until is not None and until > at
    return None if at is None or until is None or is_longer else {"at": at, "until": until}


_LATE = r"(?P<{0}hour>2[4-9])(?::(?P<{0}minute>[0-5]\d)|時(?!間)(?:(?P<{0}kanji_minute>[0-5]?\d)分|(?P<{0}half>半))?)"
_NOT_MIDNIGHT = r"(?!24(?::00|時(?!\d|半)))"
_NIGHT = r"(?:深夜|未明|夜間?)? ?"
"""25:00, 26時半: of the night that begins on the day."""


def _late_clock(match: re.Match[str]) -> Found | None:
    at = _late(match)
    return None if at is None else {"at": at, "next_day": True}


def _late_range(match: re.Match[str]) -> Found | None:
    """Read 25:00-27:00; one that ends before it begins would last until the day after next."""
    at, until = _late(match, "a_"), _late(match, "b_")
    is_range = at is not None and until is not None and at < until
    return {"at": at, "until": until, "next_day": True} if is_range else None


def _late_end(match: re.Match[str]) -> Found | None:
    """Read 23:00-26:00: a window whose end is earlier than its beginning ends on the next day."""
    at, until = clock_of(match, "a_"), _late(match, "b_")
    is_range = at is not None and until is not None and until < at
    return {"at": at, "until": until} if is_range else None


def _late(match: re.Match[str], prefix: str = "") -> time | None:
    """Return the time of the next day; None for 24:00 itself, whose day people don't agree on."""
    kanji = match[f"{prefix}kanji_minute"] or (30 if match[f"{prefix}half"] else 0)
    at = time(int(match[f"{prefix}hour"]) - 24, int(match[f"{prefix}minute"] or kanji))
    return at if at > time(0) else None


def _interval_found(match: re.Match[str]) -> Found | None:
    every = duration_of(match)
    if every is None or every.amount <= 0:
        return None
    named = _NAMED_INTERVALS.get((int(every.amount), every.unit))
    return {"cadence": Cadence.INTERVAL, "every": every} if named is None else named


def _since(match: re.Match[str]) -> Found | None:
    try:
        return {"since": date(int(match["year"]), int(match["month"]), int(match["date"]))}
    except ValueError:
        return None


def _weekdays(match: re.Match[str]) -> Found:
    days = match["days"].replace("曜日", "")
    named = {Weekday(char) for char in days if char in WEEKDAY_CHARS}
    return {"weekdays": tuple(day for day in Weekday if day in named)}


def _weekday_span(match: re.Match[str]) -> Found | None:
    first, last = WEEKDAY_CHARS.index(match["first"]), WEEKDAY_CHARS.index(match["last"])
    return {"weekdays": tuple(Weekday)[first : last + 1]} if first < last else None


def _english_day(name: str) -> Weekday:
    return tuple(Weekday)[_ENGLISH_DAYS.index(name[:3].lower())]


def _english_span(match: re.Match[str]) -> Found | None:
    days = tuple(Weekday)
    first, last = days.index(_english_day(match["first"])), days.index(_english_day(match["last"]))
    return {"weekdays": days[first : last + 1]} if first < last else None


def _nth_weekday(match: re.Match[str]) -> Found:
    nth = -1 if match["nth"] is None else int(match["nth"])
    return {"cadence": Cadence.MONTHLY, "day": NthWeekday(nth, Weekday(match["day"]))}


def _english_nth(match: re.Match[str]) -> Found:
    nth, day = _ENGLISH_NTH[match["nth"].lower()], match["day"].lower()
    rule = NthWeekday(nth, _english_day(day)) if day[:3] in _ENGLISH_DAYS else NthBusinessDay(nth)
    return {"cadence": Cadence.MONTHLY, "day": rule}


def _month_names(match: re.Match[str]) -> Found | None:
    months = tuple(sorted({int(month) for month in re.findall(r"\d{1,2}", match[0])}))
    return {"months": months} if all(1 <= month <= 12 for month in months) else None


def _times_per_period(match: re.Match[str]) -> Found | None:
    times = int(match["count"])
    found: Found = {"cadence": _PERIODS[match["period"]]}
    return found | {"times": times} if times else None


def _first_of_month(match: re.Match[str]) -> Found:
    word = match[0].strip()
    said = of_word(word, Meaning.DAYS, Message("design.assumed-first-of-month", words=word))
    return {"cadence": Cadence.MONTHLY, "day": DayOfMonth(1), "assumed": said}


def _before_month_end(match: re.Match[str]) -> Found:
    """Read 月末の3営業日前: counted from the last business day, which is not always the last day."""
    day = NthBusinessDay(-1 - int(match["nth"]))
    said = Message("design.assumed-before-last-business-day", words=match[0], day=str(day))
    why = Message("design.why-before-month-end")
    return {"cadence": Cadence.MONTHLY, "day": day, "assumed": of_word(match[0], Meaning.DAYS, said, why)}


def _vague(match: re.Match[str]) -> Found:
    at = _TIMES_OF_DAY[match[0].lower()]
    said = Message("design.clock-assumed", word=match[0], at=f"{at.hour}:{at:%M}")
    return {"at": at, "assumed": of_word(match[0], Meaning.CLOCK, said)}


_OFF = r"(?:休日|休業日|非営業日|土・?日・?祝日?|休日・?祝日|祝祭日)"
_IF = r"(?:の|に(?:当たる|あたる|重なる|該当する))(?:場合|とき|時|際)?(?:は|には)?[、,]? ?"
_MOVED = r"(?:に|へ)?(?:前倒し|繰り?上げ|繰り?下げ|振り?替え?|順延|延期|変更)?"
_SHIFTS = (
    ("(?:その)?(?:前|直前の)営業日", DayOff.EARLIER),
    ("(?:その)?(?:翌|次の|直後の)営業日", DayOff.LATER),
)

_RARE = (
    *(_word(rf"(?:ただし[、,]?)?{_OFF}{_IF}{to}{_MOVED}", {"day_off": shift}) for to, shift in _SHIFTS),
    *(_word(rf"(?:ただし[、,]?)?祝日{_IF}{to}{_MOVED}", {"day_off": shift, "is_of_holidays": True}) for to, shift in _SHIFTS),
    _word(r"土・?日・?祝日?(?:は|を)?除く", {"cadence": Cadence.DAILY, "weekdays": WORKING_DAYS, "skips_holidays": True}),
    _word(r"祝日(?:は|を)?除く", {"day_off": DayOff.SKIPPED}),
    _word(r"土・?日・?祝日?(?![のに])", {"cadence": Cadence.WEEKLY, "weekdays": tuple(Weekday)[5:], "day_off": DayOff.ADDED}),
    _word(r"毎?祝日(?![のに])", {"cadence": Cadence.WEEKLY, "day_off": DayOff.ADDED}),
    _word(r"(?:毎月|月次 ?)?最終営業日(?:の|から)?(?P<nth>[1-9]\d?)営業日前", lambda m: {"cadence": Cadence.MONTHLY, "day": NthBusinessDay(-1 - int(m["nth"]))}),
    _word(r"毎?月末日?(?:の|から)? ?(?P<nth>[1-9]\d?)営業日前", _before_month_end),
    _word(r"(?:毎?月)?末(?:の|から)? ?(?P<nth>[1-9]|[12]\d)日前", lambda m: {"cadence": Cadence.MONTHLY, "day": DayOfMonth(-1 - int(m["nth"]))}),
    _word(rf"{_NIGHT}{_LATE.format('a_')} ?[-~] ?{_LATE.format('b_')}", _late_range),
    _word(rf"{_NIGHT}{CLOCK.replace('?P<', '?P<a_')} ?[-~] ?{_NOT_MIDNIGHT}{_LATE.format('b_')}", _late_end),
    _word(rf"{_NIGHT}{_NOT_MIDNIGHT}{_LATE.format('')}", _late_clock),
    _word(r"(?P<year>20\d\d)[-/年](?P<month>\d{1,2})[-/月](?P<date>\d{1,2})日?(?:の週)?(?:から|より|を?起点(?:に|とする|と)?)", _since),
)  # fmt: skip
"""Words that few schedules have; they are tried first where `_HAS_RARE` finds one of their signs."""

_HAS_RARE = re.compile(r"祝|休|非営業日|前|除く|(?<!\d)2[4-9][:時](?!間)|20\d\d[-/年]")
_USUAL = (
    _word(r"(?:(?<!\d)1)?(?P<period>[日週月年])(?:に)? ?(?P<count>\d{1,2})回(?:以上)?", _times_per_period),
    _word(r"(?P<count>\d{1,2})回 ?/ ?(?P<period>[日週月年])", _times_per_period),
    _word(rf"(?:every )?{DURATION} ?(?:毎|ごと|間隔|周期|に1回)", _interval_found),
    # 1日おき may mean every other day or daily; with minutes and hours there is no doubt.
    _word(rf"(?=\d+(?:[分秒]|時間)){DURATION} ?おき", _interval_found),
    _word(rf"every {DURATION}", _interval_found),
    _word(r"毎時(?P<at_minute>[0-5]?\d)分", lambda m: {"cadence": Cadence.INTERVAL, "every": HOUR, "minute": int(m["at_minute"])}),
    _word(r"毎時間?|時次|時間毎|1時間に1回|hourly|every hour", {"cadence": Cadence.INTERVAL, "every": HOUR}),
    _word(r"毎分|every minute", {"cadence": Cadence.INTERVAL, "every": Duration(Decimal(1), TimeUnit.MINUTE)}),
    _word(r"第(?P<nth>[1-5])(?P<day>[月火水木金土日])(?:曜日?)?", _nth_weekday),
    _word(r"最終(?P<nth>$^)?(?P<day>[月火水木金土日])曜日?", _nth_weekday),
    _word(rf"(?P<nth>{_NTH}) (?P<day>{_DAY_NAMES}|biz(?:ness)? day|business day|working day)\b", _english_nth),
    _word(r"第(?P<nth>[1-9]\d?)営業日", lambda m: {"cadence": Cadence.MONTHLY, "day": NthBusinessDay(int(m["nth"]))}),
    _word(r"(?P<nth>[1-9]\d?)営業日(?!以内|後)", lambda m: {"day": NthBusinessDay(int(m["nth"]))}),
    _word(r"(?:月末の?)?最終営業日|月末の?営業日", {"cadence": Cadence.MONTHLY, "day": NthBusinessDay(-1)}),
    _word(r"月初の?(?:最初の|第1)?営業日", {"cadence": Cadence.MONTHLY, "day": NthBusinessDay(1)}),
    _word(r"(?:毎)?月末日?|末日|month-end|end of (?:the )?month", {"cadence": Cadence.MONTHLY, "day": DayOfMonth(-1)}),
    _word(r"月初め?|beginning of (?:the )?month", _first_of_month),
    _word(r"隔週|biweekly|every other week", {"cadence": Cadence.WEEKLY, "every": Duration(Decimal(2), TimeUnit.WEEK)}),
    _word(rf"毎週 ?(?P<days>{_KANJI_DAYS_IN_FULL})(?:曜日?)", lambda m: {"cadence": Cadence.WEEKLY} | _weekdays(m)),
    _word(r"平日|毎?営業日|every business day|weekdays?", {"cadence": Cadence.DAILY, "weekdays": WORKING_DAYS, "skips_holidays": True}),
    _word(r"日次|毎日|デイリー|daily|every day", {"cadence": Cadence.DAILY}),
    _word(r"週次|毎週|ウィークリー|weekly|every week", {"cadence": Cadence.WEEKLY}),
    _word(r"月次|毎月|マンスリー|monthly|every month", {"cadence": Cadence.MONTHLY}),
    _word(r"四半期(?:毎|ごと|次|に1回)?|クォータリー|quarterly|every quarter", {"cadence": Cadence.QUARTERLY}),
    _word(r"半期(?:毎|ごと|次|に1回)?|半年(?:毎|ごと|に1回)?|half-yearly|semi-?annual(?:ly)?", {"cadence": Cadence.HALF_YEARLY}),
    _word(r"年次|毎年|yearly|annual(?:ly)?|every year", {"cadence": Cadence.YEARLY}),
    _word(rf"(?P<first>{_DAY_NAMES}) ?(?:[-~]|to) ?(?P<last>{_DAY_NAMES})\b", _english_span),
    _word(rf"(?:every )?(?P<name>{_DAY_NAMES})s?\b", lambda m: {"cadence": Cadence.WEEKLY, "weekdays": (_english_day(m["name"]),)}),
    _word(rf"(?P<first>[{WEEKDAY_CHARS}])(?:曜日?)?[-~](?P<last>[{WEEKDAY_CHARS}])(?:曜日?)?", _weekday_span),
    _word(rf"(?P<days>{_KANJI_DAYS_IN_FULL})曜日?", _weekdays),
    _word(rf"(?!月日)(?P<days>{_KANJI_DAYS})(?=$| ?\d{{1,2}}[:時])", _weekdays),
    _word(r"(?:1?\d月)(?:[・、,/]? ?1?\d月)*(?!次)", _month_names),
    _word(r"(?P<date>[12]\d|3[01]|0?[1-9])日(?!次|毎|間|前|後|以)", lambda m: {"day": DayOfMonth(int(m["date"]))}),
    # Two bare numbers (1-5) may mean anything.
    _word(rf"(?:深夜|未明|早朝|夜間?)? ?(?=\d{{1,2}}(?: ?[-~] ?\d{{1,2}})?(?:[:時]| ?[ap]m)){CLOCK.replace('?P<', '?P<a_')} ?[-~] ?(?P<next_day>翌[日朝]?)? ?{CLOCK.replace('?P<', '?P<b_')}", _clock_range),
    _word(rf"(?P<part>深夜|未明|早朝|午前|午後|夜間?|朝|夕方)? ?~?{CLOCK.replace(')?(?: ?', ')(?: ?')}", _clock),
    # 毎晩 8:00 may be 20:00.
    _word(rf"毎朝|(?:毎晩|nightly|every night)(?!{_BEFORE_NOON})", {"cadence": Cadence.DAILY}),
    _word(_VAGUE, _vague),
)  # fmt: skip


def tokens_for(words: str) -> Sequence[ScheduleToken]:
    """Return the words of schedules that *words* may contain, in the order in which they are tried."""
    return _ALL if _HAS_RARE.search(words) else _USUAL


_ALL = (*_RARE, *_USUAL)
