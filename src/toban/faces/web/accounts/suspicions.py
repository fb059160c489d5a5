"""Sign-ins that somebody should look at; a manager answers each."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.chapters.accounts import leaving
from toban.chapters.accounts.leaving import Teller
from toban.chapters.accounts.models import Leaver, Suspicion
from toban.chapters.accounts.operation import OPERATION
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.people.access import require_role
from toban.engine.people.models import Operator, OperatorRole
from toban.faces.web.frame import frame, in_force, look
from toban.faces.words import verdicts as words
from toban.message import Message

_CONFLICT = 409
_PER_PAGE = 50
_LONGEST, _DIGITS = 2000, 18


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(OperatorRole.MANAGER)
def suspicions(request: HttpRequest) -> HttpResponse:
    """List what was found, unanswered first; POST answers one."""
    trouble = ""
    if request.method == "POST":
        account = Operator.objects.get(username=request.user.get_username())
        edition, number = in_force(), request.POST.get("number", "")
        try:
            leaving.answer(
                int(number) if number.isdecimal() and len(number) <= _DIGITS else 0,
                request.POST.get("remark", "")[:_LONGEST],
                by=Teller(account.username, Leaver.ToldBy.PAGE, account),
                edition=edition,
                plan=edition.plan(OPERATION),
                now=system_clock(),
            )
        except NotPossible as refused:
            trouble = str(words.refused(refused))
        else:
            messages.success(request, _("記録しました。"))
            return redirect("suspicions")
    found = Suspicion.objects.order_by(F("answered_at").desc(nulls_first=True), "-at", "-pk")
    context = {
        **frame(look(in_force(), system_clock()), "suspicions"),
        "heading": Message("accounts.suspicions-page"),
        "page": Paginator(found, _PER_PAGE).get_page(request.GET.get("page")),
        "query": "",
        "trouble": trouble,
    }
    return render(request, "accounts/suspicions.html", context, status=_CONFLICT if trouble else 200)
