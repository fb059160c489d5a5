"""A document and its bindings, read together, and what the extensions make of them."""

from dataclasses import dataclass, field
from threading import RLock
from typing import Any, Protocol

from toban.design.reader import Design
from toban.engine.bindings.model import Bindings
from toban.engine.registry.kinds import Kinds


class Planner[P](Protocol):
    """Something that makes a plan of an edition."""

    def plan(self, edition: "Edition", /) -> P:
        """Return the plan; the same edition gives the same."""


@dataclass(frozen=True, slots=True)
class Edition:
    """A document and its bindings, read together."""

    design: Design
    bindings: Bindings
    kinds: Kinds = field(default_factory=Kinds, compare=False)
    """What `kind = "…"` of the bindings stands for."""
    _plans: dict[Planner[Any], Any] = field(default_factory=dict, init=False, compare=False, repr=False)
    _planning: RLock = field(default_factory=RLock, init=False, compare=False, repr=False)

    def plan[P](self, planner: Planner[P]) -> P:
        """Return what *planner* makes of this edition: made once, when somebody first asks for it."""
        # One at a time: two threads would otherwise begin with two plans.
        with self._planning:
            if planner not in self._plans:
                self._plans[planner] = planner.plan(self)
            plan: P = self._plans[planner]
            return plan

    @property
    def digests(self) -> tuple[str, str]:
        """What tells one edition from another."""
        return self.design.digest, self.bindings.digest


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the files as they are now are not in force."""

    file: str
    digest: str
    """SHA-256 of the contents refused, document and bindings together."""
    reason: str
    """All complaints, one per line, with their way out."""
