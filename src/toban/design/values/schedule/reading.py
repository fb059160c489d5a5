"""A cell's words to a schedule."""

import re
from datetime import time
from decimal import Decimal

from toban.design.values.duration import Duration, TimeUnit
from toban.design.values.normal import plain
from toban.design.values.schedule.rule import ZONES, Cadence, DayOfMonth, Schedule, Weekday
from toban.design.values.schedule.words import HOUR, TOKENS, WORKING_DAYS, Draft

_CRON = re.compile(r"(?P<minute>\d{1,2}) (?P<hour>\d{1,2}|\*) (?P<day>\d{1,2}|\*) \* (?P<weekday>[0-7]|\*)")
_CRON_EVERY = re.compile(
    r"(?:\*/(?P<minutes>\d{1,2}) \* \* \* \*|(?P<minute>\d{1,2}) \*/(?P<hours>\d{1,2}) \* \* \*|\* \* \* \* \*)"
)
_ZONE = re.compile(rf" ?\(?(?<![A-Za-z])({'|'.join(ZONES)})\b\)?")
_UNKNOWN_ZONE = re.compile(r"\b(?:PST|PDT|EST|EDT|CST|CDT|MST|BST|IST|CEST)\b")
_BRACKETS = re.compile(r" ?[(]([^()]*)[)]")
_NOTE = re.compile(
    r"(?:フル|差分|増分|全量|自動|手動|実行|実施|バックアップ|必須|推奨|目安|以降|初期安定化|定期|計画メンテナンス|full|incremental"
    r"|automatic|auto)+",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"[\s、,・:]+|の(?!度)|に(?!\d)|頃|ごろ|から開始|に?(?:自動)?(?:実施|実行|開始)|\bat\b|\bon\b|\bthe\b|\bof\b"
)
_EVENT = re.compile(
    r"[^0-9<>=%]{1,24}(?<!日)(?<!臨)(?:時|前|後|次第|の都度|の度)|[^0-9<>=%\s]{1,20}(?:ごと|毎)|on [a-z ]{3,30}|after [a-z ]{3,30}",
    re.IGNORECASE,
)
_NO_EVENT = re.compile(
    r".*(?:または|もしくは|、).*|.*(?:常時|即時|随時|都度|深夜|以前|以後|午前|午後|直前|時間|同時|当日|翌日|年|月|週|日|分|秒)(?:時|前|後|ごと|毎)?"
)


_CONSTANT = (
    (
        re.compile(r"リアルタイム|常時|連続|継続的?|real-?time|continuous(?:ly)?", re.IGNORECASE),
        Cadence.CONTINUOUS,
    ),
    (
        re.compile(
            r"随時|都度|手動|手動実行|必要時|必要に応じて|オンデマンド|on-?demand|as needed|manual(?:ly)?|ad ?hoc",
            re.IGNORECASE,
        ),
        Cadence.ON_DEMAND,
    ),
)


def read_schedule(text: str) -> Schedule | None:
    """Read one rule for due times; None for anything that is not wholly understood, and for several rules.

    A cron line that names both a date and a weekday means "or" in cron, which no document means: None.
    """
    whole = plain(text)
    words = _BRACKETS.sub(
        lambda match: "" if _NOTE.fullmatch(match[1].strip()) else f" {match[1]} ", whole
    ).strip()
    for pattern, cadence in _CONSTANT:
        if pattern.fullmatch(words):
            return Schedule(cadence, text=whole)
    if cron := _CRON.fullmatch(words) or _CRON_EVERY.fullmatch(words):
        return _of_cron(cron, whole)
    if _UNKNOWN_ZONE.search(words):
        return None
    zones = {ZONES[name] for name in _ZONE.findall(words)}
    draft = _drafted(_ZONE.sub(" ", words))
    if draft is not None and len(zones) <= 1:
        return _finished(draft, whole, next(iter(zones), ""))
    if _EVENT.fullmatch(words) and not _NO_EVENT.fullmatch(words):
        return Schedule(Cadence.ON_EVENT, event=words, text=whole)
    return None


def read_schedules(text: str) -> tuple[Schedule, ...] | None:
    """Read a cell that holds one rule or several: 日次(フル) + 1時間ごと(増分), 変更時、日次."""
    single = read_schedule(text)
    if single is not None:
        return (single,)
    parts = re.split(r" ?\+ ?|、|または|、? ?および|\n| / | and ", plain(text))
    # 毎月1日、15日: what the first part says of the month holds for the others.
    head = "毎月" if parts[0].startswith("毎月") else ""
    found = tuple(
        schedule for part in parts if (schedule := read_schedule(part) or read_schedule(f"{head}{part}"))
    )
    return found if len(found) == len(parts) > 1 else None


