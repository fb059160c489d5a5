"""What is shown to those who review the audit log: what was done of importance since they did last."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import urlencode

from toban.design.acts import is_work_of
from toban.design.clauses.security import AuditReview
from toban.engine.changes.act import ChangeKind
from toban.engine.changes.query import ChangeSearch, TellingChange, found, told
from toban.engine.extension import Link
from toban.engine.tasks.facts import TaskFact, TaskOccasion
from toban.message import Message

_IMPORTANT = (
    ChangeKind.ACCOUNT,
    ChangeKind.RELEASE,
    ChangeKind.ROLLBACK,
    ChangeKind.PATCH,
    ChangeKind.APPROVAL,
    ChangeKind.DATA,
    ChangeKind.DOCUMENT,
    ChangeKind.SETTINGS,
)
_MOST = 50
"""Shown singly; of more, the rest is counted, and the page shows them."""


def facts(occasion: TaskOccasion, _now: datetime) -> Sequence[TaskFact]:
    """Return how much was done of each important kind, and singly what somebody must say something about."""
    if not is_work_of(AuditReview, occasion.clause, occasion.edition.design):
        return ()
    asked = ChangeSearch(since=occasion.since, until=occasion.due_at, kinds=_IMPORTANT, with_accounts=True)
    changes = told(found(asked))
    flagged = [each for each in changes if each.change.kind == ChangeKind.DATA or each.facts.is_sensitive]
    return (*_counts(changes, occasion), *_each(flagged[:_MOST], occasion))


def _counts(changes: Sequence[TellingChange], occasion: TaskOccasion) -> Iterator[TaskFact]:
    counts = Counter(each.change.kind for each in changes)
    zone = occasion.edition.bindings.system.zone
    for kind in _IMPORTANT:
        asked = {
            "kind": kind.value,
            "from": f"{occasion.since.astimezone(zone):%Y-%m-%dT%H:%M:%S}",
            "to": f"{occasion.due_at.astimezone(zone):%Y-%m-%dT%H:%M:%S}",
        }
        link = Link("changes", Message("changes.changes"), query=urlencode(asked))
        yield TaskFact(kind.word, Message("changes.fact-count", count=counts[kind]), link=link)


def _each(flagged: Sequence[TellingChange], occasion: TaskOccasion) -> Iterator[TaskFact]:
    zone = occasion.edition.bindings.system.zone
    for each in flagged:
        label = Message(
            "changes.fact-at", at=each.change.at.astimezone(zone), by=each.change.actor or "Toban"
        )
        yield TaskFact(label, each.facts.said, is_exception=True)
