"""Named searches of logs, saved and deleted on the page."""

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
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator
from toban.engine.search_parts import BadSearch
from toban.engine.telemetry.logs.language import read_search
from toban.faces.logs.choice import choice, span_of
from toban.faces.web.frame import in_force
from toban.faces.words import verdicts as words
from toban.text import storable_text

_LONGEST_NUMBER = 18
"""Digits: no database knows a greater one."""

_LONGEST_QUERY = 14_000
"""Characters of a query in an address. A search that can be read is far shorter. A longer one is cut, so that
the page can say what is wrong; the server would refuse the whole without a word."""


@dataclass(frozen=True, slots=True)
class ShownSavedSearch:
    """A saved search on the page."""

    search: SavedSearch
    may_delete: bool

    @property
    def query(self) -> str:
        """The query of its address: searches were once saved at any length."""
        return self.search.query[:_LONGEST_QUERY]


def saved_searches(user: object) -> Iterator[ShownSavedSearch]:
    """Yield what *user* may open."""
    if isinstance(user, Operator):
        for each in saved.visible_to(user).select_related("owner"):
            yield ShownSavedSearch(each, saved.may_delete(user, each))


@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Save the choice of the form under `name`, or delete the search in `delete`; back to the list."""
    operator = request.user
    if not isinstance(operator, Operator):
        raise PermissionDenied
    chosen, number = choice(request.POST.dict()), request.POST.get("delete", "")
    try:
        if number.isdecimal() and len(number) <= _LONGEST_NUMBER:
            done = _("「%(name)s」を削除しました。") % {"name": saved.delete(operator, int(number))}
        else:
            # A search that can't be read would be stored without a bound, and find nothing when it is opened.
            read_search(chosen.q)
            span_of(chosen, in_force().bindings.system.zone, system_clock())
            is_shared = request.POST.get("shared") == "yes"
            name = storable_text(request.POST.get("name", ""))
            made = saved.save(operator, name, chosen.query, is_shared=is_shared)
            done = _("「%(name)s」として保存しました。") % {"name": made.name}
    except NotPossible as wrong:
        messages.error(request, str(words.refused(wrong)))
    except BadSearch as wrong:
        messages.error(request, str(wrong.said))
    else:
        messages.success(request, done)
    return redirect(f"{reverse('logs')}?{chosen.query[:_LONGEST_QUERY]}")
