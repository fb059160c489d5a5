"""People who take turns, as documents write it: 田中、中村 (週替わり), 佐藤・鈴木 (日替わり、10:00交代)."""

import re
from dataclasses import dataclass, replace
from datetime import time

from toban.design.values.normal import plain
from toban.design.values.schedule import Cadence, DayOfMonth, Schedule, Weekday, read_schedule

WEEKLY = Schedule(Cadence.WEEKLY, weekdays=(Weekday.MONDAY,), at=time(9))
"""When a week's turn begins if nothing says so; daily and monthly turns begin at the same hour."""

_EVERY = (
    (re.compile(r"週(?:替わり|替り|ごと|毎|番|次|交[代替])|毎週|weekly", re.IGNORECASE), WEEKLY),
    (
        re.compile(r"日(?:替わり|替り|ごと|毎|番|次|交[代替])|毎日|daily", re.IGNORECASE),
        Schedule(Cadence.DAILY, at=time(9)),
    ),
    (
        re.compile(r"月(?:替わり|替り|ごと|毎|番|次|交[代替])|毎月|monthly", re.IGNORECASE),
        Schedule(Cadence.MONTHLY, day=DayOfMonth(1), at=time(9)),
    ),
    (re.compile(r"輪番|交[代替]制|持ち?回り|ローテ(?:ーション)?|rotat\w+|in turns?", re.IGNORECASE), WEEKLY),
)
_NOTE = re.compile(r"(?P<people>[^()]+?) ?\((?P<note>[^()]+)\)(?P<rest>.*)")
_BETWEEN = re.compile(r"[、,・/→]| and ")
_HANDING = re.compile(r"(?:に|で)?(?:交[代替]|引き?継ぎ|開始|から)|hand-?over", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rotation:
    """Two or more people who take turns."""

    people: tuple[str, ...]
    handover: Schedule
    is_assumed: bool
    """Whether the day or the hour of the handover is our assumption."""


def read_rotation(text: str) -> Rotation | None:
    """Read who takes turns, and when; None if there are fewer than two names or no word for turns."""
    match = _NOTE.fullmatch(plain(text))
    if match is None:
        return None
    people = tuple(name.strip() for name in _BETWEEN.split(match["people"]) if name.strip())
    usual = next((schedule for word, schedule in _EVERY if word.search(match["note"])), None)
    if usual is None or len(people) < 2 or match["rest"].strip():
        return None
    written = _handover(match["note"])
    if written is None:
        return Rotation(people, usual, is_assumed=True)
    if written.cadence is Cadence.DAILY and usual.cadence is not Cadence.DAILY:
        # 週替わり、10:00交代: the hour of the weekly handover; its day is still open.
        return Rotation(people, replace(usual, at=written.at), is_assumed=True)
    return Rotation(people, written, is_assumed=False)


def _handover(note: str) -> Schedule | None:
    """Return the piece of *note* that names an hour, alone or with its day."""
    for piece in re.split("[、,]", note):
        words = _HANDING.sub("", piece).strip()
        found = read_schedule(words) or read_schedule(f"毎週{words}") or read_schedule(f"日次 {words}")
        if found is not None and is_handover(found):
            return replace(found, text="", assumptions=())
    return None


def is_handover(schedule: Schedule) -> bool:
    """Say whether *schedule* gives the days and the time of a handover."""
    names_its_day = bool(schedule.weekdays or schedule.day or schedule.cadence is Cadence.DAILY)
    return schedule.at is not None and schedule.every is None and names_its_day
