"""What Toban does by itself: the mode of each act, what was only recorded, and the move to another mode."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.engine.approvals.answers import Giver
from toban.engine.clock import system_clock
from toban.engine.modes.rules import Mode
from toban.engine.modes.service import move
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.people.models import Operator
from toban.faces.values.modes import act_named, listed_acts, would_have_run
from toban.faces.web.frame import frame, in_force, look
from toban.faces.words import verdicts as words

_SHOWN = 200
_LONGEST_REASON = 500
_CONFLICT = 409


@require_http_methods(["GET", "HEAD", "POST"])
def modes(request: HttpRequest) -> HttpResponse:
    """Show all acts with their modes; POST moves one: `act`, `shown`, `mode`, `reason`."""
    if request.method != "POST":
        return _page(request)
    if not may_order(request.user):
        raise PermissionDenied
    edition, form = in_force(), request.POST
    account = Operator.objects.get(username=request.user.get_username())
    try:
        found = act_named(edition, form.get("act", "")).act
        wanted = Mode(form["mode"]) if form.get("mode") in list(Mode) else found.declared
        asked = move(
            found,
            wanted,
            form.get("reason", "")[:_LONGEST_REASON],
            shown=form.get("shown", ""),
            by=Giver(account),
            edition=edition,
            now=system_clock(),
        )
    except NotPossible as exc:
        return _page(request, trouble=str(words.refused(exc)), status=_CONFLICT)
    if asked is not None:
        messages.success(request, _("「%(role)s」に承認を求めました。") % {"role": asked.role})
        return redirect("approval", asked.pk)
    messages.success(request, _("モードを変えました。"))
    return redirect("modes")


def _page(request: HttpRequest, *, trouble: str = "", status: int = 200) -> HttpResponse:
    edition, now = in_force(), system_clock()
    context = {
        **frame(look(edition, now), "batches"),
        "acts": listed_acts(edition),
        "shadows": would_have_run(_SHOWN),
        "may": may_order(request.user),
        "trouble": trouble,
        "typed": request.POST,
    }
    return render(request, "modes/modes.html", context, status=status)
