"""The public page: what the operator chose to tell everybody, served from memory or written into a folder."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.utils.functional import Promise
from django.utils.http import quote_etag
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from toban.chapters.objectives import publishing
from toban.chapters.objectives.bindings import STATUS, StatusBinding
from toban.chapters.objectives.public import Board, DayKind, State
from toban.engine.bindings import present
from toban.engine.bindings.inforce import Edition
from toban.engine.clock import system_clock
from toban.faces.web import assets

STYLE = "objectives/status.css"
STATES: Mapping[State, tuple[str, Promise]] = {
    State.OPERATIONAL: ("●", gettext_lazy("正常に動いています")),
    State.MAINTENANCE: ("◆", gettext_lazy("メンテナンス中")),
    State.DEGRADED: ("▲", gettext_lazy("一部に支障があります")),
    State.DOWN: ("■", gettext_lazy("停止しています")),
    State.UNKNOWN: ("?", gettext_lazy("確かめられません")),
}
DAYS: Mapping[DayKind, Promise] = {
    DayKind.GOOD: gettext_lazy("99.9%以上"),
    DayKind.FAIR: gettext_lazy("99%以上"),
    DayKind.POOR: gettext_lazy("99%未満"),
    DayKind.UNKNOWN: gettext_lazy("記録なし"),
}
_KEPT_FOR = 30.0
"""Seconds for which an answer is given again: however many look, the state is read twice a minute."""


@dataclass(frozen=True, slots=True)
class Page:
    """An answer that is kept."""

    edition: tuple[str, ...]
    until: float
    """On the monotonic clock."""
    content: bytes


_pages: dict[str, Page] = {}
_making = Lock()


@require_safe
def page(request: HttpRequest, language: str = "ja") -> HttpResponse:
    """Return the public page in *language* to everybody, where `[status]` says `serve`."""
    edition = _published()
    links = {"ja": "/status/", "en": "/status/en/", "json": "/status/status.json"}
    return _answer(
        request, language, edition, "text/html; charset=utf-8",
        lambda now: html(_board(edition, now), edition, now, language, assets.address(STYLE), links),
    )  # fmt: skip


@require_safe
def machine(request: HttpRequest) -> HttpResponse:
    """Return the same as JSON."""
    edition = _published()
    return _answer(
        request, "json", edition, "application/json", lambda now: as_json(_board(edition, now), now)
    )


def _published() -> Edition:
    """Return what is in force, where it has a public page; else there is nothing here."""
    edition = present.edition()
    status = STATUS.of(edition.bindings) if edition is not None else None
    if edition is None or status is None or not status.serve:
        raise Http404
    return edition


def _board(edition: Edition, now: datetime) -> Board:
    status = STATUS.of(edition.bindings)
    if status is None:
        raise Http404
    return publishing.board(status, edition.design, edition.bindings, now)


def _answer(
    request: HttpRequest, key: str, edition: Edition, kind: str, make: Callable[[datetime], str]
) -> HttpResponse:
    """Answer from memory; one request at a time makes what is not there, and no query changes anything."""
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


def html(
    board: Board,
    edition: Edition,
    now: datetime,
    language: str,
    style: str,
    links: Mapping[str, str],
) -> str:
    """Return the whole page in *language*; *style* and *links* are the addresses of what lies beside it."""
    with translation.override(language):
        return render_to_string(
            "objectives/status.html",
            {
                "board": board,
                "overall": _said(board.state),
                "services": [
                    (each, _said(each.state), list(enumerate(each.days))) for each in board.services
                ],
                "troubles": [(each, _said(each.state)) for each in board.troubles],
                "kinds": [(kind.value, word) for kind, word in DAYS.items()],
                "words": {kind.value: word for kind, word in DAYS.items()},
                "now": now,
                "zone": edition.bindings.system.zone,
                "zone_name": _zone_name(now, edition.bindings.system.zone),
                "language": language,
                "style": style,
                "links": links,
            },
        )


def files(edition: Edition, status: StatusBinding, now: datetime) -> Mapping[str, bytes]:
    """Return the page as files that stand by themselves: name → content."""
    board = publishing.board(status, edition.design, edition.bindings, now)
    links = {"ja": "index.html", "en": "en.html", "json": "status.json"}
    style = STYLE.rpartition("/")[2]
    return {
        links["ja"]: html(board, edition, now, "ja", style, links).encode(),
        links["en"]: html(board, edition, now, "en", style, links).encode(),
        links["json"]: as_json(board, now).encode(),
        style: (Path(__file__).parent / "static" / STYLE).read_bytes(),
    }


def _said(state: State) -> tuple[str, str, str]:
    mark, word = STATES[state]
    return state.value, mark, str(word)


def _zone_name(now: datetime, zone: ZoneInfo) -> str:
    return now.astimezone(zone).tzname() or str(zone)


def as_json(board: Board, now: datetime) -> str:
    """Return what the page says, for machines."""
    told = {
        "title": board.title,
        "note": board.note,
        "state": board.state,
        "generated_at": now.isoformat(),
        "observed_at": board.seen_at.isoformat() if board.seen_at is not None else None,
        "services": [
            {
                "name": each.name,
                "state": each.state,
                "since": each.since.isoformat() if each.since is not None else None,
                "availability_percent": each.share and round(each.share, 3),
                "days": [
                    {
                        "date": day.date.isoformat(),
                        "availability_percent": None if day.share is None else round(day.share, 3),
                    }
                    for day in each.days
                ],
            }
            for each in board.services
        ],
        "incidents": [
            {
                "service": each.service,
                "state": each.state,
                "from": each.began_at.isoformat(),
                "until": each.ended_at.isoformat() if each.ended_at is not None else None,
            }
            for each in board.troubles
        ],
        "maintenance": [
            {"services": each.services, "from": each.start.isoformat(), "until": each.end.isoformat()}
            for each in board.maintenance
        ],
    }
    return json.dumps(told, ensure_ascii=False)