def join_schedule(frequency: str, clock: str) -> Schedule | None:
    """Read a rule whose frequency and clock stand in two columns: 月次 | 1日 03:00, 5分毎 | -."""
    if plain(clock) in ("", "-"):
        return read_schedule(frequency)
    event, on_demand = read_schedule(clock), read_schedule(frequency)
    if event and on_demand and (on_demand.cadence, event.cadence) == (Cadence.ON_DEMAND, Cadence.ON_EVENT):
        return event
    joined = read_schedule(f"{frequency} {clock}")
    return joined or (read_schedule(clock) if plain(frequency) in ("", "-") else None)


def _drafted(words: str) -> Draft | None:
    draft = Draft()
    position, found = 0, False
    while position < len(words):
        if filler := _FILLER.match(words, position):
            position = filler.end()
            continue
        for token in TOKENS:
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
    if cadence is Cadence.DAILY and draft.cadence is None:
        draft.assumed.append(f"「{text}」を毎日と解釈しました")
    return Schedule(
        cadence, draft.every, draft.weekdays, draft.day, draft.months, draft.at, draft.until, draft.minute,
        None if draft.times == 1 else draft.times, zone=zone, text=text, assumptions=tuple(draft.assumed),
    )  # fmt: skip


def _implied(draft: Draft) -> Cadence | None:
    if draft.months:
        return Cadence.YEARLY
    if draft.day:
        # 1日 alone may be a length of time; 1日 3:00 can't.
        is_length = draft.at is None and draft.is_counted_day
        return None if is_length else Cadence.MONTHLY
    if draft.weekdays:
        return Cadence.WEEKLY
    return Cadence.DAILY if draft.at else None


def _fits(cadence: Cadence, draft: Draft) -> bool:
    """Whether the parts make sense together: 月次 日曜 leaves open which Sunday, 日次 1日 is a slip."""
    over_months = cadence in (Cadence.MONTHLY, Cadence.QUARTERLY, Cadence.HALF_YEARLY, Cadence.YEARLY)
    if draft.day and not over_months:
        return False
    if draft.months and not over_months:
        return False
    if draft.weekdays and cadence not in (Cadence.WEEKLY, Cadence.DAILY):
        return False
    if cadence is Cadence.DAILY and draft.weekdays not in ((), WORKING_DAYS):
        return False
    return not (cadence is Cadence.INTERVAL and (draft.at or draft.weekdays))


def _divides(step: str | None, whole: int) -> bool:
    return step is None or (int(step) > 0 and whole % int(step) == 0)


def _of_cron(match: re.Match[str], text: str) -> Schedule | None:
    groups = match.groupdict()
    if match.re is _CRON_EVERY:
        # Cron starts anew each hour and day: */7 is no interval of 7 minutes.
        if not _divides(groups["minutes"], 60) or not _divides(groups["hours"], 24):
            return None
        if groups["hours"]:
            if int(groups["minute"]) > 59:
                return None
            every = Duration(Decimal(groups["hours"]), TimeUnit.HOUR)
            return Schedule(Cadence.INTERVAL, every, minute=int(groups["minute"]) or None, text=text)
        return Schedule(
            Cadence.INTERVAL, Duration(Decimal(groups["minutes"] or 1), TimeUnit.MINUTE), text=text
        )
    minute = int(groups["minute"])
    if groups["hour"] == "*":
        is_hourly = groups["day"] == groups["weekday"] == "*"
        return (
            Schedule(Cadence.INTERVAL, HOUR, minute=minute, text=text) if is_hourly and minute < 60 else None
        )
    hour = int(groups["hour"])
    if hour > 23 or minute > 59 or (groups["day"] != "*" and groups["weekday"] != "*"):
        return None
    at = time(hour, minute)
    if groups["weekday"] != "*":
        # Cron counts from Sunday, 0 or 7.
        weekday = tuple(Weekday)[(int(groups["weekday"]) - 1) % 7]
        return Schedule(Cadence.WEEKLY, weekdays=(weekday,), at=at, text=text)
    if groups["day"] == "*":
        return Schedule(Cadence.DAILY, at=at, text=text)
    day = int(groups["day"])
    return Schedule(Cadence.MONTHLY, day=DayOfMonth(day), at=at, text=text) if 1 <= day <= 31 else None
