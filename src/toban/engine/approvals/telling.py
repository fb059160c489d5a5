"""Notifications about approvals: to those who may answer now, and again when the role passes on.

A notification only leads to the page: nothing is approved by mail or from a chat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from toban.design.clauses.base import Clause
from toban.design.clauses.notices import NotificationRule
from toban.design.values.severity import AlertLevel
from toban.engine.approvals.entitlement import why_not_each
from toban.engine.approvals.holders import holders_of, people_of
from toban.engine.approvals.identity import marks_of
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest, BreakGlass, Delegation
from toban.engine.approvals.rules import Refusal, RequestState
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.notify import alerts
from toban.engine.notify.routing.contacts import folded
from toban.engine.notify.routing.routing import rules_for
from toban.engine.notify.routing.silences import APPROVAL
from toban.engine.notify.signal import Condition, Signal
from toban.engine.people.models import Operator
from toban.engine.state.question import NOW, Given, Question
from toban.message import NOTHING, Message

_NOBODY = ""
"""Stands in `told` for having told that nobody can answer."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who may approve a request now."""

    able: tuple[str, ...]
    """Names in `[people]`, of those with an account."""
    why_nobody: Message = NOTHING
    """If there is nobody: the first reason."""


def candidates(request: ApprovalRequest, edition: Edition, now: datetime) -> Candidates:
    """Return who may approve *request* now: those who hold the role, and to whom it is delegated."""
    holders = holders_of(edition, request.role, now)
    accounts = {each.account: each.person for each in holders if each.account is not None}
    accounts |= {taker: name for taker, name in _takers(request, now).items() if taker not in accounts}
    refusals = why_not_each(request, accounts, edition, now)
    able = tuple(person for account, person in accounts.items() if refusals[account] is None)
    whys = [each.why_not for each in holders if each.why_not]
    whys += [each.said for each in refusals.values() if isinstance(each, Refusal)]
    return Candidates(able, NOTHING if able else next(iter(whys), NOTHING))


def _takers(request: ApprovalRequest, now: datetime) -> Mapping[Operator, str]:
    """Return the accounts to which approvals of the request's role are delegated, with their names."""
    given = Delegation.objects.in_force(now).select_related("taker")
    return {each.taker: each.taker_person for each in given if folded(each.role) == folded(request.role)}


def tell_all(edition: Edition, now: datetime) -> None:
    """Tell everybody who may answer an open request and has not been told yet, and of new delegations."""
    for request in _open(now) if _ANY_OPEN.finds(now=now) else ():
        found = candidates(request, edition, now)
        if list(found.able or (_NOBODY,)) != request.told:
            _tell_asked(request.pk, found, edition, now)
    for broken in _unreviewed().select_related("request") if _ANY_UNREVIEWED.finds() else ():
        # Again with every edition: it must not end with the row that it cited.
        tell_broken(broken, edition, now)
    for each in _untold(now) if _ANY_UNTOLD.finds(now=now) else ():
        _tell_delegated(each, edition, now)


def _open(now: datetime | Given) -> QuerySet[ApprovalRequest]:
    return ApprovalRequest.objects.filter(state=RequestState.OPEN, expires_at__gt=now)


def _unreviewed() -> QuerySet[BreakGlass]:
    return BreakGlass.objects.filter(reviewed_at=None)


def _untold(now: datetime | Given) -> QuerySet[Delegation]:
    return Delegation.objects.unended(now).filter(is_told=False)


_ANY_OPEN = Question(lambda: _open(NOW).values_list("pk")[:1])
_ANY_UNREVIEWED = Question(lambda: _unreviewed().values_list("pk")[:1])
_ANY_UNTOLD = Question(lambda: _untold(NOW).values_list("pk")[:1])


def tell_broken(broken: BreakGlass, edition: Edition, now: datetime) -> None:
    """Raise the alert about an act that went ahead without approval; it lasts until the review."""
    alerts.report([_broken_signal(broken, Condition.CRITICAL, edition, now)], now, edition.design.digest)


def tell_reviewed(broken: BreakGlass, edition: Edition, now: datetime) -> None:
    """End that alert."""
    alerts.report([_broken_signal(broken, Condition.OK, edition, now)], now, edition.design.digest)


def tell_given(
    request: ApprovalRequest, given: ApprovalAnswer, shell_user: str, edition: Edition, now: datetime
) -> None:
    """Tell somebody in whose name an answer was given elsewhere than on a page, where they sign in."""
    if given.via == ApprovalAnswer.Via.PAGE:
        return
    is_shell = given.via == ApprovalAnswer.Via.SHELL
    by_token = Message("approvals.given-by-token", account=given.username)
    in_shell = Message("approvals.given-in-shell", account=given.username, user=shell_user)
    signal = _signal(
        request,
        f"approvals/{request.pk}/given/{given.pk}",
        edition,
        condition=Condition.INFO,
        value=in_shell if is_shell else by_token,
        limit=NOTHING,
        advice=Message("approvals.was-it-you", url=page_of(request)),
        people=(given.person,),
        at=now,
        now=now,
    )
    alerts.tell([signal], now, edition.design.digest)


