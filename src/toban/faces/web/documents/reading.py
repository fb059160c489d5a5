"""A document to read; the page says how long it is in view."""

import math

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from toban.chapters.documents import reading
from toban.chapters.documents.operation import OPERATION
from toban.chapters.documents.states import states
from toban.engine.clock import system_clock
from toban.engine.people.models import Operator
from toban.faces.web.frame import frame, in_force, look

_LONGEST_NUMBER = 18
"""Digits that every database takes."""
_LONGEST_SECONDS = 10


@require_safe
def text(request: HttpRequest) -> HttpResponse:
    """Show the document that the query names, as it stood in its place at the last look."""
    edition, now = in_force(), system_clock()
    plan = edition.plan(OPERATION)
    wanted = request.GET.get("document", "")
    named = [each for each in plan.documents if each.row.name == wanted]
    if not named:
        raise Http404
    (state,) = states(plan, named[:1])
    opened = reading.opened(state, _account(request), now) if request.method == "GET" else None
    context = {
        **frame(look(edition, now), "documents"),
        "state": state,
        "opened": opened,
        "read_for": int(plan.keeping.read_for.total_seconds()),
    }
    return render(request, "documents/text.html", context)


@require_POST
def in_view(request: HttpRequest) -> HttpResponse:
    """Note that a document was in view; answers whether that is long enough."""
    edition = in_force()
    number, seconds = request.POST.get("number", ""), request.POST.get("seconds", "")
    if not number.isdecimal() or len(number) > _LONGEST_NUMBER:
        raise Http404
    found = reading.in_view(
        int(number),
        _seconds(seconds),
        _account(request),
        edition.plan(OPERATION),
        edition.design.digest,
        system_clock(),
    )
    if found is None:
        raise Http404
    return HttpResponse("read" if found.read_at else "reading", content_type="text/plain")


def _seconds(written: str) -> float:
    try:
        seconds = float(written[:_LONGEST_SECONDS])
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) else 0.0


def _account(request: HttpRequest) -> Operator:
    return Operator.objects.get(username=request.user.get_username())
