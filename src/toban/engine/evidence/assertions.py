"""Decisions of the document, held against the evidence: whoever keeps the evidence of a subject judges it.

See `ASSERTIONS` and docs/adr/0032.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.design.clauses.base import Clause
from toban.design.clauses.decisions import Decision, DecisionSubject
from toban.engine.editions.edition import Edition
from toban.engine.extension import Link
from toban.engine.registry.ports import Port, Ports
from toban.engine.rows import judgement
from toban.message import Message, plain


@dataclass(frozen=True, slots=True)
class CounterExample:
    """Something that the decision says should not be."""

    text: Message
    link: Link | None = None
    """Where to look at it."""

    @classmethod
    def of_row(cls, row: Clause, text: Message) -> "CounterExample":
        """Return one that the evidence of *row* shows."""
        return cls(text, Link("evidence", plain(str(row.origin)), (row.id,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement(judgement.Judgement):
    """What the evidence says about a decision."""

    against: Sequence[CounterExample] = ()
    """What breaks it, the worst first; not all if there are many."""
    is_told: bool = False
    """Whether the rows that break it raise alerts of their own: then the decision raises no second one."""


type Judge = Callable[[Decision, Edition, datetime], Judgement]
"""Judges a decision by what is in the stores at a moment; reads only, within 50 ms."""

ASSERTIONS: Port[Mapping[DecisionSubject, Judge]] = Port("assertions")


def judge_of(decision: Decision, ports: Ports) -> Judge | None:
    """Return who can judge *decision*; None if its words promise nothing testable, or nobody can test it."""
    if decision.subject is None:
        return None
    offered = (each[decision.subject] for each in ports.all(ASSERTIONS) if decision.subject in each)
    return next(offered, None)
