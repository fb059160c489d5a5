"""Requests for approval by the API. What can't be undone is approved on its page, with a new proof."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest
from django.urls import reverse
from ninja import Query, Schema

from toban.engine.approvals import answering
from toban.engine.approvals.answering import AnswerOrder
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.port import APPROVAL_EFFECTS, ApprovalEffect
from toban.engine.approvals.rules import RequestState
from toban.engine.approvals.telling import candidates
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.faces.api import cursors
from toban.faces.api.acting import giver_of, ordered
from toban.faces.api.edition import edition_in_force
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import Asked, IdempotencyKey, Number, Part, Said, Text, Turn
from toban.faces.values.approvals import request_values
from toban.message import Message

router = ScopedRouter()


class ShownRequest(Schema):
    """An act that waits for approval, exactly as those who may approve it are shown it."""

    request: int
    subject: str
    part: str
    digest: str
    role: str
    people: int
    irreversible: bool
    ordered_by: str
    asked_at: str
    expires_at: str
    able: list[str]
    why_nobody: Said | None
    shown: list[tuple[Said, Said]]
    page: str


class ShownAnswer(Schema):
    """A request after an answer: it may need more people."""

    request: int
    subject: str
    part: str
    state: RequestState


class WantedAnswer(Asked):
    """An answer to what was shown."""

    shown: Text
    """The `digest` of the request: the answer is refused if it is about something else by then."""
    note: Text = ""
    """A comment; the reason, for a refusal."""


@router.read("/approvals", "read:approvals", Part[ShownRequest])
def approvals(request: HttpRequest, turn: Query[Turn]) -> Any:
    """List the requests that can be answered, newest first."""
    edition, now = edition_in_force(), system_clock()
    found = ApprovalRequest.objects.filter(state=RequestState.OPEN, expires_at__gt=now)
    return cursors.newest(request, turn, found, lambda each: _values(each, edition))


@router.act("/approvals/{request_id}/approve", "act:approvals", ShownAnswer)
def approve(request: HttpRequest, request_id: Number, wanted: WantedAnswer, key: IdempotencyKey) -> Any:
    """Approve what was shown, in the name of the token's account; what can't be undone only on its page."""
    return _answered(answering.approve, request, request_id, wanted, key)


@router.act("/approvals/{request_id}/refuse", "act:approvals", ShownAnswer)
def refuse(request: HttpRequest, request_id: Number, wanted: WantedAnswer, key: IdempotencyKey) -> Any:
    """Refuse what was shown, with the reason as `note`; the run ends, or the release is called off."""
    return _answered(answering.refuse, request, request_id, wanted, key)


type _Answer = Callable[[AnswerOrder, Iterable[ApprovalEffect], datetime], ApprovalRequest]


def _answered(
    answer: _Answer, request: HttpRequest, request_id: int, wanted: WantedAnswer, key: str | None
) -> Mapping[str, Any]:
    effects = settings.PARTS.ports.all(APPROVAL_EFFECTS)
    found = ApprovalRequest.objects.filter(pk=request_id).first()
    if found is None:
        raise Http404
    if not answering.effect_of(found, effects).is_answered_by_api:
        raise NotPossible(Message("approvals.answered-on-its-page"), Message("approvals.see-open"))
    by = giver_of(request)
    order = AnswerOrder(found.pk, wanted.shown, by, edition_in_force(), wanted.note)

    def act(_by: str, now: datetime) -> dict[str, object]:
        given = answer(order, effects, now)
        return {"request": given.pk, "subject": given.subject, "part": given.part, "state": given.state}

    return ordered(request, key, act)


def _values(found: ApprovalRequest, edition: Edition) -> dict[str, object]:
    values = request_values(found, candidates(found, edition, system_clock()))
    return {**values, "page": reverse("approval", args=[found.pk])}
