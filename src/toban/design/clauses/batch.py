"""Chapter 6, バッチ処理: batches and how they run."""

from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.values.retry import FailureAction, RetryRule
from toban.design.values.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Clause):
    """A job, when it runs and what happens when it fails."""

    chapter: ClassVar[Chapter] = Chapter.BATCH
    kind: ClassVar[str] = "batch"

    batch_id: str
    name: str
    schedule: Schedule
    work: str
    on_failure: tuple[FailureAction, ...]
    on_failure_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduler(Clause):
    """What starts the batches."""

    chapter: ClassVar[Chapter] = Chapter.BATCH
    kind: ClassVar[str] = "scheduler"

    tools: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRetry(Clause):
    """The retry rule for all batches."""

    chapter: ClassVar[Chapter] = Chapter.BATCH
    kind: ClassVar[str] = "batch-retry"

    rule: RetryRule


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchWatch(Clause):
    """What is watched about batches."""

    chapter: ClassVar[Chapter] = Chapter.BATCH
    kind: ClassVar[str] = "batch-watch"

    aspects: tuple[str, ...]
