"""Those who leave: a manager tells of them, one by one or by a CSV, and says what is theirs."""

from datetime import date, datetime, time

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.chapters.accounts import leaving
from toban.chapters.accounts.leaving import Teller, ToldLeaver
from toban.chapters.accounts.models import Leaver
from toban.chapters.accounts.operation import OPERATION
from toban.chapters.accounts.rows.report import states
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.engine.people.access import require_role
from toban.engine.people.models import Operator, OperatorRole
from toban.faces.web.frame import frame, in_force, look
from toban.faces.words import verdicts as words
from toban.message import Message

_CONFLICT = 409
_LONGEST = 512 * 1024
_MOST = 200


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(OperatorRole.MANAGER)
def leavers(request: HttpRequest) -> HttpResponse:
    """List those who leave; POST tells, withdraws, or says whose an account is, by `act`."""
    edition, now = in_force(), system_clock()
    if request.method != "POST":
        return _page(request, edition, now)
    account = Operator.objects.get(username=request.user.get_username())
    by = Teller(account.username, Leaver.ToldBy.PAGE, account)
    try:
        said = _done(request, by, edition, now)
    except NotPossible as refused:
        return _page(request, edition, now, str(words.refused(refused)))
    if said is None:
        return HttpResponse(status=400)
    messages.success(request, said)
    return redirect("leavers")


def _done(request: HttpRequest, by: Teller, edition: Edition, now: datetime) -> str | None:
    plan, form = edition.plan(OPERATION), request.POST
    match form.get("act", ""):
        case "tell":
            names = tuple(form.get("accounts", "")[:_LONGEST].split())
            said = ToldLeaver(
                form.get("name", ""), _day(form.get("leaves_on", "")), names, _clock(form.get("at", ""))
            )
            leaving.tell(said, by, edition, plan, now)
            return _("退職者を登録しました。")
        case "csv":
            written = form.get("csv", "")[: _LONGEST + 1]
            by = Teller(by.name, Leaver.ToldBy.CSV, by.account)
            found = leaving.tell_all(leaving.read_leavers(written), by, edition, plan, now)
            return _("退職者を %(count)d 人登録しました。") % {"count": len(found)}
        case "withdraw":
            leaving.withdraw(form.get("name", ""), by, edition, plan, now)
            return _("取り消しました。")
        case "claim":
            leaving.claim(
                form.get("name", "")[:_LONGEST],
                form.get("system", "")[:_LONGEST],
                form.get("account", "")[:_LONGEST],
                is_theirs=form.get("theirs") == "yes",
                by=by,
                edition=edition,
                plan=plan,
                now=now,
            )
            return _("記録しました。")
        case _:
            return None


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        raise NotPossible(Message("accounts.day-unreadable")) from error


def _clock(written: str) -> time | None:
    try:
        return time.fromisoformat(written) if written else None
    except ValueError as error:
        raise NotPossible(Message("accounts.day-unreadable")) from error


def _page(request: HttpRequest, edition: Edition, now: datetime, trouble: str = "") -> HttpResponse:
    plan = edition.plan(OPERATION)
    found = sorted(states(plan), key=lambda each: (not each.open, each.until))
    context = {
        **frame(look(edition, now), "leavers"),
        "heading": Message("accounts.leavers-page"),
        "leavers": found[:_MOST],
        "trouble": trouble,
        "typed": request.POST if trouble else {},
    }
    return render(request, "accounts/leavers.html", context, status=_CONFLICT if trouble else 200)