def _tell_asked(number: int, found: Candidates, edition: Edition, now: datetime) -> None:
    with transaction.atomic():
        ledger.hold()
        request = ApprovalRequest.objects.select_for_update().get(pk=number)
        new = tuple(each for each in found.able if each not in request.told)
        is_stuck = not found.able and _NOBODY not in request.told
        request.told = list(found.able or (_NOBODY,))
        if request.orderer_marks is None:
            request.orderer_marks = marks_of(edition, request.orderers)
        request.save(update_fields=["told", "orderer_marks"])
        if new or is_stuck:
            alerts.tell([_asked_signal(request, new, found, edition, now)], now, edition.design.digest)


def _asked_signal(
    request: ApprovalRequest, new: Sequence[str], found: Candidates, edition: Edition, now: datetime
) -> Signal:
    value = Message("approvals.asked", role=request.role, by=request.ordered_by)
    if not found.able:
        value = Message("approvals.nobody-can-answer", role=request.role, why=found.why_nobody)
    return _signal(
        request,
        f"approvals/{request.pk}/asked/{now.isoformat()}",
        edition,
        condition=Condition.INFO,
        value=value,
        limit=Message("approvals.until", at=_local(request.expires_at, edition)),
        advice=Message("approvals.answer-on-page", url=page_of(request)),
        # If nobody can answer, those who hold the role can say who should.
        people=tuple(new) or (request.role,),
        at=request.asked_at,
        now=now,
    )


def _broken_signal(broken: BreakGlass, condition: Condition, edition: Edition, now: datetime) -> Signal:
    request = broken.request
    orderers = Operator.objects.in_bulk(list(request.orderers)).values()
    holders = [each.person for each in holders_of(edition, request.role, now)]
    concerned = (*holders, *_takers(request, now).values(), request.role)
    ordered = (name for account in orderers for name in people_of(edition, account))
    return _signal(
        request,
        f"approvals/break-glass/{broken.pk}",
        edition,
        condition=condition,
        value=Message("approvals.went-ahead", by=broken.by, reason=broken.reason)
        if condition is Condition.CRITICAL
        else Message("approvals.was-reviewed", by=broken.reviewed_by, words=broken.review),
        limit=Message("approvals.needed", role=request.role),
        advice=Message("approvals.review-on-page", url=f"{settings.PUBLIC_URL.rstrip('/')}/approvals/"),
        people=tuple(dict.fromkeys((*concerned, *ordered))),
        at=broken.at,
        now=now,
    )


def _signal(
    request: ApprovalRequest,
    key: str,
    edition: Edition,
    *,
    condition: Condition,
    value: Message,
    limit: Message,
    advice: Message,
    people: tuple[str, ...],
    at: datetime,
    now: datetime,
) -> Signal:
    clause = _clause(request, edition)
    return Signal(
        key=key,
        clause_id=clause.id if clause is not None else "",
        citation=str(clause.origin) if clause is not None else edition.design.document,
        clause_text=clause.text if clause is not None else "",
        condition=condition,
        subject=Message("approvals.subject", title=request.title),
        value=value,
        limit=limit,
        began_at=at,
        detected_at=now,
        advice=advice,
        labels=APPROVAL,
        people=people,
    )


def _clause(request: ApprovalRequest, edition: Edition) -> Clause | None:
    """Return the row that the notification cites.

    An alert about a row that is not in the document is over: without its own row, the matrix's row stands in.
    """
    design = edition.design
    own = next((each for each in design.clauses if each.id == request.clause_id), None)
    rules = design.of(NotificationRule)
    return own or next(iter(rules_for(rules, AlertLevel.CRITICAL) or rules), None)


def _tell_delegated(made: Delegation, edition: Edition, now: datetime) -> None:
    signal = Signal(
        key=f"approvals/delegation/{made.pk}",
        clause_id="",
        citation=edition.design.document,
        clause_text="",
        condition=Condition.INFO,
        subject=Message("approvals.delegation-of", role=made.role),
        value=Message(
            "approvals.delegated", giver=made.giver_person, taker=made.taker_person, reason=made.reason
        ),
        limit=Message("approvals.until", at=_local(made.ends_at, edition)),
        began_at=made.starts_at,
        detected_at=now,
        labels=APPROVAL,
        people=(made.giver_person, made.taker_person),
    )
    with transaction.atomic():
        ledger.hold()
        alerts.tell([signal], now, edition.design.digest)
        Delegation.objects.filter(pk=made.pk).update(is_told=True)


def page_of(request: ApprovalRequest) -> str:
    """Return the address that leads to where *request* is answered."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/approvals/{request.pk}"


def _local(moment: datetime, edition: Edition) -> datetime:
    return moment.astimezone(edition.bindings.system.zone)
