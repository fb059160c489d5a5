"""What evidence says for a report, as it was when the report was drafted. Pure.

It is kept as JSON: the same draft gives the same report in every language, whatever is changed or deleted
later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from toban.message import NOTHING, Message, from_json


class ReportAudience(StrEnum):
    """Who reads it."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    """Customers: no person's name, and no address inside the company."""


class ReportQuestion(StrEnum):
    """What only people know: it is asked for, and never made up."""

    IMPACT = "impact"
    """What customers could not do."""
    CAUSE = "cause"
    INTERIM = "interim"
    PERMANENT = "permanent"

    @property
    def word(self) -> Message:
        """What is asked."""
        return Message(f"incident-reports.ask-{self}")


@dataclass(frozen=True, slots=True)
class ReportFact:
    """One line that evidence says."""

    label: Message
    value: Message
    """It says nothing if it is not known, or was not measured."""
    note: Message = NOTHING
    """Why it is not known; how it was measured; whether it is within its limit."""
    proofs: tuple[Message, ...] = ()
    """The numbers under which evidence is found: アラート 12, 証跡 345."""
    is_internal: bool = False
    """Whether customers don't read it."""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "label": self.label.as_json(),
            "value": self.value.as_json(),
            "note": self.note.as_json(),
            "proofs": [each.as_json() for each in self.proofs],
            "is_internal": self.is_internal,
        }

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "ReportFact":
        """Return what was kept as JSON."""
        return cls(
            from_json(kept["label"]),
            from_json(kept["value"]),
            from_json(kept["note"]),
            tuple(from_json(each) for each in kept["proofs"]),
            bool(kept["is_internal"]),
        )


@dataclass(frozen=True, slots=True)
class CourseLine:
    """A line of what happened, in its order (経緯)."""

    at: datetime
    said: Message
    outside: Message
    """The same in words for customers; it says nothing if they are not told."""
    by: str
    proof: Message

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "at": self.at.isoformat(),
            "said": self.said.as_json(),
            "outside": self.outside.as_json(),
            "by": self.by,
            "proof": self.proof.as_json(),
        }

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "CourseLine":
        """Return what was kept as JSON."""
        return cls(
            datetime.fromisoformat(kept["at"]),
            from_json(kept["said"]),
            from_json(kept["outside"]),
            kept["by"],
            from_json(kept["proof"]),
        )


@dataclass(frozen=True, slots=True)
class MeasureLine:
    """A measure against recurrence, as it stood."""

    number: int
    words: str
    owner: str
    due_on: date
    state: Message
    """Done since when, and by what; or what is still missing."""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "number": self.number,
            "words": self.words,
            "owner": self.owner,
            "due_on": self.due_on.isoformat(),
            "state": self.state.as_json(),
        }

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "MeasureLine":
        """Return what was kept as JSON."""
        due_on, state = date.fromisoformat(kept["due_on"]), from_json(kept["state"])
        return cls(kept["number"], kept["words"], kept["owner"], due_on, state)


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """Everything that evidence says about an incident."""

    number: int
    title: Message
    outside_title: Message
    """The same in words for customers."""
    zone: str
    times: Sequence[ReportFact] = ()
    impact: Sequence[ReportFact] = ()
    course: Sequence[CourseLine] = ()
    remedies: Sequence[ReportFact] = ()
    """Those that ran and had an effect."""
    measures: Sequence[MeasureLine] = ()
    hidden: Sequence[str] = ()
    """People, accounts, hosts: what customers must not read, wherever it stands."""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "number": self.number,
            "title": self.title.as_json(),
            "outside_title": self.outside_title.as_json(),
            "zone": self.zone,
            **{name: [each.as_json() for each in getattr(self, name)] for name in _LISTS},
            "hidden": list(self.hidden),
        }

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "ReportFacts":
        """Return what was kept as JSON."""
        lists = {name: tuple(kind.of(each) for each in kept[name]) for name, kind in _LISTS.items()}
        return cls(
            kept["number"],
            from_json(kept["title"]),
            from_json(kept["outside_title"]),
            kept["zone"],
            hidden=tuple(kept["hidden"]),
            **lists,
        )


_LISTS: Mapping[str, Any] = {
    "times": ReportFact,
    "impact": ReportFact,
    "course": CourseLine,
    "remedies": ReportFact,
    "measures": MeasureLine,
}
