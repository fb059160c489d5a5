"""One release: how far it is, its stop-watch, what was shown and approved, and the ways to end it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from toban.chapters.release.models import Release
from toban.chapters.release.operation import OPERATION
from toban.chapters.release.ordering.aborting import abort
from toban.chapters.release.ordering.orders import ReleaseOrder, subject_name
from toban.chapters.release.rows.way import BY_HAND
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.runs.models import Run
from toban.faces.values.release import TIMES
from toban.faces.web.approvals.shown import shown
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.release.proof import STEPS, drill_of, steps_of
from toban.faces.web.release.releases import giver_of
from toban.faces.words import verdicts as words
from toban.message import Message, from_json

_CONFLICT = 409
_OPEN = (Release.State.PLANNED, Release.State.RUNNING)
_LONGEST = 500


@require_http_methods(["GET", "HEAD", "POST"])
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Show release *pk*; POST calls it off."""
    found = _found(pk)
    if request.method != "POST":
        return render(request, "release/release.html", _context(request, found))
    if not may_order(request.user):
        raise PermissionDenied
    try:
        reason = request.POST.get("reason", "")[:_LONGEST]
        edition = in_force()
        order = ReleaseOrder(giver_of(request), edition, edition.plan(OPERATION))
        abort(pk, reason, order, system_clock())
    except NotPossible as exc:
        context = {**_context(request, _found(pk)), "refused": words.refused(exc)}
        return render(request, "release/release.html", context, status=_CONFLICT)
    messages.success(request, _("リリースを取りやめました。"))
    return redirect("release", pk)


@require_safe
def part(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the part of the page that changes while the release is open."""
    return render(request, "release/_release.html", _context(request, _found(pk)))


def _found(pk: int) -> Release:
    related = Release.objects.select_related("artifact", "former", "undoes__artifact")
    found = related.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _context(request: HttpRequest, found: Release) -> dict[str, object]:
    edition, now = in_force(), system_clock()
    asked = ApprovalRequest.objects.filter(subject=subject_name(found)).order_by("-pk")[:5]
    times = [(Message(f"release.time-{each.replace('_', '-')}"), getattr(found, each)) for each in TIMES]
    run = Run.objects.filter(pk=found.run).first() if found.run is not None else None
    took = found.served_at - found.decided_at if found.served_at and found.decided_at else None
    return {
        **frame(look(edition, now), "releases"),
        "release": found,
        "facts": [(from_json(label), from_json(value)) for label, value in found.facts],
        "times": [(label, at) for label, at in times if at is not None],
        "took": took,
        "run": run,
        "steps": steps_of(found) if found.kind in BY_HAND else (),
        "heading": STEPS,
        "drill": drill_of(found),
        "undone_by": found.undone_by.order_by("pk").first(),
        "approvals": shown(asked, request.user, edition, now),
        "is_open": found.state in _OPEN or found.state == Release.State.WATCHED,
        "may_abort": may_order(request.user) and found.state in _OPEN,
    }
