"""Declaring an incident, from nothing or from an alert."""

from collections.abc import Mapping

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.chapters.incident import orders
from toban.chapters.incident.declaring.telling import ITEM
from toban.chapters.incident.operation import OPERATION
from toban.chapters.incident.orders import LONGEST_TITLE, Declaration
from toban.design.clauses.monitoring import Monitor
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.notify.models import Alert
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.incident.acting import numbers, order_of, time_typed
from toban.faces.words import verdicts as words

_CONFLICT = 409
_MOST_ALERTS = 200


@require_http_methods(["GET", "HEAD", "POST"])
def declare(request: HttpRequest) -> HttpResponse:
    """Show the form, with the open `?alert=` chosen; POST declares: `title`, `level`, `targets`, `alerts`."""
    if request.method != "POST":
        return _page(request)
    if not may_order(request.user):
        raise PermissionDenied
    form = request.POST
    try:
        said = Declaration(
            title=form.get("title", ""),
            level=form.get("level", ""),
            targets=form.getlist("targets"),
            alerts=numbers(form.getlist("alerts")),
            began_at=time_typed(form.get("began_at", "")),
        )
        made = orders.declare(said, order_of(request), system_clock())
    except NotPossible as exc:
        return _page(request, refused=exc)
    messages.success(request, _("障害 %(number)s を宣言しました。") % {"number": made.pk})
    return redirect("incident", made.pk)


def _page(request: HttpRequest, *, refused: NotPossible | None = None) -> HttpResponse:
    edition, now = in_force(), system_clock()
    free = Alert.objects.filter(resolved_at=None, incident_link=None).exclude(labels__item=ITEM)
    alerts = list(free.order_by("-opened_at", "-pk")[:_MOST_ALERTS])
    context = {
        **frame(look(edition, now), "incidents"),
        "may": may_order(request.user),
        "levels": edition.plan(OPERATION).levels,
        "alerts": alerts,
        "targets": targets_of(edition),
        "longest": LONGEST_TITLE,
        "typed": request.POST if refused else _preset(request.GET.get("alert", ""), alerts),
        "chosen": {
            "alerts": request.POST.getlist("alerts") or request.GET.getlist("alert"),
            "targets": request.POST.getlist("targets"),
        },
        "refused": words.refused(refused) if refused else None,
        "timezone": edition.bindings.system.timezone,
    }
    return render(request, "incident/declare.html", context, status=_CONFLICT if refused else 200)


def targets_of(edition: Edition) -> list[str]:
    """Return the document's targets and those that are bound, by name."""
    targets = [*edition.bindings.targets, *(each.target for each in edition.design.of(Monitor))]
    return list(dict.fromkeys(targets))


def _preset(number: str, alerts: list[Alert]) -> Mapping[str, str]:
    """Return what is filled in for the alert called *number*."""
    found = next((each for each in alerts if str(each.pk) == number), None)
    return {"title": str(found.subject)} if found is not None else {}
