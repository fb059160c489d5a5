"""What a person is shown before a task is signed off, gathered by those who know it. See `TASK_FACTS`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from toban.design.clauses.base import Clause
from toban.engine.approvals.rules import digest_of
from toban.engine.editions.edition import Edition
from toban.engine.extension import Link
from toban.engine.registry.ports import Port, Ports
from toban.message import Message, from_json


@dataclass(frozen=True, slots=True)
class TaskFact:
    """One fact: the backup of the night, the errors of the week."""

    label: Message
    value: Message
    is_exception: bool = False
    """Whether it is not as it should be: whoever signs the task off says something about it."""
    link: Link | None = None
    """Where to look at it; not part of what is signed."""
    is_undecided: bool = False
    """Whether somebody has to decide about it first: until then, nobody signs the task off as performed."""

    def as_json(self) -> dict[str, Any]:
        """Return what is signed, as JSON."""
        return {
            "label": self.label.as_json(),
            "value": self.value.as_json(),
            "is_exception": self.is_exception,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "TaskFact":
        """Return a fact as it was signed."""
        return cls(from_json(kept["label"]), from_json(kept["value"]), kept["is_exception"])


@dataclass(frozen=True, slots=True)
class TaskOccasion:
    """A task at one due time."""

    edition: Edition
    clause: Clause
    """The row that requires it."""
    since: datetime
    """When it was due before, or a day ago if it never was."""
    due_at: datetime
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Of its run: what it is about, for a task that an event opens."""


type FactSource = Callable[[TaskOccasion, datetime], Sequence[TaskFact]]
"""Returns the facts for an occasion at a moment; none if it knows nothing about that row.

They should be about a time that is over: what changes while somebody reads it can't be signed.
"""

TASK_FACTS: Port[FactSource] = Port("task-facts")


def gathered(occasion: TaskOccasion, ports: Ports, now: datetime) -> tuple[TaskFact, ...]:
    """Return all facts for *occasion*."""
    return tuple(fact for source in ports.all(TASK_FACTS) for fact in source(occasion, now))


def digest_of_facts(run_id: int, facts: Sequence[TaskFact]) -> str:
    """Return what a sign-off binds to: the task, and exactly these facts."""
    return digest_of({"run": run_id, "facts": [fact.as_json() for fact in facts]})
