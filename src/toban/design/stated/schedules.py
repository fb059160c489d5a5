"""When a batch runs, as its row and as cron say it. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from itertools import islice, zip_longest
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from toban.design.stated.value import CellTexts, TimeReckoning
from toban.design.values.schedule import Schedule, together
from toban.design.values.schedule.cron import read_cron
from toban.design.values.schedule.occurrence import occurrences
from toban.message import Message, plain

type Schedules = tuple[Schedule, ...]
"""The rules of a row or of a line of cron; each is complete in itself."""

_FIELDS = 5
_CLOCK = re.compile(r"(?<!\d)(?P<hour>\d{1,2})[:：](?P<minute>\d{2})(?!\d)")
_NIGHT = 6
"""Before this hour 深夜 or 早朝 may stand beside the clock; behind it they would be wrong."""
_START = datetime(2028, 1, 1, tzinfo=UTC)
_LONG = timedelta(days=3 * 366)
"""In so long there is a leap day, and each month has begun on many weekdays."""
_MOST = 12_000
"""Due times that are compared: those of every five minutes are on all weekdays and dates until then."""
_WEEK = timedelta(days=7)
_FEW = 300
"""Due times in a week of each month that are compared: of every five minutes, those of one day."""


def cron_line(fields: str, zone: str = "") -> str:
    """Return how the rule of a line of cron is stored; *zone* is its own, unless it is the document's."""
    return f"{fields} {zone}".strip()


def read_cron_line(stored: str) -> Schedules | None:
    """Read what `cron_line` has returned; None for a zone that there is not: CRON_TZ is not ours."""
    words = stored.split()
    count = 1 if stored.startswith("@") else _FIELDS
    rules, zone = read_cron(" ".join(words[:count]).lower()), " ".join(words[count:])
    if rules is None or (zone and not _is_zone(zone)):
        return None
    return tuple(replace(each, zone=zone) for each in rules)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    # A folder of zones, or a name that leads out of theirs.
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=1024)
def same_times(stated: Schedules, real: Schedules, by: TimeReckoning) -> bool:
    """Return whether both are due at the same times, however they say it."""
    if frozenset(stated) == frozenset(real):
        return True
    both = zip_longest(_due(stated, by), _due(real, by))
    return all(one == other for one, other in both)


def _due(rules: Schedules, by: TimeReckoning) -> Iterator[float]:
    """Yield the first due times of *rules*, and some of every month: a line may leave one out."""
    months = ((_START.replace(month=month), _WEEK, _FEW) for month in range(1, 13))
    for start, length, most in ((_START, _LONG, _MOST), *months):
        found = occurrences(_as_one(rules), start, start + length, by.zone, by.calendar)
        yield from (each.timestamp() for each in islice(found, most))


def said_times(rules: Schedules) -> Message:
    """Return the document's words for it."""
    return plain(str(_as_one(rules)))


def schedule_words(real: Schedules, cells: CellTexts, language: str) -> Iterator[CellTexts]:
    """Yield cells with another clock, with other days and clock, and with all of it in one cell."""
    days = next((role for role in ("frequency", "start", "clock") if role in cells), None)
    if days is None:
        return
    clocks = [role for role in ("start", "clock") if role in cells and role != days]
    only = real[0] if len(real) == 1 else None
    if only is not None and only.at is not None:
        yield from _with_clock(only.at, cells, (days, *clocks))
    empty = dict.fromkeys(clocks, "-")
    # Its own words are the document's only in Japanese; everywhere else a line of cron is read.
    if language == "ja":
        if only is not None and only.at is not None and clocks:
            yield {days: str(replace(only, at=None, zone="")), **empty, clocks[0]: _clock(only)}
        yield {days: str(_as_one(real)), **empty}
    if only is not None and only.cron:
        yield {days: only.cron, **empty}
    elif only is not None and only.at is not None and (fields := _fields(only)):
        yield {days: fields, **empty}


def _as_one(rules: Schedules) -> Schedule:
    return together(rules, "") or rules[0]


def _with_clock(at: time, cells: CellTexts, roles: Sequence[str]) -> Iterator[CellTexts]:
    for role in roles:
        found = list(_CLOCK.finditer(cells[role]))
        if len(found) != 1:
            continue
        (match,) = found
        rest = cells[role][: match.start()] + cells[role][match.end() :]
        if rest.strip(" *_`()（）") and (int(match["hour"]) < _NIGHT) is not (at.hour < _NIGHT):
            continue
        hour = f"{at.hour:02}" if match["hour"].startswith("0") else str(at.hour)
        yield {role: f"{cells[role][: match.start()]}{hour}:{at:%M}{cells[role][match.end() :]}"}


def _clock(rule: Schedule) -> str:
    return str(replace(rule, zone="")).rpartition(" ")[2]


def _fields(rule: Schedule) -> str:
    """Return the fields of cron for a rule of every day; those of others are not needed for a clock alone."""
    at = rule.at
    return "" if at is None or rule.weekdays or rule.day or rule.months else f"{at.minute} {at.hour} * * *"
