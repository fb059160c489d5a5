"""What a person is shown before an error review is signed off: the errors of the week before."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from toban.chapters.errors import clauses
from toban.chapters.errors.bindings import ERRORS
from toban.chapters.errors.kept import weekly
from toban.chapters.errors.reviewing.review import ErrorTrend, week_of
from toban.engine.extension import Link
from toban.engine.tasks.facts import TaskFact, TaskOccasion
from toban.message import Message

_TO_EXPLAIN = (ErrorTrend.NEW, ErrorTrend.BACK, ErrorTrend.GROWS)


def of_review(occasion: TaskOccasion, _now: datetime) -> Sequence[TaskFact]:
    """Return the errors of the week before the review's due time, if it is one and errors are collected."""
    bindings = occasion.edition.bindings
    if occasion.clause not in clauses.reviews(occasion.edition.design) or not ERRORS.of(bindings):
        return ()
    zone = bindings.system.zone
    week = week_of(occasion.due_at.astimezone(zone).date(), zone).before
    found = [each.trend for _, each in weekly(week)]
    counts = Counter(found)
    return (
        TaskFact(
            Message("errors.fact-week", monday=week.monday),
            Message(
                "errors.fact-trends",
                all=sum(trend is not ErrorTrend.GONE for trend in found),
                new=counts[ErrorTrend.NEW],
                back=counts[ErrorTrend.BACK],
                grows=counts[ErrorTrend.GROWS],
            ),
            is_exception=any(counts[trend] for trend in _TO_EXPLAIN),
            link=Link("error-review", Message("errors.review-errors"), query=f"week={week.monday}"),
        ),
    )
