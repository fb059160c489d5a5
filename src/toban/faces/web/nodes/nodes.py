"""The workers and servers that share the state: version, clock, key, edition, last sign of life."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.engine.clock import system_clock
from toban.engine.nodes.forgetting import forget
from toban.engine.nodes.models import all_nodes
from toban.engine.nodes.rules import findings
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.faces.web.frame import frame, in_force, look

_LONGEST = 300
_CONFLICT = 409


@require_http_methods(["GET", "HEAD", "POST"])
def nodes(request: HttpRequest) -> HttpResponse:
    """List all nodes with what is wrong; POST forgets the `node` that is gone."""
    if request.method != "POST":
        return _page(request)
    if not may_order(request.user):
        raise PermissionDenied
    name = request.POST.get("node", "")[:_LONGEST]
    try:
        forget(name, by=request.user.get_username(), now=system_clock())
    except NotPossible as exc:
        return _page(request, trouble=str(exc.said), status=_CONFLICT)
    messages.success(request, _("ノード「%(name)s」を一覧から外しました。") % {"name": name})
    return redirect("nodes")


def _page(request: HttpRequest, *, trouble: str = "", status: int = 200) -> HttpResponse:
    edition, now = in_force(), system_clock()
    found = all_nodes()
    context = {
        **frame(look(edition, now), "nodes"),
        "nodes": [(each, each.is_gone(now), each.edition == edition.digests) for each in found],
        "found": findings(found, now),
        "may": may_order(request.user),
        "trouble": trouble,
    }
    return render(request, "nodes/nodes.html", context, status=status)
