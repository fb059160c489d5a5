"""Swaps of tasks: what the reader is asked or has asked, and the form that asks."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.engine.approvals.answers import Giver
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator
from toban.engine.tasks.swaps.occurrences import upcoming
from toban.engine.tasks.swaps.orders import SwapOrder, agree, ask, asked_of, refuse, withdraw
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.tasks.tasks import number_in
from toban.faces.words import verdicts as words

_CONFLICT = 409
_LONGEST_REASON = 500


@require_http_methods(["GET", "HEAD", "POST"])
def swaps(request: HttpRequest) -> HttpResponse:
    """Show the swaps; POST asks for one, or answers or withdraws one, by `act`."""
    account = Operator.objects.get(username=request.user.get_username())
    if request.method != "POST":
        return _page(request, account)
    try:
        said = _done(request, SwapOrder(Giver(account), in_force(), settings.PARTS))
    except NotPossible as exc:
        return _page(request, account, str(words.refused(exc)), _CONFLICT)
    if said is None:
        return HttpResponse(status=400)
    messages.success(request, said)
    return redirect("task-swaps")


def _done(request: HttpRequest, order: SwapOrder) -> str | None:
    form, now, number = request.POST, system_clock(), number_in(request)
    match form.get("act", ""):
        case "ask":
            reason = form.get("reason", "")[:_LONGEST_REASON]
            made = ask(order, form.get("mine", ""), form.get("theirs", ""), reason, now)
            return _("%(person)s に交換を頼みました。") % {"person": made.answerer_person}
        case "agree":
            agree(order, number, now)
            return _("交換しました。")
        case "refuse":
            refuse(order, number, now)
            return _("交換を断りました。")
        case "withdraw":
            withdraw(order, number, now)
            return _("交換の依頼を取り下げました。")
        case _:
            return None


def _page(request: HttpRequest, account: Operator, trouble: str = "", status: int = 200) -> HttpResponse:
    edition, now = in_force(), system_clock()
    found, asked = upcoming(edition, settings.PARTS, now), asked_of(account)
    context = {
        **frame(look(edition, now), "tasks"),
        "mine": [each for each in found if each.account == account],
        "theirs": [each for each in found if each.account != account],
        "to_answer": [each for each in asked if each.answerer_id == account.pk],
        "asked": [each for each in asked if each.asker_id == account.pk],
        "typed": request.POST,
        "trouble": trouble,
    }
    return render(request, "tasks/swaps.html", context, status=status)
