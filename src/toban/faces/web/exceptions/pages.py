"""Exceptions: what waits for approval, is in force, ends soon and is over; ordered here."""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.engine.approvals.answers import Giver
from toban.engine.approvals.requests import live_request
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.exceptions import service
from toban.engine.exceptions.bindings import EXCEPTIONS
from toban.engine.exceptions.models import RowException
from toban.engine.exceptions.service import ExceptionAnswer, WantedException
from toban.engine.exceptions.watching import ending_soon
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.people.models import Operator
from toban.faces.web.approvals.shown import shown_requests
from toban.faces.web.exceptions.shown import shown
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.moments import moment
from toban.faces.web.proof import address_of_proof, ask_proof, has_proved
from toban.faces.words import verdicts as words

_CONFLICT = 409
_PAST = 50


@require_http_methods(["GET", "HEAD", "POST"])
def exceptions(request: HttpRequest) -> HttpResponse:
    """Show all exceptions; `?row=` proposes one about a row. POST asks for one."""
    if request.method != "POST":
        return _list(request, {"row": request.GET.get("row", "")} if "row" in request.GET else {})
    typed = _typed(request)
    edition, now = in_force(), system_clock()
    try:
        made = service.request(_wanted(typed, edition), by=_account(request), edition=edition, now=now)
    except NotPossible as exc:
        return _list(request, typed, exc)
    messages.success(request, _("例外の承認を依頼しました。"))
    return redirect("exception", made.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def exception(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one exception; POST approves, refuses, renews or ends it, by the form's `act`."""
    found = RowException.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    if request.method != "POST":
        return _one(request, found, {})
    typed, now = _typed(request), system_clock()
    orders = _orders(found, typed, request, in_force(), now)
    act = orders.get(request.POST.get("act", ""))
    if act is None:
        return HttpResponse(status=400)
    if request.POST.get("act") == "approve" and not has_proved(request):
        # An exception outlives the session by months: a stolen one must not allow it.
        return ask_proof(request, request.path)
    try:
        ordered = act()
    except NotPossible as exc:
        return _one(request, RowException.objects.get(pk=pk), typed, exc)
    messages.success(request, _("記録しました。"))
    return redirect("exception", ordered.pk)


def _orders(
    found: RowException, typed: Mapping[str, str], request: HttpRequest, edition: Edition, now: datetime
) -> Mapping[str, Callable[[], RowException]]:
    by, words_said = _account(request), typed["reason"]
    answer = ExceptionAnswer(found.pk, words_said, typed["shown"], Giver(by))
    return {
        "approve": lambda: service.approve(answer, edition, now),
        "refuse": lambda: service.refuse(answer, edition, now),
        "end": lambda: service.end(found.pk, by=by, edition=edition, now=now),
        "renew": lambda: service.renew(
            found.pk, words_said, ends_at=_until(typed, edition), by=by, edition=edition, now=now
        ),
    }


def _account(request: HttpRequest) -> Operator:
    return Operator.objects.get(username=request.user.get_username())


def _typed(request: HttpRequest) -> Mapping[str, str]:
    names = ("row", "subject", "reason", "until", "holds", "shown")
    return {name: request.POST.get(name, "").strip() for name in names}


def _wanted(typed: Mapping[str, str], edition: Edition) -> WantedException:
    # The field proposes rows by their ids; a line number is what people see.
    clauses = edition.design.clauses
    by_line = {str(each.origin.line): each.id for each in clauses}
    return WantedException(
        by_line.get(typed["row"], typed["row"]),
        typed["reason"],
        _until(typed, edition),
        typed["subject"],
        holds_notices=bool(typed["holds"]),
    )


def _until(typed: Mapping[str, str], edition: Edition) -> datetime | None:
    return moment(typed["until"], edition.bindings.system.zone)


def _list(request: HttpRequest, typed: Mapping[str, str], refused: NotPossible | None = None) -> HttpResponse:
    edition, now = in_force(), system_clock()
    soon = ending_soon(edition, now)
    rest = RowException.objects.in_force(now).exclude(pk__in=[each.pk for each in soon]).order_by("ends_at")
    over = RowException.objects.filter(ended_at__isnull=False).order_by("-ended_at", "-pk")[:_PAST]
    context = {
        **frame(look(edition, now), "exceptions"),
        "may": may_order(request.user),
        "asked": shown(RowException.objects.asked().order_by("asked_at"), now),
        "soon": shown(soon, now),
        "lasting": shown(rest, now),
        "over": shown(over, now),
        "rows": [(each.id, each.origin.line, each.text) for each in edition.design.clauses],
        **_form(typed, refused, edition),
    }
    return render(request, "exceptions/exceptions.html", context, status=_CONFLICT if refused else 200)


def _one(
    request: HttpRequest,
    found: RowException,
    typed: Mapping[str, str],
    refused: NotPossible | None = None,
) -> HttpResponse:
    edition, now = in_force(), system_clock()
    asked = live_request(f"exception/{found.pk}")
    requests = shown_requests(f"exception/{found.pk}", request.user, edition, now)
    context = {
        **frame(look(edition, now), "exceptions"),
        "may": may_order(request.user),
        "each": shown([found], now)[0],
        "approvals": requests,
        "digest_shown": asked.digest if asked is not None else "",
        "may_answer": any(each.is_mine for each in requests),
        "proof": "" if has_proved(request) else address_of_proof(request.path),
        "renewals": shown(found.renewals.order_by("pk"), now),
        **_form(typed, refused, edition),
    }
    return render(request, "exceptions/exception.html", context, status=_CONFLICT if refused else 200)


def _form(typed: Mapping[str, str], refused: NotPossible | None, edition: Edition) -> Mapping[str, object]:
    bound = EXCEPTIONS.of(edition.bindings)
    return {
        "typed": typed,
        "refused": words.refused(refused) if refused else None,
        "role": bound.role,
        "longest": words.length(bound.longest),
    }
