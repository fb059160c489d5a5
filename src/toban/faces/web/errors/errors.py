"""Errors of applications: what is new, back, open, resolved, ignored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from toban.chapters.errors.bindings import ERRORS
from toban.chapters.errors.intake.event import EventLevel
from toban.chapters.errors.kept import ErrorSearch, by_hours, counts, found
from toban.chapters.errors.models import ErrorGroup
from toban.chapters.errors.searching.search import ErrorTerm, read_search
from toban.engine.clock import system_clock
from toban.engine.people.access import may_order
from toban.engine.search_parts import LONGEST, BadSearch
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.parts import answer
from toban.faces.web.spark import strokes
from toban.faces.words.errors import FRESH, ErrorStatus, standing
from toban.text import storable_text

_PER_PAGE = 50
_SPAN = timedelta(days=7)
_STEP = timedelta(hours=6)
_ALL = "all"
_COUNTED = (ErrorStatus.OPEN, ErrorStatus.NEW, ErrorStatus.REGRESSED)
_WRONG = 400


@dataclass(frozen=True, slots=True)
class ErrorChoice:
    """What the address asks for; an empty `state` is all that is open."""

    state: str
    q: str
    project: str
    level: str
    assignee: str

    @property
    def query(self) -> str:
        """The query of the address."""
        asked = {name: getattr(self, name) for name in ("state", "q", "project", "level", "assignee")}
        return urlencode({name: value for name, value in asked.items() if value})

    def search(self, terms: tuple[ErrorTerm, ...], now: datetime) -> ErrorSearch:
        """Return what to look for; *terms* is what `q` says."""
        state = {"": "open", _ALL: ""}.get(self.state, self.state)
        return ErrorSearch(state, terms, self.project, self.level, self.assignee, now - FRESH)


@dataclass(frozen=True, slots=True)
class ErrorTab:
    """One way to look at the errors."""

    state: str
    word: str
    query: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class ListedError:
    """An error in the list."""

    error: ErrorGroup
    standing: ErrorStatus
    trend: str
    """Its sparkline."""
    lately: int
    """How often it happened in the time of the trend."""


@require_safe
def errors(request: HttpRequest) -> HttpResponse:
    """List errors; `?state=`, `?q=`, `?project=`, `?level=`, `?assignee=` and `?page=` choose."""
    edition, now = in_force(), system_clock()
    choice = _choice(request)
    context: dict[str, object] = {
        "now": now,
        "zone": edition.bindings.system.zone,
        "choice": choice,
        "longest": LONGEST,
        "levels": [each.value for each in EventLevel],
        "projects": _projects(ERRORS.of(edition.bindings)),
        "bound": bool(ERRORS.of(edition.bindings)),
        "query": choice.query,
        "may": may_order(request.user),
    }
    status = 200
    try:
        terms = read_search(choice.q)
    except BadSearch as wrong:
        context["wrong"], status = str(wrong.said), _WRONG
    else:
        page = Paginator(found(choice.search(terms, now)), _PER_PAGE).get_page(request.GET.get("page"))
        context |= {
            "tabs": list(_tabs(choice, terms, now)),
            "page": page,
            "listed": list(_listed(list(page), now)),
        }

    def around() -> Mapping[str, object]:
        return frame(look(edition, now), "errors")

    return answer(request, "errors/errors.html", "errors/_errors.html", context, around, status)


def _choice(request: HttpRequest) -> ErrorChoice:
    asked = {
        name: storable_text(request.GET.get(name, "").strip())
        for name in ("state", "q", "project", "level", "assignee")
    }
    if asked["state"] not in (_ALL, *(each.value for each in ErrorStatus)):
        asked["state"] = ""
    return ErrorChoice(**asked)


def _projects(bound: Mapping[str, object]) -> list[str]:
    """Return the applications that may send, and those that have."""
    known = ErrorGroup.objects.order_by("project").values_list("project", flat=True).distinct()
    return sorted({*bound, *known})


def _tabs(choice: ErrorChoice, terms: tuple[ErrorTerm, ...], now: datetime) -> Iterator[ErrorTab]:
    # The number of settled errors grows forever, and says nothing.
    counted = counts(choice.search(terms, now), _COUNTED)
    for state in (
        ErrorStatus.OPEN,
        ErrorStatus.NEW,
        ErrorStatus.REGRESSED,
        ErrorStatus.RESOLVED,
        ErrorStatus.IGNORED,
    ):
        turned = replace(choice, state="" if state is ErrorStatus.OPEN else state)
        yield ErrorTab(turned.state, state.word, turned.query, counted.get(state))
    yield ErrorTab(_ALL, _("すべて"), replace(choice, state=_ALL).query)


def _listed(groups: Sequence[ErrorGroup], now: datetime) -> Iterator[ListedError]:
    """Yield the rows of a page; one query for all trends."""
    end = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    start = end - _SPAN
    trends = by_hours([group.pk for group in groups], start, end, _STEP)
    for group in groups:
        counts = trends[group.pk]
        line = strokes(((start + place * _STEP, count) for place, count in enumerate(counts)), start, end)
        yield ListedError(group, standing(group, now), line, sum(counts))
