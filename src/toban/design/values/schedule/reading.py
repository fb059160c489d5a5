"""From a cell's text to a schedule."""

import re
from dataclasses import replace

from toban.design.assumption import Assumption, Meaning, of_word
from toban.design.values.normal import plain
from toban.design.values.schedule.cron import read_cron
from toban.design.values.schedule.rule import (
    ZONES,
    Cadence,
    DayOff,
    DayOfMonth,
    NthBusinessDay,
    NthWeekday,
    Schedule,
)
from toban.design.values.schedule.words import WORKING_DAYS, Draft, tokens_for
from toban.message import Message

_ZONE = re.compile(rf" ?\(?(?<![A-Za-z])({'|'.join(ZONES)})\b\)?", re.IGNORECASE)
_UNKNOWN_ZONE = re.compile(
    r"\b(?:PST|PDT|EST|EDT|CST|CDT|MST|BST|IST|CEST|A[CEW][SD]T|NZ[SD]T|SGT|HKT|KST|EE?S?T|WE?S?T|BRT)\b",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r" ?[(]([^()]*)[)]")
_NOTE = re.compile(
    r"(?:フル|差分|増分|全量|自動|手動|実行|実施|バックアップ|必須|推奨|目安|以降|定期|計画メンテナンス|full|incremental"
    r"|automatic|auto)+",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"[\s、,・:]+|の(?!度)|に(?!\d)|頃|ごろ|から開始|に?(?:自動)?(?:実施|実行|開始)(?!日)|\bat\b|\bon\b|\bthe\b|\bof\b"
)
_EVENT = re.compile(
    r"[^0-9<>=%]{1,24}(?<!日)(?<!臨)(?:時|前|後|次第|の都度|の度)|[^0-9<>=%\s]{1,20}(?:ごと|毎)|on [a-z ]{3,30}|after [a-z ]{3,30}",
    re.IGNORECASE,
)
_NO_EVENT = re.compile(
    r".*(?:または|もしくは|、).*|.*(?:常時|即時|随時|都度|深夜|以前|以後|午前|午後|直前|時間|同時|当日|翌日|年|月|週|日|分|秒)(?:時|前|後|ごと|毎)?"
)
_TIME = r"\d{1,2}(?::\d\d|時(?!間)(?:\d{1,2}分|半)?)"
_CLOCKS = rf"{_TIME}(?: ?[-~] ?{_TIME})?"
_OR = r" ?[・、,/と] ?"
_LISTS = (
    (re.compile(rf"(?<!\d){_CLOCKS}(?:{_OR}{_CLOCKS}){{1,9}}"), re.compile(_CLOCKS), "{}"),
    (re.compile(rf"(?<!\d)\d{{1,2}}日(?:{_OR}\d{{1,2}}日){{1,9}}"), re.compile(r"\d{1,2}"), "{}日"),
    (re.compile(rf"第[1-5](?:{_OR}第?[1-5]){{1,4}}(?=[月火水木金土日]曜)"), re.compile(r"[1-5]"), "第{}"),
    (
        re.compile(rf"第[1-5][月火水木金土日]曜日?(?:{_OR}第[1-5][月火水木金土日]曜日?){{1,4}}"),
        re.compile(r"第[1-5][月火水木金土日]曜"),
        "{}",
    ),
)
"""Lists of one kind of word: the list, a word in it, and how that word reads alone."""

_CONSTANT = (
    (
        re.compile(r"リアルタイム|常時|連続|継続的?|real-?time|continuous(?:ly)?", re.IGNORECASE),
        Cadence.CONTINUOUS,
    ),
    (
        re.compile(
            r"随時|都度|手動|手動実行|必要時|必要に応じて|オンデマンド|on[- ]?demand|as needed|manual(?:ly)?|ad ?hoc",
            re.IGNORECASE,
        ),
        Cadence.ON_DEMAND,
    ),
)


_MIDNIGHT = re.compile(r"(?<![-~\d])(?<![-~] )24(?::00|時(?!間))")


