"""What the document puts on which day: a month, the year as a list, and each row's next and previous time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.clauses.labels import CHAPTERS
from toban.engine.calendar.agenda import Agenda, AgendaDay, agenda, every_day
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.people.models import FeedToken
from toban.engine.tasks.lists import schedules_of_people
from toban.faces.document.address import evidence_address
from toban.faces.web.calendar import months
from toban.faces.web.calendar.due_times import next_times, previous_times, since
from toban.faces.web.calendar.months import Cell, ShownEntry
from toban.faces.web.changes.by_day import DayOfChanges, by_day
from toban.faces.web.frame import frame, in_force, look
from toban.faces.words.agenda import title
from toban.message import Message

MONTHS = 12
_DAY = timedelta(days=1)
_REACH = 50
"""Years before and after this one that can be shown."""
VIEWS = ("month", "list")


@dataclass(frozen=True, slots=True)
class CalendarChoice:
    """What the address asks for."""

    view: str
    month: date
    chapter: str
    is_together: bool
    """Only entries that overlap with another."""
    is_whole: bool
    """Also daily entries."""

    def query(self, **changed: str) -> str:
        """Return the query of the address, with what is *changed*."""
        asked = {
            "view": self.view if self.view != VIEWS[0] else "",
            "month": f"{self.month:%Y-%m}",
            "chapter": self.chapter,
            "only": "together" if self.is_together else "",
            "daily": "1" if self.is_whole else "",
            **changed,
        }
        return urlencode({name: value for name, value in asked.items() if value})


@dataclass(frozen=True, slots=True)
class MonthLink:
    """A month to turn to."""

    first: date
    query: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ListedDay:
    """A day of the list."""

    date: date
    is_off: bool
    holiday: Message
    entries: tuple[ShownEntry, ...]


@dataclass(frozen=True, slots=True)
class RowTimes:
    """A row with its times."""

    title: str
    address: str
    origin: str
    chapter: str
    previous: datetime | None
    next: datetime
    is_day: bool
    """The document names days but no time of day."""


@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """Show the calendar: `?view=`, `?month=`, `?chapter=`, `?only=together` and `?daily=1` choose."""
    edition, now = in_force(), system_clock()
    zone = edition.bindings.system.zone
    today = now.astimezone(zone).date()
    choice = _choice(request, today)
    titles = {clause.id: title(clause) for clause in edition.design.clauses}
    year = span(edition, months.month_of(choice.month), months.month_of(choice.month, MONTHS) - _DAY)
    hidden = frozenset() if choice.is_whole else every_day(year)
    scheduled = _scheduled(edition, now)
    context = {
        **frame(look(edition, now), "calendar"),
        "choice": choice,
        "turns": _turns(choice, today),
        "before": _turn(choice, months.month_of(choice.month, -1)),
        "after": _turn(choice, months.month_of(choice.month, 1)),
        "chapters": [(each.value, str(CHAPTERS[each])) for each in months.chapters_of(scheduled)],
        "daily": months.shown(months.daily(year, choice.chapter), titles),
        "constant": [(clause, titles[clause.id]) for clause in year.constant],
        "coming": list(_coming(scheduled, edition, choice.chapter, now)),
        "other_view": choice.query(view=VIEWS[choice.view == VIEWS[0]]),
        "token": FeedToken.objects.filter(operator__username=request.user.get_username()).first(),
    }
    if choice.view == VIEWS[0]:
        changed = by_day(*months.weeks(choice.month), zone, request.user)
        context["weeks"] = months.grid(list(_cells(edition, choice, hidden, titles, today, changed)))
    else:
        context["days"] = list(_list(year, choice, hidden, titles))
    return render(request, "calendar/calendar.html", context)


def span(edition: Edition, first: date, last: date) -> Agenda:
    """Return the agenda of *edition* from *first* to *last*; the last few are cached."""
    return _kept(_Key(edition), first, last)


class _Key:
    """An edition that is compared by its digests."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.edition.digests == other.edition.digests

    def __hash__(self) -> int:
        return hash(self.edition.digests)


