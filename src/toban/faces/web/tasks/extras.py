"""The form that orders work once that no row of the document orders."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.engine.approvals.answers import Giver
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.people.access import ORDERING, require_role
from toban.engine.people.models import Operator
from toban.engine.tasks.extras.orders import LONGEST_CONTENT, LONGEST_NAME, WantedWork, order_once
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.moments import moment
from toban.faces.words import verdicts as words
from toban.message import Message

_CONFLICT = 409


@require_role(*ORDERING)
@require_http_methods(["GET", "HEAD", "POST"])
def order(request: HttpRequest) -> HttpResponse:
    """Show the form; POST orders the work."""
    if request.method != "POST":
        return _page(request)
    edition, now = in_force(), system_clock()
    account = Operator.objects.get(username=request.user.get_username())
    try:
        wanted = _wanted(request, edition.bindings.system.zone, now)
        order_once(wanted, Giver(account), edition, now)
    except NotPossible as exc:
        return _page(request, str(words.refused(exc)), _CONFLICT)
    messages.success(request, _("作業を頼みました。"))
    return redirect("tasks")


def _wanted(request: HttpRequest, zone: ZoneInfo, now: datetime) -> WantedWork:
    form = request.POST
    until = moment(form.get("until", ""), zone)
    starts_at = moment(written, zone) if (written := form.get("from", "")) else now
    if until is None or starts_at is None:
        raise NotPossible(Message("tasks.no-window"), Message("tasks.window-within-a-year"))
    return WantedWork(
        name=form.get("name", ""),
        owner=form.get("owner", ""),
        until=until,
        starts_at=starts_at,
        content=form.get("content", ""),
        facts=form.get("facts", "").splitlines(),
    )


def _page(request: HttpRequest, trouble: str = "", status: int = 200) -> HttpResponse:
    edition, now = in_force(), system_clock()
    context = {
        **frame(look(edition, now), "tasks"),
        "owners": [(key, each.name or key) for key, each in edition.bindings.people.items() if each.account],
        "longest_name": LONGEST_NAME,
        "longest_content": LONGEST_CONTENT,
        "typed": request.POST,
        "trouble": trouble,
    }
    return render(request, "tasks/order.html", context, status=status)
