"""The page of one request for approval: what was shown, who answered, and the answer of the reader."""

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.engine.approvals import answering
from toban.engine.approvals.answering import AnswerOrder
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.port import APPROVAL_EFFECTS
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator
from toban.faces.web.approvals.shown import shown
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.proof import address_of_proof, ask_proof, has_proved
from toban.faces.words import verdicts as words

_CONFLICT = 409
_LONGEST_NOTE = 2000


@require_http_methods(["GET", "HEAD", "POST"])
def approval(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the request *pk*, or lead to the page where it is answered; POST answers, by the form's `act`."""
    found = ApprovalRequest.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    if found.page:
        return redirect(found.page, *found.page_arguments)
    if request.method != "POST":
        return _page(request, found)
    if not has_proved(request):
        # What is answered here decides what Toban itself will do: a stolen session must not.
        return ask_proof(request, request.path)
    try:
        _answer(request, found, in_force(), system_clock())
    except NotPossible as exc:
        return _page(request, found, trouble=str(words.refused(exc)), status=_CONFLICT)
    return redirect("approval", pk)


def _answer(request: HttpRequest, found: ApprovalRequest, edition: Edition, now: datetime) -> None:
    account = Operator.objects.get(username=request.user.get_username())
    by = Giver(account, has_proved=True)
    note = request.POST.get("note", "")[:_LONGEST_NOTE]
    order = AnswerOrder(found.pk, request.POST.get("shown", ""), by, edition, note)
    effects = settings.PARTS.ports.all(APPROVAL_EFFECTS)
    match request.POST.get("act"):
        case "approve":
            answering.approve(order, effects, now)
            messages.success(request, _("承認を記録しました。"))
        case "refuse":
            answering.refuse(order, effects, now)
            messages.success(request, _("却下を記録しました。"))
        case _:
            raise BadRequest("neither approved nor refused")


def _page(
    request: HttpRequest, found: ApprovalRequest, *, trouble: str = "", status: int = 200
) -> HttpResponse:
    edition, now = in_force(), system_clock()
    (each,) = shown([found], request.user, edition, now)
    context = {
        **frame(look(edition, now), "approvals"),
        "each": each,
        "approvals": [each],
        "has_proved": has_proved(request),
        "proof": address_of_proof(request.path),
        "trouble": trouble,
        "typed": request.POST,
    }
    return render(request, "approvals/approval.html", context, status=status)