def read_schedule(text: str) -> Schedule | None:
    """Read one rule for due times; None for several rules, and unless all of *text* is understood."""
    whole = plain(text)
    words = _BRACKETS.sub(
        lambda match: "" if _NOTE.fullmatch(match[1].strip()) else f" {match[1]} ", whole
    ).strip()
    for pattern, cadence in _CONSTANT:
        if pattern.fullmatch(words):
            return Schedule(cadence, text=whole)
    if _UNKNOWN_ZONE.search(words):
        return None
    zones = {ZONES[name.upper()] for name in _ZONE.findall(words)}
    bare = _ZONE.sub(" ", words).strip()
    if len(zones) <= 1 and (cron := read_cron(bare.lower())):
        return replace(cron[0], zone=next(iter(zones), ""), text=whole) if len(cron) == 1 else None
    draft = _drafted(bare)
    if draft is not None and len(zones) <= 1:
        schedule = _finished(draft, whole, next(iter(zones), ""))
        # 24:00 on a given day is the next day's midnight, which no rule for that day can express.
        is_of_a_day = schedule is not None and (schedule.weekdays or schedule.day)
        return None if is_of_a_day and _MIDNIGHT.search(words) else schedule
    if _EVENT.fullmatch(words) and not _NO_EVENT.fullmatch(words):
        return Schedule(Cadence.ON_EVENT, event=words, text=whole)
    return None


def read_schedules(text: str) -> tuple[Schedule, ...] | None:
    """Read a cell with one rule or several: 日次(フル) + 1時間ごと(増分), 変更時、日次."""
    single = read_schedule(text)
    if single is not None:
        return (single,)
    whole = plain(text)
    if cron := read_cron(whole.lower()):
        return tuple(replace(schedule, text=whole) for schedule in cron)
    if alternatives := _alternatives(whole):
        return alternatives
    parts = re.split(r" ?\+ ?|、|または|、? ?および|\n| / | and ", whole)
    # 毎月1日、15日: the month in the first part applies to the others.
    head = "毎月" if parts[0].startswith("毎月") else ""
    found = tuple(
        schedule for part in parts if (schedule := read_schedule(part) or read_schedule(f"{head}{part}"))
    )
    return found if len(found) == len(parts) > 1 else None


def join_schedule(frequency: str, clock: str) -> Schedule | None:
    """Read a rule whose frequency and clock are in two columns: 月次 | 1日 03:00, 5分毎 | -."""
    if plain(clock) in ("", "-"):
        return read_schedule(frequency)
    event, on_demand = read_schedule(clock), read_schedule(frequency)
    if event and on_demand and (on_demand.cadence, event.cadence) == (Cadence.ON_DEMAND, Cadence.ON_EVENT):
        return event
    joined = read_schedule(f"{frequency} {clock}")
    return joined or (read_schedule(clock) if plain(frequency) in ("", "-") else None)


def _alternatives(text: str) -> tuple[Schedule, ...] | None:
    """Read a rule with a list of one kind of word: 第2・第4火曜 3:00, 毎月1日、15日 9:00, 平日 9:00、18:00.

    The text around the list applies to each of its words, so splitting at the separators would lose it.
    """
    for several, one, alone in _LISTS:
        if match := several.search(text):
            head, tail = text[: match.start()], text[match.end() :]
            words = [alone.format(word) for word in one.findall(match[0])]
            found = [read_schedule(f"{head}{word}{tail}") for word in words]
            if not any(found) and alone == "{}日" and not head:
                # 5日 alone may be a length of time; 5日・20日 can't be.
                found = [read_schedule(f"毎月{word}{tail}") for word in words]
            known = tuple(
                # 1日2回(9:00、18:00): the list says how often.
                replace(schedule, text=text, times=None if schedule.times == len(found) else schedule.times)
                for schedule in found
                if schedule
            )
            return known if len(known) == len(found) else None
    return None


def _drafted(words: str) -> Draft | None:
    draft = Draft()
    position, found, tokens = 0, False, tokens_for(words)
    while position < len(words):
        if filler := _FILLER.match(words, position):
            position = filler.end()
            continue
        for token in tokens:
            if (match := token.pattern.match(words, position)) and match.end() > position:
                break
        else:
            return None
        if not draft.take(match, token):
            return None
        position, found = match.end(), True
    return draft if found else None


