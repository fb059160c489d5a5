"""`/live/logs`: new rows that a search finds, as server-sent events, for anyone who is signed in."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from toban.chapters.logs.following import LATE, SearchFollower
from toban.engine.clock import Clock
from toban.engine.editions.edition import Edition
from toban.engine.search_parts import BadSearch
from toban.engine.telemetry import row_binary
from toban.engine.telemetry.logs.language import read_search
from toban.engine.telemetry.logs.search import FoundRow, LogSearch
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.faces.ingest.visitor import may_read, may_still_read
from toban.faces.logs.choice import choice
from toban.faces.logs.rows import shown

MOST = 20
"""Streams at once: each asks the store once in `_EVERY` seconds."""

AT_ONCE = 200
"""Rows per look; a page shows no more, and nobody reads faster."""

_EVERY = 1.0
_RECHECKED = 5.0
"""Seconds after which a stream checks again whether its reader may still read."""
_LONGEST_SINCE = 13
"""Digits of a moment in milliseconds; with more it would be in the year 2286 or later."""


class LogTail:
    """The endpoint."""

    def __init__(
        self,
        edition: Callable[[], Edition | None],
        store: Callable[[], LogSearch],
        clock: Clock,
        is_stopped: Callable[[], bool],
    ) -> None:
        self._edition = edition
        self._store = store
        self._clock = clock
        self._is_stopped = is_stopped
        self._open = 0

    async def answer(self, request: Request) -> Response:
        """Stream rows that `?q=` finds and that are not older than `?since=`, in milliseconds since 1970.

        Each `rows` event holds them as the page's own markup, the newest first; `skipped` says that there
        were more, `away` that the store does not answer. Answers 401 if nobody is signed in, 400 for a search
        that can't be read, 429 while `MOST` streams are open.
        """
        session = request.cookies.get(settings.SESSION_COOKIE_NAME)
        if not await asyncio.to_thread(may_read, session):
            return PlainTextResponse("sign in first", 401)
        edition = self._edition()
        try:
            search = read_search(request.query_params.get("q", ""))
        except BadSearch as bad:
            return PlainTextResponse(f"{bad}\n", 400)
        if edition is None:
            return PlainTextResponse("no document is in force\n", 503)
        if self._open >= MOST:
            return PlainTextResponse("too many look at once\n", 429, headers={"Retry-After": "60"})
        begin = _since(request.query_params.get("since", ""), self._clock())
        try:
            following = SearchFollower(self._store(), search.terms, begin, AT_ONCE)
        except StoreUnavailable:
            return PlainTextResponse("no telemetry store is known\n", 503)
        words = _RowWording(
            choice(dict(request.query_params)).query,
            request.query_params.get("lang", ""),
            edition.bindings.system.zone,
        )
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        events = self._events(following, session, words)
        return StreamingResponse(events, media_type="text/event-stream", headers=headers)

    async def _events(
        self, following: SearchFollower, session: str | None, words: "_RowWording"
    ) -> AsyncIterator[str]:
        self._open += 1
        try:
            # A browser that reconnects uses the same address: within `LATE` it misses nothing.
            yield "retry: 2000\n\n"
            asked = time.monotonic()
            while not self._is_stopped():
                if time.monotonic() - asked >= _RECHECKED:
                    if not await asyncio.to_thread(may_still_read, session):
                        return
                    asked = time.monotonic()
                yield await asyncio.to_thread(_look, following, self._clock(), words)
                await asyncio.sleep(_EVERY)
        finally:
            self._open -= 1


@dataclass(frozen=True, slots=True)
class _RowWording:
    """How rows are written for one page."""

    query: str
    """The query that leads from a row back to the list."""
    language: str
    zone: ZoneInfo

    def rows(self, found: Sequence[FoundRow]) -> str:
        language = self.language if self.language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        with translation.override(language):
            context = {"rows": list(shown(found, self.zone)), "query": self.query}
            return render_to_string("logs/_rows.html", context)


def _look(following: SearchFollower, now: datetime, words: _RowWording) -> str:
    try:
        found = following.look(now)
    except (StoreUnavailable, StoreRefused):
        return "event: away\ndata:\n\n"
    if not found:
        # Keeps the connection open, and detects that nobody is there any more.
        return ": still here\n\n"
    skipped = "event: skipped\ndata:\n\n" if len(found) >= AT_ONCE else ""
    return f"{skipped}event: rows\ndata: {json.dumps(words.rows(found[::-1]))}\n\n"


def _since(written: str, now: datetime) -> datetime:
    """Read milliseconds; return *now* if there are none, and never more than `LATE` before *now*."""
    if not written.isdecimal() or not written.isascii() or len(written) > _LONGEST_SINCE:
        return now
    return max(row_binary.moment(int(written)), now - LATE)
