"""An agenda as months and days to look at. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.engine.calendar.agenda import Agenda, AgendaDay, AgendaEntry, every_day
from toban.faces.document.address import evidence_address
from toban.faces.web.changes.by_day import DayOfChanges
from toban.faces.words.agenda import title
from toban.message import Message

_DAY = timedelta(days=1)
_WEEK = 7


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """An entry of a day."""

    clock: str
    """Empty for a whole day."""
    title: str
    address: str
    chapter: str
    meets: str
    """What overlaps with it; empty if nothing does."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the drawn month, or of the months next to it."""

    date: date
    is_within: bool
    is_today: bool
    is_off: bool
    """Nobody works: a weekend or a public holiday."""
    holiday: Message
    entries: tuple[ShownEntry, ...]
    changes: DayOfChanges | None
    """What changed on it; None if nothing did."""


def month_of(day: date, step: int = 0) -> date:
    """Return the first day of the month *step* months after that of *day*."""
    index = day.year * 12 + day.month - 1 + step
    return date(index // 12, index % 12 + 1, 1)


def weeks(first: date) -> tuple[date, date]:
    """Return the first and the last day shown for the month that begins on *first*; weeks begin on Sunday."""
    last = month_of(first, 1) - _DAY
    return first - _DAY * ((first.weekday() + 1) % _WEEK), last + _DAY * ((5 - last.weekday()) % _WEEK)


def daily(agenda: Agenda, chapter: str) -> list[AgendaEntry]:
    """Return the daily entries of *agenda*, as on its first day, of *chapter* (empty for all)."""
    found = every_day(agenda)
    entries = agenda.days[0].entries if agenda.days else ()
    return [each for each in entries if each.clause.id in found and chapter in ("", each.clause.chapter)]


def chosen(
    day: AgendaDay, *, chapter: str, hidden: Collection[str], is_together: bool
) -> tuple[AgendaEntry, ...]:
    """Return the entries of *day* that the reader asked for."""
    return tuple(
        entry
        for entry in day.entries
        if chapter in ("", entry.clause.chapter)
        and (entry.meets if is_together else entry.clause.id not in hidden)
    )


def of_chapter(agenda: Agenda, chapter: str) -> Agenda:
    """Return *agenda* with only the rows of *chapter*; the whole if *chapter* names none."""
    if chapter not in set(Chapter):
        return agenda
    days = (replace(day, entries=tuple(_of(chapter, day.entries))) for day in agenda.days)
    return replace(agenda, days=tuple(days))


def _of(chapter: str, entries: Iterable[AgendaEntry]) -> Iterator[AgendaEntry]:
    return (entry for entry in entries if entry.clause.chapter == chapter)


def shown(entries: Iterable[AgendaEntry], titles: Mapping[str, str]) -> tuple[ShownEntry, ...]:
    """Return *entries* as they are shown; *titles*, by clause id, name the entries they overlap with."""
    return tuple(
        ShownEntry(
            clock=_clock(entry),
            title=title(entry.clause),
            address=evidence_address(entry.clause.id),
            chapter=entry.clause.chapter.value,
            meets="、".join(titles.get(each, each) for each in entry.meets),
        )
        for entry in entries
    )


def grid[T](cells: Sequence[T]) -> list[Sequence[T]]:
    """Return *cells* week by week."""
    return [cells[at : at + _WEEK] for at in range(0, len(cells), _WEEK)]


def chapters_of(clauses: Iterable[Clause]) -> list[Chapter]:
    """Return the chapters of *clauses* in the document's order."""
    found = {clause.chapter for clause in clauses}
    return [chapter for chapter in Chapter if chapter in found]


def _clock(entry: AgendaEntry) -> str:
    if entry.is_all_day:
        return ""
    return f"{entry.start:%H:%M}" + (f"–{entry.end:%H:%M}" if entry.end > entry.start else "")
