"""The approvals' operation: tells those who may answer, and owners of accounts; ends lost delegations."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q

from toban.engine.approvals import telling
from toban.engine.approvals.delegations import end_lost
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.owners import tell_owners
from toban.engine.approvals.rules import RequestState
from toban.engine.editions.edition import Edition
from toban.engine.evidence.verdict import Verdict
from toban.engine.extension import Link
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace
from toban.engine.overview import EditionStatus, ToDo
from toban.message import Message


def _plan(_edition: Edition) -> Rows:
    return Rows()


def _step(edition: Edition, now: datetime) -> None:
    end_lost(edition, now)
    telling.tell_all(edition, now)
    tell_owners(edition, now)


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift([EditionLoop("approvals", _step, every=2.0, leads=True)])


def _to_do(_edition: Edition, seen: EditionStatus) -> Iterator[ToDo]:
    """Yield the requests that wait for an answer, and what has not been reviewed yet: every page asks."""
    waits = Q(state=RequestState.OPEN, expires_at__gt=seen.now)
    to_review = Q(state=RequestState.BROKEN_GLASS, broken__reviewed_at=None)
    found = ApprovalRequest.objects.filter(waits | to_review).select_related("broken")
    for each in found.order_by("asked_at"):
        yield _asked(each) if each.state == RequestState.OPEN else _unreviewed(each)


def _asked(request: ApprovalRequest) -> ToDo:
    return ToDo(
        subject=request.title,
        link=Link("approval", Message("approvals.approve"), (request.pk,)),
        at=request.asked_at,
        clause_id=request.clause_id,
        assignee=request.role,
    )


def _unreviewed(request: ApprovalRequest) -> ToDo:
    return ToDo(
        subject=Message("approvals.without-approval", title=request.title),
        link=Link("approvals", Message("approvals.review")),
        at=request.broken.at,
        clause_id=request.clause_id,
        verdict=Verdict.DEVIATING,
        assignee=request.role,
    )


OPERATION = Operation(plan=_plan, shift=_shift, to_do=_to_do)
