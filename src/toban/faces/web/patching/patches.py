"""The newest run of patches, host by host, and the runs before it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.chapters.patching.operation import OPERATION
from toban.engine.clock import system_clock
from toban.faces.values.patching.patching import patch_run, runs_of
from toban.faces.web.frame import frame, in_force, look
from toban.message import Message

_MOST = 24


@require_safe
def patches(request: HttpRequest) -> HttpResponse:
    """Show the run that `run` names, or the newest one."""
    edition, now = in_force(), system_clock()
    plan = edition.plan(OPERATION)
    runs = runs_of(plan, _MOST)
    wanted = request.GET.get("run", "")
    chosen = next((each for each in runs if str(each.pk) == wanted), next(iter(runs), None))
    context = {
        **frame(look(edition, now), "patches"),
        "heading": Message("patching.page"),
        "groups": plan.groups,
        "orders": plan.orders,
        "runs": runs,
        "found": patch_run(chosen) if chosen is not None else None,
    }
    return render(request, "patching/patches.html", context)
