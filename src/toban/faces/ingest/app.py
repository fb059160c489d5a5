"""The bare application beside Django in one server: the live stream, static files, health."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from os import PathLike
from typing import cast, override

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db import DatabaseError
from django.utils import translation
from django.utils.module_loading import import_string
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from toban.engine.bindings import present
from toban.engine.clock import system_clock
from toban.engine.evidence.models import ClauseStatus
from toban.faces.ingest.hub import Hub, changes_since, latest_revision
from toban.faces.ingest.visitor import may_read
from toban.faces.web import assets
from toban.faces.web.live import live_row

_OWN = ("/live", "/static/", "/healthz")
_FOREVER = "public, max-age=31536000, immutable"


class HashedFiles(StaticFiles):
    """Static files whose address holds their digest: a browser never asks for one twice."""

    def __init__(self, directories: Sequence[PathLike[str]]) -> None:
        super().__init__(directory=directories[0])
        self.all_directories = list(directories)

    @override
    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = _FOREVER
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def application(hub: Hub) -> ASGIApp:
    """Return the whole server's application; *hub* starts and stops with it."""
    for dotted in settings.MIDDLEWARE:
        # All of it in one hop to a thread: else each middleware costs two.
        import_string(dotted).async_capable = False
    # Its hints name narrower mappings than the protocol that both keep.
    django = cast("ASGIApp", get_asgi_application())
    bare = Starlette(
        routes=[
            Route("/live", live),
            Route("/healthz", healthz),
            Mount("/static/{version}", GZipMiddleware(HashedFiles(assets.DIRECTORIES))),
        ],
        lifespan=lambda _app: _running(hub),
    )

    bare.state.hub = hub

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        is_own = scope["type"] == "lifespan" or scope["path"].startswith(_OWN)
        await (bare if is_own else django)(scope, receive, send)

    return dispatch


@asynccontextmanager
async def _running(hub: Hub) -> AsyncIterator[None]:
    await asyncio.to_thread(hub.start)
    try:
        yield
    finally:
        hub.stop()


async def healthz(_request: Request) -> Response:
    """Say whether the pages can be shown: the state database answers."""
    try:
        await asyncio.to_thread(latest_revision)
    except DatabaseError as exc:
        return PlainTextResponse(f"the state database does not answer: {exc}", 503)
    return PlainTextResponse("ok")


async def live(request: Request) -> Response:
    """Stream changed rows as server-sent events to whoever is signed in.

    Each `rows` event carries its revision as its id: a browser that comes back says which it knows
    (`Last-Event-ID`, or `?since=` the first time) and is told everything since.
    """
    if not await asyncio.to_thread(may_read, request.cookies.get(settings.SESSION_COOKIE_NAME)):
        return PlainTextResponse("sign in first", 401)
    language = request.query_params.get("lang", "")
    language = language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    known = request.headers.get("last-event-id") or request.query_params.get("since", "")
    events = _events(request.app.state.hub, language, int(known) if known.isdecimal() else None)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def _events(hub: Hub, language: str, known: int | None) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    if known is not None:
        missed = await asyncio.to_thread(changes_since, known)
        if missed:
            yield _rows_event(missed, language)
    async for news in hub.listen():
        if news is None:
            yield ": still here\n\n"
            continue
        if news.statuses:
            yield _rows_event(news.statuses, language)
        yield f"event: document\ndata: {news.digest}\n\n"


def _rows_event(statuses: Sequence[ClauseStatus], language: str) -> str:
    rows = json.dumps(list(_rows(statuses, language)), ensure_ascii=False, separators=(",", ":"))
    return f"id: {max(status.revision for status in statuses)}\nevent: rows\ndata: {rows}\n\n"


def _rows(statuses: Sequence[ClauseStatus], language: str) -> Iterator[object]:
    edition = present.edition()
    if edition is None:
        return
    now = system_clock()
    with translation.override(language):
        yield from [live_row(status, now, edition.bindings.system.zone).sent() for status in statuses]
