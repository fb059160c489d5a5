"""The public page, served from memory to everybody."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from threading import Lock

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from toban.chapters.objectives.bindings import STATUS
from toban.chapters.objectives.publishing import publishing
from toban.chapters.objectives.publishing.public import StatusPage
from toban.engine.clock import system_clock
from toban.engine.editions import present
from toban.engine.editions.edition import Edition
from toban.faces.public.page import STYLE, as_json, html
from toban.faces.web import assets

_KEPT_FOR = 30.0
"""Seconds for which an answer is reused: however many look, the state is read twice a minute."""


@dataclass(frozen=True, slots=True)
class Page:
    """A cached answer."""

    edition: tuple[str, ...]
    until: float
    """On the monotonic clock."""
    content: bytes


_pages: dict[str, Page] = {}
_making = Lock()


@require_safe
def page(request: HttpRequest, language: str = "ja") -> HttpResponse:
    """Return the public page in *language* to everybody if `[status]` says `serve`, else how to open it."""
    edition = _published()
    if edition is None:
        return render(request, "objectives/closed.html", status=HTTPStatus.NOT_FOUND)
    links = {"ja": "/status/", "en": "/status/en/", "json": "/status/status.json"}
    return _answer(
        request, language, edition, "text/html; charset=utf-8",
        lambda now: html(_board(edition, now), edition, now, language, assets.address(STYLE), links),
    )  # fmt: skip


@require_safe
def machine(request: HttpRequest) -> HttpResponse:
    """Return the same as JSON."""
    edition = _published()
    if edition is None:
        raise Http404
    return _answer(
        request, "json", edition, "application/json", lambda now: as_json(_board(edition, now), now)
    )


def _published() -> Edition | None:
    """Return the edition in force if it has a public page."""
    edition = present.edition()
    status = STATUS.of(edition.bindings) if edition is not None else None
    return edition if status is not None and status.serve else None


def _board(edition: Edition, now: datetime) -> StatusPage:
    status = STATUS.of(edition.bindings)
    if status is None:
        raise Http404
    return publishing.board(status, edition.design, edition.bindings, now)


def _answer(
    request: HttpRequest, key: str, edition: Edition, kind: str, make: Callable[[datetime], str]
) -> HttpResponse:
    """Answer from memory; one request at a time makes what is missing, and the query has no effect."""
    with _making:
        kept = _pages.get(key)
        if kept is None or kept.edition != edition.digests or kept.until < time.monotonic():
            content = make(system_clock()).encode()
            kept = _pages[key] = Page(edition.digests, time.monotonic() + _KEPT_FOR, content)
    etag = quote_etag(hashlib.sha256(kept.content).hexdigest()[:32])
    answer = get_conditional_response(request, etag=etag) or HttpResponse(kept.content, kind)
    answer.headers["ETag"] = etag
    answer.headers["Cache-Control"] = "public, max-age=30"
    return answer
