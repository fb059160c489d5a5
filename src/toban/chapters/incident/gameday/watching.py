"""What of the chain has answered a failure, and whether in time. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from toban.engine.amounts import length
from toban.message import NOTHING, Message, from_json


class Part(StrEnum):
    """A part of the chain, in the order in which they answer."""

    ALERT = "alert"
    TOLD = "told"
    INCIDENT = "incident"
    RESPONSE = "response"
    REMEDY = "remedy"
    RECOVERED = "recovered"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the tables say about a failure that was made."""

    failed_at: datetime
    """When it was there: the command had ended, or something was measured out of bounds before."""
    times: Mapping[Part, datetime] = field(default_factory=dict)
    """When each part has answered, of those that have."""
    remedy: str = ""
    """The remedy that was wanted first."""
    why_no_remedy: Message = NOTHING
    """Why none is carried out: it is in shadow, waits for an approval, was held back, or failed."""
    is_hopeless: bool = False
    """Whether no remedy is going to be carried out any more."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What must answer, and how soon after the failure; None: there is no limit."""

    limits: Mapping[Part, timedelta | None]
    """Every part that must answer."""


@dataclass(frozen=True, slots=True)
class Check:
    """A part of the chain, with its time beside the document's limit."""

    part: Part
    took: timedelta | None
    """None if it has not answered."""
    limit: timedelta | None
    why: Message = NOTHING
    """Why it has not answered, if that is known."""

    @property
    def is_passed(self) -> bool:
        """Whether it has answered in time."""
        return self.took is not None and (self.limit is None or self.took <= self.limit)

    @property
    def found(self) -> Message:
        """What was found, in words."""
        if self.took is None:
            return self.why or Message("incident-gameday.not-seen")
        took = Message("common.seconds", count=f"{self.took.total_seconds():,.1f}")
        if self.limit is None:
            return Message("incident-gameday.took", took=took)
        return Message("incident-gameday.took-of", took=took, limit=length(self.limit))

    @property
    def name(self) -> Message:
        """The part's name."""
        return Message(f"incident-gameday.part-{self.part}")

    def as_json(self) -> dict[str, object]:
        """Return it as JSON."""
        return {
            "part": self.part.value,
            "took": self.took.total_seconds() if self.took is not None else None,
            "limit": self.limit.total_seconds() if self.limit is not None else None,
            "why": self.why.as_json() if self.why else None,
        }


def check_from_json(kept: Mapping[str, object]) -> Check:
    """Return a check as it was kept."""
    why = kept.get("why")
    return Check(Part(str(kept["part"])), _span(kept["took"]), _span(kept["limit"]), from_json(why))


def _span(seconds: object) -> timedelta | None:
    return timedelta(seconds=seconds) if isinstance(seconds, int | float) else None


def checks(seen: Seen, terms: Terms) -> Sequence[Check]:
    """Return every part that must answer, with its time and its limit."""
    return tuple(_checks(seen, terms))


def _checks(seen: Seen, terms: Terms) -> Iterator[Check]:
    for part in Part:
        if part not in terms.limits:
            continue
        at = seen.times.get(part)
        took = max(at - seen.failed_at, timedelta(0)) if at is not None else None
        why = seen.why_no_remedy if part is Part.REMEDY and took is None else NOTHING
        yield Check(part, took, terms.limits[part], why)


def is_over(seen: Seen, terms: Terms, *, until: datetime, now: datetime) -> bool:
    """Return whether there is nothing to wait for: all have answered, the time is up, or help won't come."""
    if now >= until or terms.limits.keys() <= seen.times.keys():
        return True
    first = [part for part in (Part.ALERT, Part.TOLD, Part.INCIDENT) if part in terms.limits]
    return seen.is_hopeless and all(part in seen.times for part in first)


def why_failed(found: Sequence[Check]) -> Message:
    """Return which parts did not answer in time; nothing if all did."""
    missing = tuple(
        Message("incident-gameday.part-found", part=each.name, found=each.found)
        for each in found
        if not each.is_passed
    )
    return Message("incident-gameday.missing", parts=missing) if missing else NOTHING
