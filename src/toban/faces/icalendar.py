"""Events as iCalendar (RFC 5545), for any calendar program. Pure."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from toban.design.clauses.labels import CHAPTERS
from toban.engine.bindings.agenda import Agenda, Entry
from toban.faces.words.agenda import title

_LONGEST = 75
"""Octets of a line, its break excluded (section 3.1)."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something with a time."""

    key: str
    """With the start, what it is known by: the same event has the same name in every export."""
    start: datetime
    end: datetime
    """The start itself for a moment."""
    summary: str
    description: str
    category: str
    is_all_day: bool = False


def icalendar(agenda: Agenda, name: str, now: datetime) -> str:
    """Return *agenda* as a calendar called *name*, made at *now*."""
    return written((_event_of(entry) for day in agenda.days for entry in day.entries), name, now)


def written(events: Iterable[Event], name: str, now: datetime) -> str:
    """Return *events* as a calendar called *name*, made at *now*."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Toban//Toban//JA", f"X-WR-CALNAME:{_escaped(name)}"]
    for event in events:
        lines += _lines(event, now)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _event_of(entry: Entry) -> Event:
    clause = entry.clause
    return Event(
        key=clause.id,
        start=entry.start,
        end=entry.end,
        summary=title(clause),
        description=f"{clause.origin} {clause.text}",
        category=CHAPTERS[clause.chapter],
        is_all_day=entry.is_all_day,
    )


def _lines(event: Event, now: datetime) -> Iterator[str]:
    # Calendars renew an event by its name, instead of showing it twice.
    uid = hashlib.sha256(f"{event.key} {event.start.isoformat()}".encode()).hexdigest()[:32]
    yield "BEGIN:VEVENT"
    yield f"UID:{uid}@toban"
    yield f"DTSTAMP:{_utc(now)}"
    if event.is_all_day:
        yield f"DTSTART;VALUE=DATE:{event.start:%Y%m%d}"
        yield f"DTEND;VALUE=DATE:{event.end:%Y%m%d}"
    else:
        yield f"DTSTART:{_utc(event.start)}"
        if event.end > event.start:
            yield f"DTEND:{_utc(event.end)}"
    yield f"SUMMARY:{_escaped(event.summary)}"
    yield f"DESCRIPTION:{_escaped(event.description)}"
    yield f"CATEGORIES:{_escaped(event.category)}"
    yield "END:VEVENT"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    """Escape *text* as a TEXT value (section 3.3.11); other control characters have no place in one."""
    text = re.sub(r"([\\;,])", r"\\\1", text).replace("\r\n", "\n").replace("\n", "\\n")
    return re.sub(r"[\x00-\x1f\x7f]", " ", text)


def _folded(line: str) -> Iterator[str]:
    """Yield *line* in pieces of at most 75 octets, never splitting a character."""
    piece = ""
    for character in line:
        if len((piece + character).encode()) > _LONGEST:
            yield piece
            piece = " "
        piece += character
    yield piece
