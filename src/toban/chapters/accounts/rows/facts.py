"""All that is shown to those who review access or the audit log, or who remove an account."""

from collections.abc import Sequence
from datetime import datetime

from toban.chapters.accounts import removing
from toban.chapters.accounts.operation import OPERATION
from toban.chapters.accounts.rows import flagged, review
from toban.engine.tasks.facts import TaskFact, TaskOccasion


def facts(occasion: TaskOccasion, now: datetime) -> Sequence[TaskFact]:
    """Return the facts for a review, or for the removal of an account; none for other tasks."""
    going = removing.facts(occasion, occasion.edition.plan(OPERATION), now)
    return going or (*review.facts(occasion, now), *flagged.facts(occasion, now))
