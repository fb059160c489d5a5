"""What to fetch from a place next, and which of it is new. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from toban.chapters.logs.formats import RECORDS
from toban.chapters.logs.formats.convert import Record, Surroundings, dumped
from toban.chapters.logs.intake.shapes import known_of
from toban.chapters.logs.pulling.source import LogSourceConfig, PulledEvent

_MILLISECOND = timedelta(milliseconds=1)
_LONGEST = 3_600_000
"""Milliseconds fetched at once, so that the position is saved on the way after a long absence."""

_MARGIN = 300_000
"""Milliseconds by which a place's clock may differ, and until a new line can be found there."""


class PullPosition(NamedTuple):
    """How far a place has been fetched. All in milliseconds since 1970."""

    through: int
    """All lines written before this time were fetched."""
    pulled_at: int
    """The time of that fetch."""


@dataclass(frozen=True, slots=True)
class PullWindow:
    """The period to ask for."""

    start: int
    through: int
    """The exclusive end; it becomes the position once everything has been stored."""


def window(position: PullPosition | None, config: LogSourceConfig, now: int) -> PullWindow:
    """Return what to fetch next: from *position* on, and again what may have arrived late."""
    through = position.through if position is not None else now - config.since // _MILLISECOND
    start = through - config.late // _MILLISECOND if position is not None else through
    # After the clock was set back, nothing new is fetched.
    return PullWindow(start, max(min(now, through + _LONGEST), through))


def unseen(events: Sequence[PulledEvent], position: PullPosition | None) -> list[PulledEvent]:
    """Return those of *events* that an earlier run can't have found."""
    if position is None:
        return list(events)
    return [
        event
        for event in events
        if event.at >= position.through or event.came_at >= position.pulled_at - _MARGIN
    ]


def new(events: Sequence[PulledEvent], stored: Collection[str]) -> list[PulledEvent]:
    """Return those of *events* whose ids are not among *stored*, each once."""
    return list({event.id: event for event in events if event.id not in stored}.values())


def lines(events: Sequence[PulledEvent], config: LogSourceConfig, around: Surroundings) -> bytes:
    """Return *events* as lines of JSON."""
    return b"\n".join(dumped(_record(event, config, around)) for event in events)


def _record(event: PulledEvent, config: LogSourceConfig, around: Surroundings) -> Record:
    """Return an event's record. Its time is the place's, by which events are fetched and recognised."""
    found = RECORDS[config.format](event.message, around)
    own = [found.pop(name) for name in list(found) if known_of(name) == "at"]
    if own and event.message.lstrip().startswith("{"):
        found["loggedAt"] = own[0]
    at: Record = {"timestamp": event.at / 1000}
    return {**at, **found, "logStream": event.stream, "eventId": event.id}
