"""Who has access to which system; a manager decides about single accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from toban.chapters.accounts import leaving
from toban.chapters.accounts.leaving import Teller
from toban.chapters.accounts.models import AccessDecision, AccessRemoval, Leaver
from toban.chapters.accounts.operation import OPERATION
from toban.chapters.accounts.rows.review import oddities
from toban.chapters.accounts.rows.shown import decided, digest_shown
from toban.chapters.accounts.seen import SeenAccount, seen
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.people.access import require_role
from toban.engine.people.models import Operator, OperatorRole
from toban.faces.web.frame import frame, in_force, look
from toban.faces.words import verdicts as words
from toban.message import Message

_PER_PAGE = 100
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """A line of the list."""

    system: str
    seen: SeenAccount
    oddities: Sequence[Message]
    decision: AccessDecision | None
    is_to_go: bool

    @property
    def shown(self) -> str:
        """The digest that a decision binds to."""
        return digest_shown(self.system, self.seen.found, self.seen.holder.person, self.decision)


@require_safe
@require_role(OperatorRole.MANAGER)
def accounts(request: HttpRequest) -> HttpResponse:
    """Show the accounts, privileged ones first; `system`, `person` and `odd` narrow them."""
    edition, now = in_force(), system_clock()
    plan = edition.plan(OPERATION)
    systems = seen(plan)
    asked = {name: request.GET.get(name, "")[:_LONGEST] for name in ("system", "person", "odd")}
    known = decided()
    going = set(
        AccessRemoval.objects.filter(ended_at=None, withdrawn_at=None).values_list("system", "account")
    )
    listed = [
        ListedAccount(
            system.name,
            each,
            tuple(oddities(each, plan, now, now)),
            known.get((system.name, each.found.name)),
            (system.name, each.found.name) in going,
        )
        for system in systems
        if asked["system"] in ("", system.name)
        for each in system.accounts
        if asked["person"] in ("", each.holder.person)
    ]
    shown = [each for each in listed if each.oddities or each.is_to_go] if asked["odd"] else listed
    page = Paginator(sorted(shown, key=_privileged_first), _PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        **frame(look(edition, now), "accounts"),
        "heading": Message("accounts.page"),
        "page": page,
        "query": query.urlencode(),
        "systems": [(each, each.why_unknown(plan.access.oldest, now)) for each in systems],
        "asked": asked,
        "leaving": Leaver.objects.filter(withdrawn_at=None, until__gt=now).count(),
    }
    return render(request, "accounts/accounts.html", context)


def _privileged_first(each: ListedAccount) -> tuple[bool, bool, str, str]:
    return not each.is_to_go, not each.seen.found.is_privileged, each.system, each.seen.found.name


@require_POST
@require_role(OperatorRole.MANAGER)
def decide(request: HttpRequest) -> HttpResponse:
    """Keep or revoke an account, by the form's `act`."""
    act, system = request.POST.get("act", ""), request.POST.get("system", "")[:_LONGEST]
    if act not in ("keep", "revoke"):
        return HttpResponse(status=400)
    account, edition = Operator.objects.get(username=request.user.get_username()), in_force()
    try:
        leaving.decide(
            system,
            request.POST.get("account", "")[:_LONGEST],
            request.POST.get("reason", "")[:_LONGEST],
            shown=request.POST.get("shown", ""),
            is_kept=act == "keep",
            by=Teller(account.username, Leaver.ToldBy.PAGE, account),
            edition=edition,
            plan=edition.plan(OPERATION),
            now=system_clock(),
        )
    except NotPossible as refused:
        messages.error(request, str(words.refused(refused)))
    else:
        messages.success(request, _("記録しました。"))
    back = {"system": system, "odd": request.POST.get("odd", "")}
    return redirect(
        f"{reverse('accounts')}?{urlencode({key: value for key, value in back.items() if value})}"
    )
