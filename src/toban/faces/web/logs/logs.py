"""Searching logs: what was found, how many there are by time and level, and which values fields have."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.people.access import may_order
from toban.engine.search_parts import BadSearch, Match, term
from toban.engine.telemetry.logs.language import FIELDS, ParsedSearch, read_search
from toban.engine.telemetry.logs.search import FoundRow, LogSearch, RowPosition, TimeSpan
from toban.engine.telemetry.logs.unknown import unknown_names
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.faces.logs.choice import (
    LENGTHS,
    LogChoice,
    choice,
    place_in,
    place_text,
    span_of,
    step_of,
    written,
)
from toban.faces.logs.rows import shown
from toban.faces.web.changes.near import near
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.logs.chart import histogram as log_chart
from toban.faces.web.logs.saved import saved_searches
from toban.faces.web.parts import is_fragment
from toban.faces.words.verdicts import clock, length

PER_PAGE = 100
_VALUES = 8
_WRONG = 400

_FACETS: Mapping[str, Promise] = {
    "level": gettext_lazy("レベル"),
    "kind": gettext_lazy("ログ種別"),
    "service": gettext_lazy("サービス名"),
    "route": gettext_lazy("経路"),
    "status": gettext_lazy("状態コード"),
}


@dataclass(frozen=True, slots=True)
class ParsedChoice:
    """A choice that was understood."""

    choice: LogChoice
    search: ParsedSearch
    span: TimeSpan


@dataclass(frozen=True, slots=True)
class LogPeriodOption:
    """A stretch up to now that may be chosen."""

    word: str
    query: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Value:
    """A value that a field has, and where it leads."""

    value: str
    count: int
    only: str
    """The query with this value alone."""
    without: str
    """The query without this value."""


@require_safe
def logs(request: HttpRequest) -> HttpResponse:
    """Show the newest rows that `?q=` finds within `?last=`, or from `?from=` to `?to=`.

    `?before=` shows rows older than a place, `?after=` newer ones. Bars and values have addresses of their
    own, so that the rows need not wait for them.
    """
    edition, now = in_force(), system_clock()
    chosen = choice(request.GET.dict())
    context: dict[str, object] = {
        "choice": chosen,
        "query": chosen.query,
        "times": chosen.turned(q=""),
        "lengths": list(_lengths(chosen)),
        "may": may_order(request.user),
        "saved": list(saved_searches(request.user)),
    }
    status = 200
    try:
        asked = understood(chosen, edition, now)
        context |= {"parts": _parts(asked), "asked": asked, "tail_since": int(now.timestamp() * 1000)}
        context |= _found(request, asked, edition)
    except BadSearch as wrong:
        context["wrong"], status = str(wrong.said), _WRONG
    except (StoreUnavailable, StoreRefused):
        context["trouble"] = True
    context |= frame(look(edition, now), "logs")
    return render(request, "logs/logs.html", context, status=status)


@require_safe
def histogram(request: HttpRequest) -> HttpResponse:
    """Draw how many rows there are by time and level: as a part of the page, or as a page of its own."""

    def drawn(asked: ParsedChoice, edition: Edition, now: datetime) -> Mapping[str, object]:
        step, zone = step_of(asked.span), edition.bindings.system.zone
        found = _store().by_level(asked.search.terms, asked.span, step=step.total_seconds())

        def narrowed(start: datetime, end: datetime) -> str:
            chosen = {"last": "", "from": written(start, zone), "to": written(end, zone)}
            return f"{reverse('logs')}?{asked.choice.turned(**chosen)}"

        changes = near(edition, _services(asked.search), asked.span.start, asked.span.end)
        drawn = log_chart(found, asked.span, step, lambda at: clock(at, now, zone), narrowed)
        return {"chart": replace(drawn, marks=changes.marks), "near": changes}

    return _part(request, "logs/_histogram.html", _("時間ごとの件数"), drawn)


@require_safe
def facets(request: HttpRequest) -> HttpResponse:
    """Count the values that fields have: as a part of the page, or as a page of its own."""

    def counted(asked: ParsedChoice, _edition: Edition, _now: datetime) -> Mapping[str, object]:
        store = _store()
        return {
            "facets": [
                (name, word, [_value(asked.choice, name, *each) for each in values])
                for name, word in _FACETS.items()
                if (values := store.values(FIELDS[name], asked.search.terms, asked.span, limit=_VALUES))
            ]
        }

    return _part(request, "logs/_facets.html", _("項目の値ごとの件数"), counted)


def understood(chosen: LogChoice, edition: Edition, now: datetime) -> ParsedChoice:
    """Return what *chosen* asks of the store, or raise `BadSearch`."""
    return ParsedChoice(chosen, read_search(chosen.q), span_of(chosen, edition.bindings.system.zone, now))


def _services(search: ParsedSearch) -> tuple[str, ...]:
    """Return the services that *search* is about; none if it is about all."""
    sure = (each for each in search.terms if not each.negated and not each.others)
    return tuple(each.value for each in sure if each.field == FIELDS["service"] and each.match is Match.WHOLE)


def _store() -> LogSearch:
    return LogSearch(telemetry())


def _lengths(chosen: LogChoice) -> Iterator[LogPeriodOption]:
    is_typed = bool(chosen.begin or chosen.end)
    for name, each in LENGTHS.items():
        query = chosen.turned(**{"last": name, "from": "", "to": ""})
        yield LogPeriodOption(length(each), query, not is_typed and chosen.last == name)


def _parts(asked: ParsedChoice) -> list[tuple[str, str]]:
    """Return each part of the search, and the query without it."""
    search = asked.search
    return [(part, asked.choice.turned(q=search.without(part))) for part in dict.fromkeys(search.parts)]


def _found(request: HttpRequest, asked: ParsedChoice, edition: Edition) -> Mapping[str, object]:
    before, after = (place_in(request.GET.get(name, "")) for name in ("before", "after"))
    found = _page(asked, before, after)
    has_more = len(found) > PER_PAGE
    # On a page towards newer rows, the surplus row is the newest.
    rows = found[-PER_PAGE:] if after is not None else found[:PER_PAGE]
    is_newest = before is None and (after is None or not has_more)
    has_older = has_more or after is not None
    turned = asked.choice.turned
    return {
        "unknown": [] if rows else unknown_names(_store(), asked.search.terms, asked.span),
        "rows": list(shown(rows, edition.bindings.system.zone)),
        "older": turned(before=place_text(rows[-1].place)) if rows and has_older else "",
        "newer": turned(after=place_text(rows[0].place)) if rows and not is_newest else "",
        "is_newest": is_newest,
        "is_live": is_newest and not asked.choice.end,
    }


def _page(asked: ParsedChoice, before: RowPosition | None, after: RowPosition | None) -> list[FoundRow]:
    """Return the rows of a page and one more, if there is one; the newest first."""
    terms, span = asked.search.terms, asked.span
    if after is not None:
        return _store().oldest(terms, span, limit=PER_PAGE + 1, after=after)[::-1]
    return _store().newest(terms, span, limit=PER_PAGE + 1, before=before)


def _value(chosen: LogChoice, field: str, value: str, count: int) -> Value:
    only, without = term(field, value), term(field, value, negated=True)
    return Value(value, count, _with(chosen, only), _with(chosen, without))


def _with(chosen: LogChoice, part: str) -> str:
    """Return the query narrowed by *part*."""
    parts = dict.fromkeys((*read_search(chosen.q).parts, part))
    return chosen.turned(q=" ".join(parts))


def _part(
    request: HttpRequest,
    template: str,
    title: str,
    counted: Callable[[ParsedChoice, Edition, datetime], Mapping[str, object]],
) -> HttpResponse:
    edition, now = in_force(), system_clock()
    chosen = choice(request.GET.dict())
    context: dict[str, object] = {
        "now": now,
        "zone": edition.bindings.system.zone,
        "query": chosen.query,
        "title": title,
        "template": template,
    }
    try:
        context |= counted(understood(chosen, edition, now), edition, now)
    except BadSearch as wrong:
        context["wrong"] = str(wrong.said)
    except (StoreUnavailable, StoreRefused):
        context["trouble"] = True
    if is_fragment(request):
        return render(request, template, context)
    return render(request, "logs/part.html", {**frame(look(edition, now), "logs"), **context})
