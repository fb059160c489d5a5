"""`[tasks]` in `toban.toml`: when people are told what they have to do that day."""

from collections.abc import Iterable
from datetime import time
from typing import Annotated

from toban.design.clauses.base import Clause
from toban.design.clauses.routine import Routine
from toban.design.reader import Design
from toban.engine.bindings.section import Assumed, Section
from toban.engine.bindings.table import single
from toban.engine.bindings.values import ClockTime
from toban.message import Message


def _of_people(design: Design, *_: object) -> Iterable[Clause]:
    return (row for row in design.of(Routine) if not row.is_automatic and row.owner)


class TasksBinding(Section):
    """`[tasks]`: a document says when work is due, and not when people read what is."""

    harmless = frozenset({"tells_mornings"})

    tells_mornings: bool = True
    """Whether everybody is told each morning what they have to do that day."""
    morning: Annotated[
        ClockTime, Assumed("tasks.assumed-morning", Message("tasks.why-morning"), _of_people)
    ] = time(9)
    """When that is."""


TASKS = single("tasks", TasksBinding, TasksBinding())
"""When people are told what they have to do that day."""
