"""Changes that a review of the audit log answers one by one; a manager answers each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.engine.approvals.answers import Giver
from toban.engine.changes.flagged import answer, important, needs_answer
from toban.engine.changes.models import ChangeAnswer
from toban.engine.changes.query import TellingChange
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.engine.people.access import require_role
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.search_parts import BadSearch
from toban.faces.logs.choice import moment_in
from toban.faces.web.frame import frame, in_force, look
from toban.faces.words import verdicts as words
from toban.message import Message

_CONFLICT, _WRONG = 409, 400
_PER_PAGE = 50
_DIGITS = 18
_USUAL = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class FlaggedChange:
    """A line of the list."""

    told: TellingChange
    answer: ChangeAnswer | None


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(OperatorRole.MANAGER)
def flagged(request: HttpRequest) -> HttpResponse:
    """List the flagged changes from `from` to `to`, unanswered first; POST answers one."""
    edition, now, trouble, status = in_force(), system_clock(), "", 200
    period = {name: request.GET[name] for name in ("from", "to") if name in request.GET}
    if request.method == "POST":
        number = request.POST.get("number", "")
        account = Operator.objects.get(username=request.user.get_username())
        try:
            answer(
                int(number) if number.isdecimal() and len(number) <= _DIGITS else 0,
                request.POST.get("remark", ""),
                by=Giver(account),
                now=now,
            )
        except NotPossible as refused:
            trouble, status = str(words.refused(refused)), _CONFLICT
        else:
            messages.success(request, _("記録しました。"))
            return redirect(f"{reverse('flagged-changes')}?{urlencode(period)}")
    listed: list[FlaggedChange] = []
    try:
        listed = _listed(period, edition, now)
    except BadSearch as wrong:
        trouble, status = str(wrong.said), _WRONG
    context = {
        **frame(look(edition, now), "changes"),
        "heading": Message("changes.flagged-page"),
        "page": Paginator(listed, _PER_PAGE).get_page(request.GET.get("page")),
        "query": urlencode(period),
        "trouble": trouble,
    }
    return render(request, "changes/flagged.html", context, status=status)


def _listed(period: Mapping[str, str], edition: Edition, now: datetime) -> list[FlaggedChange]:
    zone = edition.bindings.system.zone
    since = moment_in(period["from"], zone) if period.get("from") else now - _USUAL
    until = moment_in(period["to"], zone) if period.get("to") else now
    found = [each for each in important(since, until) if needs_answer(each)]
    answers = ChangeAnswer.objects.in_bulk([each.change.pk for each in found])
    lines = [FlaggedChange(each, answers.get(each.change.pk)) for each in found]
    return sorted(lines, key=lambda each: each.answer is not None)
