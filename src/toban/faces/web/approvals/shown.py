"""Requests for approval as pages show them: what was shown, who answered, who may answer now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.engine.approvals.entitlement import why_not_approve
from toban.engine.approvals.holders import name_of
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest, BreakGlass
from toban.engine.approvals.rules import RequestState
from toban.engine.approvals.telling import candidates
from toban.engine.editions.edition import Edition
from toban.engine.people.models import Operator
from toban.message import NOTHING, Message


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """One request for approval."""

    request: ApprovalRequest
    facts: Sequence[tuple[Message, Message]]
    answers: Sequence[ApprovalAnswer]
    broken: BreakGlass | None
    is_open: bool
    who: Sequence[str] = ()
    """The names of those who may approve it now."""
    why_nobody: Message = NOTHING
    is_mine: bool = False
    """Whether the reader may approve it now."""
    why_not: Message = NOTHING
    """Why the reader may not."""
    hint: Message = NOTHING


def shown_requests(subject: str, reader: object, edition: Edition, now: datetime) -> Sequence[ShownRequest]:
    """Return all requests about *subject*, in order."""
    return shown(ApprovalRequest.objects.filter(subject=subject).order_by("pk"), reader, edition, now)


def shown(
    requests: Iterable[ApprovalRequest], reader: object, edition: Edition, now: datetime
) -> Sequence[ShownRequest]:
    """Return *requests* as *reader* sees them."""
    return [_shown(each, reader, edition, now) for each in requests]


def _shown(request: ApprovalRequest, reader: object, edition: Edition, now: datetime) -> ShownRequest:
    facts, answers = request.facts_said(), list(request.answers.order_by("pk").select_related("delegation"))
    if request.state != RequestState.OPEN or now >= request.expires_at:
        broken = BreakGlass.objects.filter(request=request).first()
        return ShownRequest(request, facts, answers, broken, is_open=False)
    found = candidates(request, edition, now)
    why = why_not_approve(request, reader, edition, now) if isinstance(reader, Operator) else None
    return ShownRequest(
        request,
        facts,
        # While it is open, only what counts: not what accounts said that have been locked out since.
        list(request.answers.standing().order_by("pk").select_related("delegation")),
        None,
        is_open=True,
        who=[name_of(edition, each) for each in found.able],
        why_nobody=found.why_nobody,
        is_mine=why is None,
        why_not=why.said if why is not None else NOTHING,
        hint=why.hint if why is not None else NOTHING,
    )
