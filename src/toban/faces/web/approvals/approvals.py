"""What waits for approval, what went ahead without, and who approves for whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.engine.approvals.answers import Giver, review
from toban.engine.approvals.delegations import delegate, end_delegation, roles_to_delegate
from toban.engine.approvals.entitlement import why_not_reviewed_by
from toban.engine.approvals.models import ApprovalRequest, BreakGlass, Delegation
from toban.engine.approvals.rules import RequestState
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator
from toban.faces.web.approvals.shown import shown
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.moments import moment
from toban.faces.web.proof import address_of_proof, ask_proof, has_proved
from toban.faces.words import verdicts as words
from toban.message import NOTHING, Message

_LONGEST_NUMBER = 18
"""Digits that every database takes."""
_CONFLICT = 409
_PROVED = ("delegate", "review")


@dataclass(frozen=True, slots=True)
class ShownBreakGlass:
    """An act that went ahead without approval, and why the reader may not review it."""

    break_glass: BreakGlass
    why_not: Message


@require_http_methods(["GET", "HEAD", "POST"])
def approvals(request: HttpRequest) -> HttpResponse:
    """Show what waits; POST delegates, ends a delegation or reviews, by the form's `act`."""
    if request.method != "POST":
        return _page(request)
    if request.POST.get("act") in _PROVED and not has_proved(request):
        # Both decide what others may do, or have done, without the owner of the session: it may be stolen.
        return ask_proof(request, request.path)
    edition, now = in_force(), system_clock()
    account = Operator.objects.get(username=request.user.get_username())
    try:
        match request.POST.get("act", ""):
            case "delegate":
                _delegate(request, account, edition, now)
            case "end":
                ended = end_delegation(_number(request), by=account, now=now)
                messages.success(
                    request, _("%(person)s への委任を終了しました。") % {"person": ended.taker_person}
                )
            case "review":
                review(
                    _number(request),
                    request.POST.get("words", ""),
                    by=Giver(account),
                    edition=edition,
                    now=now,
                )
                messages.success(request, _("確認を記録しました。"))
            case _:
                return HttpResponse(status=400)
    except NotPossible as exc:
        return _page(request, trouble=str(words.refused(exc)), status=_CONFLICT)
    return redirect("approvals")


def _delegate(request: HttpRequest, account: Operator, edition: Edition, now: datetime) -> None:
    form = request.POST
    made = delegate(
        form.get("role", ""),
        form.get("person", ""),
        form.get("reason", "")[:500],
        ends_at=moment(form.get("until", ""), edition.bindings.system.zone),
        by=account,
        edition=edition,
        now=now,
    )
    messages.success(request, _("%(person)s に委任しました。") % {"person": made.taker_person})


def _number(request: HttpRequest) -> int:
    written = request.POST.get("number", "")
    return int(written) if written.isdecimal() and len(written) <= _LONGEST_NUMBER else 0


def _page(request: HttpRequest, *, trouble: str = "", status: int = 200) -> HttpResponse:
    edition, now = in_force(), system_clock()
    asked = ApprovalRequest.objects.filter(state=RequestState.OPEN, expires_at__gt=now).order_by("asked_at")
    context = {
        **frame(look(edition, now), "approvals"),
        "open": shown(asked, request.user, edition, now),
        "broken": _broken(request.user, edition, now),
        "delegations": Delegation.objects.unended(now).order_by("ends_at"),
        "roles": roles_to_delegate(edition, request.user, now) if isinstance(request.user, Operator) else (),
        "people": [
            (key, person.name or key)
            for key, person in edition.bindings.people.items()
            if person.account not in ("", request.user.get_username())
        ],
        "proof": "" if has_proved(request) else address_of_proof(request.path),
        "trouble": trouble,
        "typed": request.POST,
    }
    return render(request, "approvals/approvals.html", context, status=status)


def _broken(reader: object, edition: Edition, now: datetime) -> Sequence[ShownBreakGlass]:
    found = BreakGlass.objects.filter(reviewed_at=None).select_related("request", "account").order_by("at")
    return [ShownBreakGlass(each, _why_not(each, reader, edition, now)) for each in found]


def _why_not(found: BreakGlass, reader: object, edition: Edition, now: datetime) -> Message:
    if not isinstance(reader, Operator):
        return NOTHING
    refusal = why_not_reviewed_by(found, reader, edition, now)
    return refusal.said if refusal is not None else NOTHING
