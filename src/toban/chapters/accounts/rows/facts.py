"""All that is shown to those who review access or the audit log."""

from collections.abc import Sequence
from datetime import datetime

from toban.chapters.accounts.rows import flagged, review
from toban.engine.tasks.facts import TaskFact, TaskOccasion


def facts(occasion: TaskOccasion, now: datetime) -> Sequence[TaskFact]:
    """Return the facts for a review; none for other tasks."""
    return (*review.facts(occasion, now), *flagged.facts(occasion, now))
