"""A document and its bindings, read together, and the plans that extensions derive from them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import RLock
from typing import Any, Protocol

from toban.design.reader import Design
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.bindings.model import Bindings
from toban.engine.registry.kinds import Kinds
from toban.message import NOTHING, Message, from_json

type Sources = tuple[bytes, bytes]
"""The contents of the files of a document and its bindings."""


class Planner[P](Protocol):
    """Something that derives a plan from an edition."""

    def plan(self, edition: "Edition", /) -> P:
        """Return the plan; the same edition always gives the same plan."""


@dataclass(frozen=True, slots=True)
class Edition:
    """A document and its bindings, read together."""

    design: Design
    bindings: Bindings
    kinds: Kinds = field(default_factory=Kinds, compare=False)
    """What each `kind = "…"` in the bindings means."""
    _plans: dict[Planner[Any], Any] = field(default_factory=dict, init=False, compare=False, repr=False)
    _planning: RLock = field(default_factory=RLock, init=False, compare=False, repr=False)

    def plan[P](self, planner: Planner[P]) -> P:
        """Return *planner*'s plan of this edition; it is computed once, on the first call."""
        # One at a time: otherwise two threads could compute two plans.
        with self._planning:
            if planner not in self._plans:
                self._plans[planner] = planner.plan(self)
            plan: P = self._plans[planner]
            return plan

    @property
    def digests(self) -> tuple[str, str]:
        """The digests of document and bindings, which identify the edition."""
        return self.design.digest, self.bindings.digest

    @property
    def reading(self) -> str:
        """A digest of all that decides how the document is read: bindings may declare a part of it."""
        if not self.bindings.readings:
            return self.design.digest
        return hashlib.sha256("".join(self.digests).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class EditionFiles:
    """Where an edition was read."""

    design: Path
    bindings: Path
    writers: Message = NOTHING
    """How others than the user that Toban runs as could have written them, as seen since the last edition."""


@dataclass(frozen=True, slots=True)
class ApprovalNeed:
    """Why an edition needs approval, and whose."""

    why: Message
    """Why changes are not taken at their word."""
    changes: tuple[Message, ...]
    """What would newly run, be reached or be trusted, each on one line."""
    terms: ApprovalTerms
    emails: tuple[str, ...] = ()
    """Of those who had a part in the commits: none of them approves."""
    unknown: Message = NOTHING
    """Why others may have had a part in it; `NOTHING` if nobody else has."""

    def as_json(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {
            "why": self.why.as_json(),
            "changes": [each.as_json() for each in self.changes],
            "role": self.terms.role,
            "people": self.terms.people,
            "within": int(self.terms.within.total_seconds()),
            "emails": list(self.emails),
            "unknown": self.unknown.as_json() if self.unknown else None,
        }

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> "ApprovalNeed":
        """Return what `as_json` wrote."""
        terms = ApprovalTerms(stored["role"], stored["people"], timedelta(seconds=stored["within"]))
        changes = tuple(map(from_json, stored["changes"]))
        unknown = stored.get("unknown") or None
        # As it was stored while there was one reason only.
        said = Message("editions.others-unknown") if unknown is True else from_json(unknown)
        return cls(from_json(stored["why"]), changes, terms, tuple(stored["emails"]), said)


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a readable edition does not come into force yet."""

    reason: Message
    approval: ApprovalNeed | None = None
    """None: anybody who may give orders confirms it."""


@dataclass(frozen=True, slots=True)
class EditionRefusal:
    """Why the current files are not in force."""

    file: str
    digest: str
    """SHA-256 of the refused contents, document and bindings together."""
    reason: Message
    """All findings, one per line, each with a way out."""
    awaits: Edition | None = None
    """The edition, if it is readable and only waits for people."""
    approval: ApprovalNeed | None = None
    """What it needs, if a confirmation is not enough."""
