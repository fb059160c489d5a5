"""Events as iCalendar (RFC 5545 and 7986), for any calendar program. Pure."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from icalendar import Calendar, Component, vDuration, vText
from icalendar import Event as EventComponent

from toban.design.clauses.labels import CHAPTERS
from toban.engine.calendar.agenda import Agenda, AgendaEntry
from toban.faces.words.agenda import title

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """Something with a time."""

    key: str
    """Identifies the event together with its start: the same event has the same UID in every export."""
    start: datetime
    end: datetime
    """Equal to the start for an event without a length."""
    summary: str
    description: str
    category: str
    is_all_day: bool = False
    address: str = ""
    """The page about it."""
    is_busy: bool = True
    """Whether whoever has it has no time for anything else."""


def icalendar(agenda: Agenda, name: str, now: datetime) -> str:
    """Return *agenda* as a calendar called *name*, made at *now*."""
    return written((_event_of(entry) for day in agenda.days for entry in day.entries), name, now)


def written(
    events: Iterable[CalendarEvent], name: str, now: datetime, refresh: timedelta | None = None
) -> str:
    """Return *events* as a calendar called *name*, made at *now*; *refresh* says how often to ask again."""
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Toban//Toban//JA")
    calendar.add("x-wr-calname", _text(name))
    if refresh is not None:
        calendar.add("name", _text(name))
        calendar.add("refresh-interval", refresh, parameters={"VALUE": "DURATION"})
        # What Outlook reads instead.
        calendar.add("x-published-ttl", vDuration(refresh))
    for event in events:
        calendar.add_component(_component(event, now))
    made: bytes = calendar.to_ical()
    return made.decode()


def _event_of(entry: AgendaEntry) -> CalendarEvent:
    clause = entry.clause
    return CalendarEvent(
        key=clause.id,
        start=entry.start,
        end=entry.end,
        summary=title(clause),
        description=f"{clause.origin} {clause.text}",
        category=str(CHAPTERS[clause.chapter]),
        is_all_day=entry.is_all_day,
    )


def _component(event: CalendarEvent, now: datetime) -> Component:
    found = EventComponent()
    # Calendars update an event by its UID, instead of showing it twice.
    uid = hashlib.sha256(f"{event.key} {event.start.isoformat()}".encode()).hexdigest()[:32]
    found.add("uid", f"{uid}@toban")
    found.add("dtstamp", now.astimezone(UTC))
    found.add("dtstart", _moment(event, event.start))
    if event.end > event.start:
        found.add("dtend", _moment(event, event.end))
    found.add("summary", _text(event.summary))
    found.add("description", _text(event.description))
    if event.category:
        found.add("categories", [_text(event.category)])
    if event.address:
        found.add("url", event.address)
    if not event.is_busy:
        found.add("transp", "TRANSPARENT")
    return found


def _moment(event: CalendarEvent, moment: datetime) -> date:
    return moment.date() if event.is_all_day else moment.astimezone(UTC)


def _text(text: str) -> vText:
    """Return *text* as a TEXT value (section 3.3.11), which allows no control characters."""
    return vText(_CONTROL.sub(" ", text.replace("\r\n", "\n")))
