"""What changed, when and by whom: by what it is about, its kind, a period and a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.engine.changes.act import ChangeKind
from toban.engine.changes.query import ChangeSearch, around, found, told
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.search_parts import BadSearch
from toban.faces.logs.choice import moment_in, written
from toban.faces.web.changes.near import is_manager
from toban.faces.web.frame import frame, in_force, look

_PER_PAGE = 100
_USUAL = timedelta(days=7)
_WRONG = 400


@dataclass(frozen=True, slots=True)
class ChangeChoice:
    """What the address asks for, as it was written."""

    about: str
    kind: str
    by: str
    begin: str
    end: str

    @property
    def query(self) -> str:
        """The query of the address."""
        asked = {
            "about": self.about, "kind": self.kind, "by": self.by, "from": self.begin, "to": self.end,
        }  # fmt: skip
        return urlencode({name: value for name, value in asked.items() if value})


@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    """List changes, newest first: `about`, `kind`, `by`, `from`, `to` and `page` choose."""
    edition, now = in_force(), system_clock()
    choice, status = _choice(request.GET.dict()), 200
    context: dict[str, object] = {
        **frame(look(edition, now), "changes"),
        "choice": choice,
        "query": choice.query,
        "kinds": [(each.value, each.word) for each in ChangeKind if _is_shown(each, request.user)],
        "usual": written((now - _USUAL).replace(second=0), edition.bindings.system.zone),
    }
    try:
        asked = _search(choice, edition, now, request.user)
        page = Paginator(found(asked), _PER_PAGE).get_page(request.GET.get("page"))
        context |= {"page": page, "changes": told(page)}
    except BadSearch as wrong:
        context["wrong"], status = str(wrong.said), _WRONG
    return render(request, "changes/changes.html", context, status=status)


def _choice(asked: Mapping[str, str]) -> ChangeChoice:
    kind = asked.get("kind", "")
    return ChangeChoice(
        about=asked.get("about", "").strip(),
        kind=kind if kind in set(ChangeKind) else "",
        by=asked.get("by", "").strip(),
        begin=asked.get("from", "").strip(),
        end=asked.get("to", "").strip(),
    )


def _search(choice: ChangeChoice, edition: Edition, now: datetime, reader: object) -> ChangeSearch:
    zone = edition.bindings.system.zone
    return ChangeSearch(
        about=around(edition, choice.about) if choice.about else (),
        since=moment_in(choice.begin, zone) if choice.begin else now - _USUAL,
        until=moment_in(choice.end, zone) if choice.end else None,
        kinds=(ChangeKind(choice.kind),) if choice.kind else (),
        actor=choice.by,
        with_accounts=is_manager(reader),
    )


def _is_shown(kind: ChangeKind, reader: object) -> bool:
    return kind is not ChangeKind.ACCOUNT or is_manager(reader)
