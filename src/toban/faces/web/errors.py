"""Errors of applications: what is new, back, open, resolved, ignored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from toban.chapters.errors.event import Level
from toban.chapters.errors.kept import Search, by_hours, found
from toban.chapters.errors.models import ErrorGroup
from toban.engine.clock import system_clock
from toban.engine.people.access import may_order
from toban.engine.text import storable_text
from toban.faces.error_words import FRESH, Standing, standing
from toban.faces.web.error_trend import bars
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.parts import answer
from toban.faces.web.spark import HEIGHT, WIDTH

_PER_PAGE = 50
_SPAN = timedelta(days=7)
_STEP = timedelta(hours=6)
_ALL = "all"


@dataclass(frozen=True, slots=True)
class Choice:
    """What the address asks for; an empty `state` is all that is open."""

    state: str
    q: str
    project: str
    level: str
    assignee: str

    @property
    def query(self) -> str:
        """The address's query again."""
        asked = {name: getattr(self, name) for name in ("state", "q", "project", "level", "assignee")}
        return urlencode({name: value for name, value in asked.items() if value})

    def search(self, now: datetime) -> Search:
        """Return what to look for."""
        state = {"": "open", _ALL: ""}.get(self.state, self.state)
        return Search(state, self.q, self.project, self.level, self.assignee, now - FRESH)


@dataclass(frozen=True, slots=True)
class Tab:
    """One way to look at the errors."""

    state: str
    word: str
    query: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """An error in the list."""

    error: ErrorGroup
    standing: Standing
    trend: str
    """An SVG path."""
    lately: int
    """How often it happened in the time of the trend."""


@require_safe
def errors(request: HttpRequest) -> HttpResponse:
    """List errors; `?state=`, `?q=`, `?project=`, `?level=`, `?assignee=` and `?page=` choose."""
    edition, now = in_force(), system_clock()
    choice = _choice(request)
    page = Paginator(found(choice.search(now)), _PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "now": now,
        "zone": edition.bindings.system.zone,
        "choice": choice,
        "tabs": list(_tabs(choice, now)),
        "levels": [each.value for each in Level],
        "projects": _projects(edition.bindings.errors),
        "bound": bool(edition.bindings.errors),
        "page": page,
        "listed": list(_listed(list(page), now)),
        "width": WIDTH,
        "height": HEIGHT,
        "query": choice.query,
        "may": may_order(request.user),
    }

    def around() -> Mapping[str, object]:
        return frame(look(edition, now), "errors")

    return answer(request, "web/errors/errors.html", "web/errors/_errors.html", context, around)


def _choice(request: HttpRequest) -> Choice:
    asked = {
        name: storable_text(request.GET.get(name, "").strip())
        for name in ("state", "q", "project", "level", "assignee")
    }
    if asked["state"] not in (_ALL, *(each.value for each in Standing)):
        asked["state"] = ""
    return Choice(**asked)


def _projects(bound: Mapping[str, object]) -> list[str]:
    """Return the applications that may send, and those that have."""
    known = ErrorGroup.objects.order_by("project").values_list("project", flat=True).distinct()
    return sorted({*bound, *known})


def _tabs(choice: Choice, now: datetime) -> Iterator[Tab]:
    def tab(state: str, word: str, *, counted: bool = True) -> Tab:
        turned = replace(choice, state=state)
        return Tab(state, word, turned.query, found(turned.search(now)).count() if counted else None)

    yield tab("", Standing.OPEN.word)
    yield tab(Standing.NEW, Standing.NEW.word)
    yield tab(Standing.REGRESSED, Standing.REGRESSED.word)
    # What is over grows for ever: its number says nothing.
    yield tab(Standing.RESOLVED, Standing.RESOLVED.word, counted=False)
    yield tab(Standing.IGNORED, Standing.IGNORED.word, counted=False)
    yield tab(_ALL, _("すべて"), counted=False)


def _listed(groups: Sequence[ErrorGroup], now: datetime) -> Iterator[Listed]:
    """Yield the rows of a page; one query for all trends."""
    end = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    counts = by_hours([group.pk for group in groups], end - _SPAN, end, _STEP)
    for group in groups:
        yield Listed(group, standing(group, now), bars(counts[group.pk]), sum(counts[group.pk]))