def _finished(draft: Draft, text: str, zone: str) -> Schedule | None:
    cadence = draft.cadence or _implied(draft)
    if cadence is None or not _fits(cadence, draft):
        return None
    if cadence is Cadence.MONTHLY and draft.months:
        cadence = Cadence.YEARLY
    if cadence is Cadence.DAILY and draft.weekdays and not draft.skips_holidays:
        # 毎日(月〜金) says nothing about public holidays, unlike 平日.
        cadence = Cadence.WEEKLY
    if cadence is Cadence.DAILY and draft.cadence is None:
        said, why = Message("design.assumed-daily", words=text), Message("design.why-no-cadence")
        draft.assumed.append(of_word(text, Meaning.DAYS, said, why))
    if draft.skips_holidays and draft.day_off is DayOff.SKIPPED:
        # 平日(祝日を除く) says it twice.
        draft.day_off = None
    if cadence is Cadence.WEEKLY and draft.every and draft.weekdays and not draft.since:
        said, why = Message("design.assumed-fortnight", words=text), Message("design.why-fortnight")
        draft.assumed.append(Assumption(said, why, "[system] fortnight"))
    if cadence is Cadence.QUARTERLY and not draft.months:
        said, why = Message("design.assumed-quarters", words=text), Message("design.why-quarters")
        draft.assumed.append(Assumption(said, why, "[system] quarters"))
    # 年2回(4月、10月): the months say how often.
    is_once = draft.times in (1, len(draft.months))
    return Schedule(
        cadence, draft.every, draft.weekdays, draft.day, draft.months, draft.at, draft.until, draft.minute,
        None if is_once else draft.times, since=draft.since, day_off=draft.day_off, zone=zone, text=text,
        # 毎日 25:00 is 1:00 of every day.
        next_day=bool(draft.next_day) and (cadence is not Cadence.DAILY or bool(draft.weekdays)),
        assumptions=tuple(draft.assumed),
    )  # fmt: skip


def _implied(draft: Draft) -> Cadence | None:
    if draft.months:
        return Cadence.YEARLY
    if draft.day:
        # 1日 alone may be a length of time; 1日 3:00 can't be.
        is_length = draft.at is None and draft.is_counted_day
        return None if is_length else Cadence.MONTHLY
    if draft.weekdays:
        return Cadence.WEEKLY
    return Cadence.DAILY if draft.at else None


def _fits(cadence: Cadence, draft: Draft) -> bool:
    """Say whether the parts fit together: 月次 日曜 leaves open which Sunday, 日次 1日 is a slip."""
    over_months = cadence in (Cadence.MONTHLY, Cadence.QUARTERLY, Cadence.HALF_YEARLY, Cadence.YEARLY)
    if draft.day and not over_months:
        return False
    if draft.months and (not over_months or draft.times not in (None, 1, len(draft.months))):
        return False
    if draft.weekdays and cadence not in (Cadence.WEEKLY, Cadence.DAILY):
        return False
    if cadence is Cadence.DAILY and draft.weekdays not in ((), WORKING_DAYS):
        return False
    if draft.since and not (cadence is Cadence.WEEKLY and draft.every and draft.weekdays):
        return False
    if draft.day_off is not None and not _fits_day_off(cadence, draft):
        return False
    return not (cadence is Cadence.INTERVAL and (draft.at or draft.weekdays))


def _fits_day_off(cadence: Cadence, draft: Draft) -> bool:
    """Say whether it is clear which days move: 毎日 has no day to move to, a 祝日 on the 25th may be a Sunday."""
    if draft.day_off is DayOff.SKIPPED:
        return draft.day is None and cadence in (Cadence.DAILY, Cadence.WEEKLY)
    if draft.day_off is DayOff.ADDED:
        return cadence is Cadence.WEEKLY and draft.every is None
    if isinstance(draft.day, NthBusinessDay) or not (draft.day or draft.weekdays):
        return False
    if cadence is Cadence.DAILY:
        return False
    of_week = (draft.day.weekday,) if isinstance(draft.day, NthWeekday) else draft.weekdays
    is_in_the_week = not isinstance(draft.day, DayOfMonth) and set(of_week) <= set(WORKING_DAYS)
    return is_in_the_week or not draft.is_of_holidays
