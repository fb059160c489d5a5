"""Today as a strip: what turned bad or good again, and what is planned, from midnight to midnight. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from toban.design.clauses.base import Clause
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.faces.web import words
from toban.faces.web.overview import short
from toban.faces.web.skeleton import evidence_address

_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Mark:
    """Something on the strip."""

    minute: int
    kind: str
    """A verdict, or `planned`."""
    title: str
    address: str


@dataclass(frozen=True, slots=True)
class Today:
    """The strip; `now` in minutes since midnight."""

    now: int
    clock: str
    marks: tuple[Mark, ...]


def today(
    clauses: Mapping[str, Clause],
    statuses: Sequence[ClauseStatus],
    changes: Sequence[LedgerEntry],
    now: datetime,
    zone: tzinfo,
) -> Today:
    """Lay *changes* of verdict and due times of *statuses* out on the day of *now* in *zone*."""
    midnight = start_of_day(now, zone)
    marks = [
        _mark(entry.at, midnight, str(entry.content["verdict"]), clauses[entry.clause_id], now, zone)
        for entry in changes
        if entry.clause_id in clauses and entry.content.get("before")
    ]
    marks += [
        _mark(status.next_due, midnight, "planned", clauses[status.clause_id], now, zone)
        for status in statuses
        if status.next_due is not None and status.clause_id in clauses
    ]
    shown = sorted((mark for mark in marks if 0 <= mark.minute < _MINUTES), key=lambda mark: mark.minute)
    return Today(_minute(now, midnight), f"{now.astimezone(zone):%H:%M}", tuple(shown))


def start_of_day(now: datetime, zone: tzinfo) -> datetime:
    """Return the last midnight in *zone*."""
    return datetime.combine(now.astimezone(zone).date(), time(0), tzinfo=zone)


def _minute(moment: datetime, midnight: datetime) -> int:
    return (moment - midnight) // timedelta(minutes=1)


def _mark(
    moment: datetime, midnight: datetime, kind: str, clause: Clause, now: datetime, zone: tzinfo
) -> Mark:
    said = f"{Verdict(kind).mark} {words.WORDS[Verdict(kind)]} " if kind != "planned" else ""
    title = f"{words.clock(moment, now, zone)} {said}{short(clause)}"
    return Mark(_minute(moment, midnight), kind, title, evidence_address(clause.id))
