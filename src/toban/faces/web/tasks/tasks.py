"""What the signed-in person must do today, and what others must; each task is signed off in place."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.engine.approvals.answers import Giver
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.people.models import Operator
from toban.engine.tasks.extras.proposing import proposed_rows
from toban.engine.tasks.lists import OpenTask, coming_today, extra_of, listed
from toban.engine.tasks.models import SignOff
from toban.engine.tasks.orders import TaskOrder, hand_on, sign_off
from toban.engine.tasks.swaps.orders import asked_of
from toban.faces.web.frame import frame, in_force, look
from toban.faces.words import verdicts as words
from toban.message import NOTHING, Message

_CONFLICT = 409
_LONGEST_NUMBER = 18
"""Digits that every database takes."""
_LONGEST_REMARK = 2000
_SIGNED_LATELY = timedelta(days=7)
_MOST_SIGNED = 50
_SALT = "toban.tasks.opened"


@dataclass(frozen=True, slots=True)
class ShownTask:
    """An open task as the reader sees it."""

    task: OpenTask
    why_not: Message = NOTHING
    """Why the reader may not sign it off."""
    trouble: str = ""
    """Why what the reader has just ordered was not possible."""
    typed: str = ""
    """The remark that came with it."""
    opened: str = ""
    """Says, signed, when this page was made."""

    @property
    def is_mine(self) -> bool:
        """Whether the reader may sign it off."""
        return not self.why_not


@require_http_methods(["GET", "HEAD", "POST"])
def tasks(request: HttpRequest) -> HttpResponse:
    """Show the tasks; POST signs one off, says that it is not performed, or hands it on, by `act`."""
    account = Operator.objects.get(username=request.user.get_username())
    if request.method != "POST":
        return _page(request, account)
    edition, now = in_force(), system_clock()
    opened_at = _opened_at(request, now)
    order = TaskOrder(number_in(request), Giver(account), edition, settings.PARTS, opened_at)
    try:
        said = _done(request, order, now)
    except NotPossible as exc:
        return _page(request, account, order.number, str(words.refused(exc)), _CONFLICT)
    if said is None:
        return HttpResponse(status=400)
    messages.success(request, said)
    return redirect("tasks")


def _done(request: HttpRequest, order: TaskOrder, now: datetime) -> str | None:
    """Carry out what the form says and return what to say; None if it says nothing that is known."""
    form = request.POST
    remark, shown = form.get("remark", "")[:_LONGEST_REMARK], form.get("shown", "")
    match form.get("act", ""):
        case "sign":
            sign_off(order, remark, shown=shown, now=now)
            return _("署名しました。")
        case "decline":
            sign_off(order, remark, shown=shown, now=now, is_performed=False)
            return _("未実施として記録しました。")
        case "hand-on":
            made = hand_on(order, form.get("person", ""), remark, now=now)
            return _("%(person)s に引き継ぎました。") % {"person": made.taker_person}
        case _:
            return None


def number_in(request: HttpRequest) -> int:
    """Return the number that the form names; 0 if it names none."""
    written = request.POST.get("number", "")
    return int(written) if written.isdecimal() and len(written) <= _LONGEST_NUMBER else 0


def _page(
    request: HttpRequest, account: Operator, number: int = 0, trouble: str = "", status: int = 200
) -> HttpResponse:
    edition, now = in_force(), system_clock()
    found = [_shown(task, account, now) for task in listed(edition, settings.PARTS, now)]
    is_there = False
    for place, each in enumerate(found):
        if each.task.run.pk == number and each.is_mine:
            is_there, typed = True, request.POST.get("remark", "")
            found[place] = replace(each, trouble=trouble, typed=typed)
    signed = SignOff.objects.filter(at__gt=now - _SIGNED_LATELY).select_related("run").order_by("-at")
    context = {
        **frame(look(edition, now), "tasks"),
        "mine": sorted((each for each in found if each.is_mine), key=_late_first),
        "others": [each for each in found if not each.is_mine],
        "coming": coming_today(edition, settings.PARTS, now),
        "signed": [(each, _name(each, edition)) for each in signed[:_MOST_SIGNED]],
        "people": [(key, each.name or key) for key, each in edition.bindings.people.items() if each.account],
        "proposed": [(each, each.markdown(edition.design.language)) for each in proposed_rows(edition, now)],
        "may_order": may_order(account),
        "swaps": sum(each.answerer_id == account.pk for each in asked_of(account)),
        "trouble": "" if is_there else trouble,
    }
    return render(request, "tasks/tasks.html", context, status=status)


def _shown(task: OpenTask, account: Operator, now: datetime) -> ShownTask:
    refusal = task.why_not(account)
    opened = signing.dumps([task.run.pk, account.pk, now.timestamp()], salt=_SALT)
    return ShownTask(task, refusal.said if refusal is not None else NOTHING, opened=opened)


def _opened_at(request: HttpRequest, now: datetime) -> datetime | None:
    """Return when the page was made from which *request* comes; None if it does not say so itself."""
    try:
        run, account, at = signing.loads(request.POST.get("opened", ""), salt=_SALT)
    except signing.BadSignature:
        return None
    if (run, account) != (number_in(request), request.user.pk):
        return None
    return min(datetime.fromtimestamp(at, UTC), now)


def _late_first(each: ShownTask) -> tuple[bool, datetime]:
    return not each.task.is_late, each.task.run.due_at


def _name(signed: SignOff, edition: Edition) -> str:
    if (extra := extra_of(signed.run)) is not None:
        return extra.name
    clause = next((each for each in edition.design.clauses if each.id == signed.run.clause_id), None)
    return str(getattr(clause, "name", signed.run.work))
