"""Chapter 10, 定期作業: recurring work by people."""

from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.values.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Routine(Clause):
    """A task, when it is due and whose it is."""

    chapter: ClassVar[Chapter] = Chapter.ROUTINE
    kind: ClassVar[str] = "routine"

    name: str
    schedule: Schedule
    owner: str
    content: str
