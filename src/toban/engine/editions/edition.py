"""A document and its bindings, read together, and the plans that extensions derive from them."""

from dataclasses import dataclass, field
from threading import RLock
from typing import Any, Protocol

from toban.design.reader import Design
from toban.engine.bindings.model import Bindings
from toban.engine.registry.kinds import Kinds
from toban.message import Message


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


@dataclass(frozen=True, slots=True)
class EditionRefusal:
    """Why the current files are not in force."""

    file: str
    digest: str
    """SHA-256 of the refused contents, document and bindings together."""
    reason: Message
    """All findings, one per line, each with a way out."""
    awaits: Edition | None = None
    """The edition, if it is readable and only waits for a person's confirmation."""
