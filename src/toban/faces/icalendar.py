"""An agenda as iCalendar (RFC 5545), for any calendar program. Pure."""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from toban.design.clauses.labels import CHAPTERS
from toban.engine.bindings.agenda import Agenda, Entry
from toban.faces.agenda_words import title

_LONGEST = 75
"""Octets of a line, its break excluded (section 3.1)."""


def icalendar(agenda: Agenda, name: str, now: datetime) -> str:
    """Return *agenda* as a calendar called *name*, made at *now*."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Toban//Toban//JA", f"X-WR-CALNAME:{_escaped(name)}"]
    for day in agenda.days:
        for entry in day.entries:
            lines += _event(entry, now)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _event(entry: Entry, now: datetime) -> Iterator[str]:
    clause = entry.clause
    # The same event has the same name in every export: calendars renew it instead of showing it twice.
    uid = hashlib.sha256(f"{clause.id} {entry.start.isoformat()}".encode()).hexdigest()[:32]
    yield "BEGIN:VEVENT"
    yield f"UID:{uid}@toban"
    yield f"DTSTAMP:{_utc(now)}"
    if entry.is_all_day:
        yield f"DTSTART;VALUE=DATE:{entry.start:%Y%m%d}"
        yield f"DTEND;VALUE=DATE:{entry.end:%Y%m%d}"
    else:
        yield f"DTSTART:{_utc(entry.start)}"
        if entry.end > entry.start:
            yield f"DTEND:{_utc(entry.end)}"
    yield f"SUMMARY:{_escaped(title(clause))}"
    yield f"DESCRIPTION:{_escaped(f'{clause.origin} {clause.text}')}"
    yield f"CATEGORIES:{_escaped(CHAPTERS[clause.chapter])}"
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
