"""Who is on duty, for people, for scripts and for calendar programs. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from toban.design.chapter import Chapter
from toban.design.clauses.labels import CHAPTERS
from toban.engine.bindings.model import Person
from toban.engine.notify.duty.roster import DutyShift, OnDuty, Override, Roster, name_of
from toban.faces.icalendar import CalendarEvent
from toban.message import listing


def names(watch: OnDuty, roster: Roster, people: Mapping[str, Person]) -> str:
    """Say who is on duty; empty if nobody is."""
    return str(listing([name_of(each, roster, people) for each in watch.people]))


def why(override: Override | None) -> str:
    """Say who ordered the override, and why; empty for a regular turn."""
    return f"{override.author}: {override.reason}" if override is not None else ""


def events(shifts: Iterable[DutyShift], people: Mapping[str, Person]) -> Iterator[CalendarEvent]:
    """Yield *shifts* for a calendar, one event for each person."""
    for shift in shifts:
        clause = shift.roster.clause
        for each in shift.watch.people:
            told = (str(clause.origin) if clause is not None else "", why(shift.watch.override))
            yield CalendarEvent(
                key=f"duty {shift.roster.role} {each}",
                start=shift.start,
                end=shift.end,
                summary=f"{shift.roster.role} {name_of(each, shift.roster, people)}",
                description=" ".join(part for part in told if part),
                category=str(CHAPTERS[Chapter.OBJECTIVES]),
            )


def as_json(
    roster: Roster, watch: OnDuty, start: datetime | None, end: datetime | None, people: Mapping[str, Person]
) -> dict[str, object]:
    """Return who is on duty from *start* to *end* (None: unknown or unlimited), for scripts."""
    override = watch.override
    return {
        "role": roster.role,
        "people": [{"key": each, "name": name_of(each, roster, people)} for each in watch.people],
        "from": start.isoformat() if start is not None else None,
        "until": end.isoformat() if end is not None else None,
        "override": override
        and {
            "number": override.number,
            "author": override.author,
            "reason": override.reason,
        },
        "clause": roster.clause.id if roster.clause is not None else None,
    }
