"""Today as a strip: what turned bad or good again, and what is planned, from midnight to midnight."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import groupby

from django.urls import reverse
from django.utils.translation import gettext as _

from toban.design.clauses.base import Clause
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.runs.models import Run
from toban.faces.document.address import evidence_address
from toban.faces.document.overview import short
from toban.faces.words import verdicts as words
from toban.faces.words.runs import standing

_MINUTES = 24 * 60
_AT_ONE_PLACE = 5
"""Marks of one kind in one minute: they stand upon each other."""


@dataclass(frozen=True, slots=True)
class TodayMark:
    """Something on the strip."""

    minute: int
    kind: str
    """A verdict, a run's status, or `planned`."""
    title: str
    address: str


@dataclass(frozen=True, slots=True)
class Today:
    """The strip; `now` in minutes since midnight."""

    now: int
    clock: str
    zone: str
    """By its name: all times of the page are in it."""
    marks: tuple[TodayMark, ...]


def today(
    clauses: Mapping[str, Clause],
    due: Mapping[str, datetime],
    changes: Sequence[LedgerEntry],
    runs: Sequence[Run],
    now: datetime,
    zone: tzinfo,
) -> Today:
    """Place *changes* of verdict, *runs* and *due* times (by clause id) on the day of *now* in *zone*."""
    midnight = start_of_day(now, zone)
    # A run says more than the verdict that resulted from it.
    run = {each.clause_id for each in runs}
    marks = [
        _mark(entry.at, midnight, str(entry.content["verdict"]), clauses[entry.clause_id], now, zone)
        for entry in changes
        if entry.clause_id in clauses and entry.content.get("before") and entry.clause_id not in run
    ]
    marks += [_mark_of_run(each, clauses, midnight, now, zone) for each in runs]
    marks += [
        _mark(at, midnight, "planned", clauses[clause_id], now, zone)
        for clause_id, at in due.items()
        if clause_id in clauses
    ]
    shown = sorted((mark for mark in marks if 0 <= mark.minute < _MINUTES), key=_place)
    apart = (mark for _at, each in groupby(shown, _place) for mark in _apart(list(each)))
    return Today(_minute(now, midnight), f"{now.astimezone(zone):%H:%M}", str(zone), tuple(apart))


def _place(mark: TodayMark) -> tuple[int, str]:
    return mark.minute, mark.kind


def _apart(marks: Sequence[TodayMark]) -> Iterator[TodayMark]:
    """Yield what nobody could tell apart as a few marks, the last of which says how many follow."""
    yield from marks[: _AT_ONE_PLACE - 1]
    if len(marks) > _AT_ONE_PLACE:
        further = _("ほか%(count)d件") % {"count": len(marks) - _AT_ONE_PLACE}
        yield replace(marks[_AT_ONE_PLACE - 1], title=f"{marks[_AT_ONE_PLACE - 1].title} {further}")
    else:
        yield from marks[_AT_ONE_PLACE - 1 :]


def start_of_day(now: datetime, zone: tzinfo) -> datetime:
    """Return the last midnight in *zone*."""
    return midnight_of(now.astimezone(zone).date(), zone)


def midnight_of(day: date, zone: tzinfo) -> datetime:
    """Return the beginning of *day* in *zone*."""
    return datetime.combine(day, time(0), tzinfo=zone)


def _minute(moment: datetime, midnight: datetime) -> int:
    return (moment - midnight) // timedelta(minutes=1)


def _mark_of_run(
    run: Run, clauses: Mapping[str, Clause], midnight: datetime, now: datetime, zone: tzinfo
) -> TodayMark:
    moment, stands = run.began_at or run.due_at, standing(run)
    clause = clauses.get(run.clause_id)
    name = short(clause) if clause is not None else run.work
    title = f"{words.clock(moment, now, zone)} {stands.mark} {stands.word} {name}"
    return TodayMark(_minute(moment, midnight), stands.value, title, reverse("run", args=[run.pk]))


def _mark(
    moment: datetime, midnight: datetime, kind: str, clause: Clause, now: datetime, zone: tzinfo
) -> TodayMark:
    said = f"{Verdict(kind).mark} {words.WORDS[Verdict(kind)]} " if kind != "planned" else ""
    title = f"{words.clock(moment, now, zone)} {said}{short(clause)}"
    return TodayMark(_minute(moment, midnight), kind, title, evidence_address(clause.id))
