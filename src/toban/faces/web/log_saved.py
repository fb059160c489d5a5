"""Searches of logs under a name, saved and deleted on the page."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from toban.chapters.logs import saved
from toban.chapters.logs.models import SavedSearch
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator
from toban.faces.web.log_choice import choice

_LONGEST_NUMBER = 18
"""Digits: no database knows a greater one."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved search on the page."""

    search: SavedSearch
    may_delete: bool


def saved_searches(user: object) -> Iterator[Saved]:
    """Yield what *user* may open."""
    if isinstance(user, Operator):
        for each in saved.visible_to(user).select_related("owner"):
            yield Saved(each, saved.may_delete(user, each))


@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Save the choice of the form under `name`, or delete the search in `delete`; back to the list."""
    operator = request.user
    if not isinstance(operator, Operator):
        raise PermissionDenied
    chosen, number = choice(request.POST.dict()), request.POST.get("delete", "")
    try:
        if number.isdecimal() and len(number) <= _LONGEST_NUMBER:
            done = _("「%(name)s」を消しました。") % {"name": saved.delete(operator, int(number))}
        else:
            is_shared = request.POST.get("shared") == "yes"
            made = saved.save(operator, request.POST.get("name", ""), chosen.query, is_shared=is_shared)
            done = _("「%(name)s」として保存しました。") % {"name": made.name}
    except NotPossible as wrong:
        messages.error(request, f"{wrong}。{wrong.hint}。")
    else:
        messages.success(request, done)
    return redirect(f"{reverse('logs')}?{chosen.query}")
