"""What a search finds, as a file: for operators who may give orders, bounded, and recorded as evidence."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from toban.engine.clock import system_clock
from toban.engine.people import audit
from toban.engine.people.access import ORDERING, require_role
from toban.engine.search_parts import BadSearch
from toban.engine.telemetry.logs.search import FoundRow, LogSearch, RowPosition
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.faces.logs.choice import choice
from toban.faces.web.frame import in_force
from toban.faces.web.logs.logs import ParsedChoice, understood
from toban.faces.words.logs import as_csv, as_json, csv_heading

MOST = 100_000
"""Rows of a file; what is left out is older."""

_AT_ONCE = 5_000

type _Page = Sequence[FoundRow]


@require_POST
@require_role(*ORDERING)
def download(request: HttpRequest) -> HttpResponseBase:
    """Return the newest `MOST` rows of the choice, as `csv` or, with one JSON object per line, as `ndjson`.

    If the store goes away, the file is cut off in the middle: its reader sees an incomplete transfer.
    """
    chosen, form = choice(request.POST.dict()), request.POST.get("format", "")
    if form not in _FORMS:
        return HttpResponse(status=400)
    now = system_clock()
    try:
        asked = understood(chosen, in_force(), now)
        first = _page(asked, None, MOST)
    except (BadSearch, StoreUnavailable, StoreRefused):
        # The page itself says what is wrong.
        return redirect(f"{reverse('logs')}?{chosen.query}")
    audit.record(
        "logs-downloaded",
        request.user.get_username(),
        request,
        search=chosen.q,
        start=asked.span.start.isoformat(),
        end=asked.span.end.isoformat(),
        format=form,
    )
    kind, heading, lines = _FORMS[form]
    body = _body(asked, first, heading, lines)
    answer = StreamingHttpResponse(body, content_type=f"{kind}; charset=utf-8")
    name = f"logs-{now.astimezone(in_force().bindings.system.zone):%Y%m%d-%H%M%S}.{form}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


async def _body(
    asked: ParsedChoice, first: _Page, heading: str, lines: Callable[[_Page], str]
) -> AsyncIterator[bytes]:
    yield heading.encode()
    page, left = first, MOST
    while page:
        yield lines(page).encode()
        left -= len(page)
        # The store is asked in a thread: the server goes on serving others.
        page = await asyncio.to_thread(_page, asked, page[-1].place, left)


def _page(asked: ParsedChoice, before: RowPosition | None, left: int) -> _Page:
    if left <= 0:
        return ()
    store = LogSearch(telemetry())
    return store.newest(asked.search.terms, asked.span, limit=min(left, _AT_ONCE), before=before)


def _csv(rows: _Page) -> str:
    return "".join(f"{as_csv(row)}\r\n" for row in rows)


def _ndjson(rows: _Page) -> str:
    return "".join(f"{as_json(row)}\n" for row in rows)


_FORMS: Mapping[str, tuple[str, str, Callable[[_Page], str]]] = {
    # Spreadsheets read a CSV as UTF-8 only if it has a byte order mark.
    "csv": ("text/csv", f"\ufeff{csv_heading()}\r\n", _csv),
    "ndjson": ("application/x-ndjson", "", _ndjson),
}
"""The format's name → its media type, what it begins with, and its lines."""
