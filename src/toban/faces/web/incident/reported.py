"""The form in which users report a failure: for everybody only where `[incidents]` says so."""

from collections.abc import Mapping

from allauth.core import ratelimit
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.chapters.incident import reported
from toban.chapters.incident.bindings import INCIDENTS, ReportAccess
from toban.chapters.incident.declaring.reporting import ReportReason
from toban.chapters.incident.operation import OPERATION
from toban.chapters.incident.orders import LONGEST_TITLE, IncidentOrder
from toban.chapters.incident.reported import AnonymousReporter, UserReport
from toban.chapters.incident.timeline.amending import LONGEST_TEXT
from toban.chapters.objectives.bindings import STATUS
from toban.engine.amounts import length
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.people.models import Operator
from toban.faces.web.frame import in_force
from toban.faces.web.incident.acting import order_of, time_typed
from toban.faces.web.incident.declaring import targets_of
from toban.faces.words import verdicts as words

_CONFLICT, _TOO_MANY = 409, 429


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """Show the form; POST takes a report of `title`, `target`, `text` and `began_at`."""
    edition = in_force()
    is_public = INCIDENTS.of(edition.bindings).reports is ReportAccess.PUBLIC
    is_operator = may_order(request.user)
    if not is_public and not isinstance(request.user, Operator):
        return redirect(f"{reverse('account_login')}?{urlencode({'next': reverse('report')})}")
    if not is_public and not is_operator:
        raise PermissionDenied
    if request.method != "POST":
        return _page(request, is_sent="sent" in request.GET)
    # Whoever may give orders can declare an incident anyway.
    if not is_operator and not ratelimit.consume(request, action="report", key="all"):
        return _page(request, status=_TOO_MANY)
    order = order_of(request) if is_operator else _anonymous(edition)
    form = request.POST
    try:
        said = UserReport(
            form.get("title", ""),
            form.get("text", ""),
            time_typed(form.get("began_at", "")),
            _targets(request, edition).get(form.get("target", ""), ""),
        )
        made = reported.take(said, order, system_clock())
    except NotPossible as exc:
        return _page(request, refused=exc, status=_CONFLICT)
    if not is_operator:
        return redirect(f"{reverse('report')}?sent=1")
    is_new = made.reason is ReportReason.NEW
    done = (
        _("障害 %(number)s を宣言しました。")
        if is_new
        else _("継続中の障害 %(number)s に、報告を加えました。")
    )
    messages.success(request, done % {"number": made.incident.pk})
    return redirect("incident", made.incident.pk)


def _targets(request: HttpRequest, edition: Edition) -> Mapping[str, str]:
    """Return what a report may be about, each name with its target: the public has its own names, or none."""
    if may_order(request.user):
        return {each: each for each in targets_of(edition)}
    public = STATUS.of(edition.bindings)
    return {each.name: each.target for each in public.services} if public is not None else {}


def _anonymous(edition: Edition) -> IncidentOrder:
    return IncidentOrder(AnonymousReporter(None), edition, edition.plan(OPERATION))


def _page(
    request: HttpRequest, *, refused: NotPossible | None = None, is_sent: bool = False, status: int = 200
) -> HttpResponse:
    edition = in_force()
    context = {
        "targets": list(_targets(request, edition)),
        "within": length(edition.plan(OPERATION).config.join_within),
        "refused": words.refused(refused) if refused else None,
        "is_sent": is_sent,
        "is_too_many": status == _TOO_MANY,
        "typed": request.POST,
        "longest": LONGEST_TITLE,
        "longest_text": LONGEST_TEXT,
        "timezone": edition.bindings.system.timezone,
    }
    return render(request, "incident/report.html", context, status=status)
