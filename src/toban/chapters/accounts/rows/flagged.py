"""Shown to those who review the audit log: suspicious sign-ins, each answered by somebody."""

from collections.abc import Sequence
from datetime import datetime

from toban.chapters.accounts.models import Suspicion
from toban.design.acts import same_acts
from toban.design.clauses.security import AuditReview
from toban.engine.extension import Link
from toban.engine.tasks.facts import TaskFact, TaskOccasion
from toban.message import Message, plain, sentences


def facts(occasion: TaskOccasion, _now: datetime) -> Sequence[TaskFact]:
    """Return each suspicious sign-in since the last review; nobody signs before all are answered."""
    acts = (act for act in same_acts(occasion.edition.design) if act.leading.id == occasion.clause.id)
    is_review = isinstance(occasion.clause, AuditReview) or any(
        isinstance(row, AuditReview) for act in acts for row in act.others
    )
    if not is_review:
        return ()
    link = Link("suspicions", Message("accounts.suspicions-page"))
    found = Suspicion.objects.filter(found_at__gte=occasion.since, found_at__lt=occasion.due_at)
    return [
        TaskFact(
            plain(f"{each.system}: {each.account}"),
            sentences(each.said, _answer(each)),
            is_exception=True,
            link=link,
            is_undecided=each.answered_at is None,
        )
        for each in found.order_by("at", "pk")
    ]


def _answer(each: Suspicion) -> Message:
    if each.answered_at is None:
        return Message("accounts.unanswered")
    return Message("accounts.answered-by", by=each.answered_by, remark=each.remark)
