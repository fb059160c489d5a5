"""Answers to requests of all kinds, each with what follows from it, in one transaction."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from toban.engine.approvals import answers
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest
from toban.engine.approvals.port import ApprovalEffect
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.orders import NotPossible
from toban.message import Message


@dataclass(frozen=True, slots=True)
class AnswerOrder:
    """An answer to a request for approval."""

    request: int
    shown: str
    """The digest of what was shown; see `ApprovalRequest.digest`."""
    by: Giver
    edition: Edition
    note: str = ""


def approve(order: AnswerOrder, effects: Iterable[ApprovalEffect], now: datetime) -> ApprovalRequest:
    """Approve the request; what it is about goes on if that is enough."""
    with transaction.atomic():
        now = ledger.turn(now)
        request = answers.grant(
            order.request, order.note, shown=order.shown, by=order.by, edition=order.edition, now=now
        )
        effect_of(request, effects).settle(request, order.by, order.note, now)
    return request


def refuse(order: AnswerOrder, effects: Iterable[ApprovalEffect], now: datetime) -> ApprovalRequest:
    """Refuse the request; the note is the reason."""
    with transaction.atomic():
        now = ledger.turn(now)
        request = answers.refuse(
            order.request, order.note, shown=order.shown, by=order.by, edition=order.edition, now=now
        )
        effect_of(request, effects).settle(request, order.by, order.note, now)
    return request


def break_glass(order: AnswerOrder, effects: Iterable[ApprovalEffect], now: datetime) -> ApprovalRequest:
    """Go ahead without approval, in an emergency; the note is the reason."""
    with transaction.atomic():
        now = ledger.turn(now)
        request = answers.break_glass(
            order.request, order.note, shown=order.shown, by=order.by, edition=order.edition, now=now
        )
        effect = effect_of(request, effects)
        if effect.needs_shell_for_emergencies and order.by.via != ApprovalAnswer.Via.SHELL:
            raise NotPossible(Message("approvals.emergency-needs-shell"), Message("approvals.ask-the-role"))
        effect.settle(request, order.by, order.note, now)
    return request


def effect_of(request: ApprovalRequest, effects: Iterable[ApprovalEffect]) -> ApprovalEffect:
    """Return what follows from answers to *request*; raise `NotPossible` if nothing does."""
    kind = request.subject.partition("/")[0]
    found = next((each for each in effects if each.kind == kind), None)
    if found is None:
        said = Message("approvals.nothing-follows", title=request.title)
        raise NotPossible(said, Message("approvals.see-open"))
    return found
