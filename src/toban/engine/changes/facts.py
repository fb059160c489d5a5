"""What is shown to those who review the audit log: what was done of importance since they did last."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import urlencode

from toban.design.acts import is_work_of
from toban.design.clauses.security import AuditReview
from toban.engine.changes.flagged import IMPORTANT, important, is_flagged, needs_answer
from toban.engine.changes.models import ChangeAnswer
from toban.engine.changes.query import TellingChange
from toban.engine.extension import Link
from toban.engine.tasks.facts import TaskFact, TaskOccasion
from toban.message import Message, sentences

_MOST = 50
"""Shown singly; of more, the rest is counted, and the page shows them."""


def facts(occasion: TaskOccasion, _now: datetime) -> Sequence[TaskFact]:
    """Return how much was done of each important kind, and singly what somebody must say something about."""
    if not is_work_of(AuditReview, occasion.clause, occasion.edition.design):
        return ()
    changes = important(occasion.since, occasion.due_at)
    flagged = [each for each in changes if is_flagged(each)]
    return (*_counts(changes, occasion), *_each(flagged, occasion))


def _counts(changes: Sequence[TellingChange], occasion: TaskOccasion) -> Iterator[TaskFact]:
    counts = Counter(each.change.kind for each in changes)
    for kind in IMPORTANT:
        link = Link("changes", Message("changes.changes"), query=_query(occasion, kind=kind.value))
        yield TaskFact(kind.word, Message("changes.fact-count", count=counts[kind]), link=link)


def _each(flagged: Sequence[TellingChange], occasion: TaskOccasion) -> Iterator[TaskFact]:
    """Yield each of *flagged* with its answer: nobody signs before all are answered."""
    zone = occasion.edition.bindings.system.zone
    link = Link("flagged-changes", Message("changes.flagged-page"), query=_query(occasion))
    answers = ChangeAnswer.objects.in_bulk([each.change.pk for each in flagged])
    for each in flagged[:_MOST]:
        label = Message(
            "changes.fact-at", at=each.change.at.astimezone(zone), by=each.change.actor or "Toban"
        )
        given, is_asked = answers.get(each.change.pk), needs_answer(each)
        said = sentences(each.facts.said, _answer(given)) if is_asked else each.facts.said
        yield TaskFact(label, said, is_exception=True, link=link, is_undecided=is_asked and given is None)
    if more := flagged[_MOST:]:
        count = sum(needs_answer(each) and each.change.pk not in answers for each in more)
        said = Message("changes.fact-more", count=len(more), open=count)
        yield TaskFact(
            Message("changes.flagged-page"), said, is_exception=True, link=link, is_undecided=bool(count)
        )


def _answer(given: ChangeAnswer | None) -> Message:
    if given is None:
        return Message("changes.unanswered")
    return Message("changes.answered-by", by=given.by, remark=given.remark)


def _query(occasion: TaskOccasion, **more: str) -> str:
    zone = occasion.edition.bindings.system.zone
    period = {
        "from": f"{occasion.since.astimezone(zone):%Y-%m-%dT%H:%M:%S}",
        "to": f"{occasion.due_at.astimezone(zone):%Y-%m-%dT%H:%M:%S}",
    }
    return urlencode({**more, **period})