@lru_cache(maxsize=8)
def _kept(key: _Key, first: date, last: date) -> Agenda:
    edition = key.edition
    schedules = schedules_of_people(edition, settings.PARTS)
    return agenda(edition.design, edition.bindings.system, first, last, schedules)


def _choice(request: HttpRequest, today: date) -> CalendarChoice:
    view = request.GET.get("view", "")
    chapter = request.GET.get("chapter", "")
    return CalendarChoice(
        view=view if view in VIEWS else VIEWS[0],
        month=month_named(request.GET.get("month", ""), today),
        chapter=chapter if chapter in set(Chapter) else "",
        is_together=request.GET.get("only") == "together",
        is_whole=request.GET.get("daily") == "1",
    )


def month_named(written: str, today: date) -> date:
    """Return the month that an address names (2026-11); this month if it names none, or one out of reach."""
    try:
        found = date.fromisoformat(f"{written}-01")
    except ValueError:
        return months.month_of(today)
    return found if abs(found.year - today.year) <= _REACH else months.month_of(today)


def _turns(choice: CalendarChoice, today: date) -> list[MonthLink]:
    """Return the twelve months from this one on."""
    return [_turn(choice, months.month_of(today, step)) for step in range(MONTHS)]


def _turn(choice: CalendarChoice, first: date) -> MonthLink:
    return MonthLink(first, choice.query(month=f"{first:%Y-%m}"), first == choice.month)


def _cells(
    edition: Edition,
    choice: CalendarChoice,
    hidden: frozenset[str],
    titles: Mapping[str, str],
    today: date,
    changed: Mapping[date, DayOfChanges],
) -> Iterator[Cell]:
    for day in span(edition, *months.weeks(choice.month)).days:
        yield Cell(
            date=day.date,
            is_within=(day.date.year, day.date.month) == (choice.month.year, choice.month.month),
            is_today=day.date == today,
            is_off=not day.is_business_day,
            holiday=day.holiday,
            entries=_shown(day, choice, hidden, titles),
            changes=changed.get(day.date),
        )


def _list(
    year: Agenda, choice: CalendarChoice, hidden: frozenset[str], titles: Mapping[str, str]
) -> Iterator[ListedDay]:
    for day in year.days:
        entries = _shown(day, choice, hidden, titles)
        if entries or day.holiday:
            yield ListedDay(day.date, not day.is_business_day, day.holiday, entries)


def _shown(
    day: AgendaDay, choice: CalendarChoice, hidden: frozenset[str], titles: Mapping[str, str]
) -> tuple[ShownEntry, ...]:
    found = months.chosen(day, chapter=choice.chapter, hidden=hidden, is_together=choice.is_together)
    return months.shown(found, titles)


def _scheduled(edition: Edition, now: datetime) -> list[Clause]:
    """Return the rows that have a next due time."""
    system, schedules = edition.bindings.system, schedules_of_people(edition, settings.PARTS)
    return [
        clause for clause in edition.design.clauses if next_times(tuple(schedules(clause)), system, now, 1)
    ]


def _coming(scheduled: list[Clause], edition: Edition, chapter: str, now: datetime) -> Iterator[RowTimes]:
    """Yield the *scheduled* rows of *chapter* (empty for all), the soonest first."""
    system, begun = edition.bindings.system, ledger.began_at()
    schedules_of = schedules_of_people(edition, settings.PARTS)
    found = [
        (next_times(tuple(schedules_of(clause)), system, now, 1)[0], clause)
        for clause in scheduled
        if chapter in ("", clause.chapter)
    ]
    for following, clause in sorted(found, key=lambda each: (each[0], each[1].origin.line)):
        schedules = tuple(schedules_of(clause))
        is_day = all(each.at is None and each.every is None for each in schedules)
        previous = next(iter(previous_times(schedules, system, now, 1)), None)
        yield RowTimes(
            title=title(clause),
            address=evidence_address(clause.id),
            origin=str(clause.origin),
            chapter=str(CHAPTERS[clause.chapter]),
            previous=since(previous, begun, is_day=is_day, zone=system.zone),
            next=following,
            is_day=is_day,
        )
