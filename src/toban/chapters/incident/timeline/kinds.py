"""What the lines of a timeline are about, and a line as a value. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from toban.message import Message


class EntryKind(StrEnum):
    """What a line of the timeline is about."""

    ALERT = "alert"
    NOTICE = "notice"
    """A notification: sent, delivered or failed."""
    ACKNOWLEDGEMENT = "acknowledgement"
    CHANGE = "change"
    RUN = "run"
    REMEDY = "remedy"
    SPIKE = "spike"
    LEVEL = "level"
    STAGE = "stage"
    ACT = "act"
    """What became of the incident itself: declared, taken, merged, closed."""
    FOLLOW_UP = "follow-up"
    """Its report and its measures."""
    NOTE = "note"
    """What a person wrote."""

    @property
    def word(self) -> Message:
        """Its name."""
        return Message(f"incident-reports.kind-{self}")


@dataclass(frozen=True, slots=True)
class GatheredEntry:
    """A line as its source tells it."""

    key: str
    """See `TimelineEntry.key`."""
    kind: EntryKind
    at: datetime
    said: Message
    by: str = ""
    url: str = ""
    """The path of the page that shows it."""


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """A line as people read it."""

    number: int
    key: str
    kind: EntryKind
    at: datetime
    said: Message
    by: str
    url: str
    is_amended: bool
    is_hidden: bool


def with_detail(said: Message, detail: Message) -> Message:
    """Return *said* with *detail* behind it, if that says something."""
    return Message("incident-reports.with-detail", said=said, detail=detail) if detail else said
