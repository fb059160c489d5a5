"""The bare application next to Django in one server: live stream, static files, health, and the intakes."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import cast, override

import structlog
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db import Error, close_old_connections
from django.utils import translation
from django.utils.module_loading import import_string
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from toban.engine.clock import Clock, system_clock
from toban.engine.editions import present
from toban.engine.evidence import current
from toban.engine.evidence.models import ClauseStatus
from toban.engine.registry.parts import Parts
from toban.engine.runs.work import Work
from toban.engine.state.reach import AGAIN, STATE
from toban.engine.telemetry.logs.rows import LogStore
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.spans.rows import SpanStore
from toban.faces.document.live import live_row
from toban.faces.ingest import elsewhere, memory
from toban.faces.ingest.bounds import (
    LARGEST_FORM,
    BodyTooSlow,
    in_time,
    in_turn,
    marked,
    taking_at_most,
    too_slow,
)
from toban.faces.ingest.hub import Hub, News
from toban.faces.ingest.metrics import Metrics
from toban.faces.ingest.senders import Senders
from toban.faces.ingest.server import IngestServer, Intake, intakes
from toban.faces.ingest.visitor import may_read, may_still_read
from toban.faces.problem import MEDIA_TYPE, problem

log = structlog.get_logger(__name__)

_RECHECKED = 5.0
"""Seconds after which a stream checks again whether its reader may still read."""
_LONGEST_REVISION = 18
"""Digits that fit into the databases' integers."""
_FOREVER = "public, max-age=31536000, immutable"


class HashedFiles(StaticFiles):
    """Static files with their digest in the address: a browser never requests one twice."""

    def __init__(self, directories: Sequence[Path]) -> None:
        super().__init__(directory=directories[0])
        self.all_directories = list(directories)

    @override
    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = _FOREVER
        return response


def application(
    parts: Parts, hub: Hub, works: Callable[[], Mapping[str, Work]], static: Sequence[Path]
) -> ASGIApp:
    """Return the server's application; *hub* starts and stops with it, *static* are the pages' files."""
    for dotted in settings.MIDDLEWARE:
        # One hop to a thread for all of it: otherwise each middleware costs two.
        import_string(dotted).async_capable = False
    # Its type hints are narrower than the protocol that both follow.
    pages = cast("ASGIApp", get_asgi_application())
    django, api = taking_at_most(LARGEST_FORM, pages), taking_at_most(LARGEST_FORM, pages, _problem_too_large)
    brought = list(intakes(parts.extensions, _server(parts, hub, works)))
    routes: list[Route | Mount] = [
        Route("/live", live),
        Route("/healthz", healthz),
        Route("/metrics", Metrics(settings.HOME).answer),
        *(route for each in brought for route in each.routes),
        Mount("/static/{version}", GZipMiddleware(HashedFiles(static))),
    ]
    bare = Starlette(
        routes=routes,
        lifespan=lambda _app: _running(hub, brought),
        exception_handlers={BodyTooSlow: _slow, ClientDisconnect: _left, Error: _failed_state},
    )
    # A redirect to the address with a slash would go to whatever host the request names.
    bare.router.redirect_slashes = False
    bare.state.hub = hub
    own = marked(bare)
    # By the first segment alone, so that an unknown path below it is a plain 404: Django would redirect the
    # sender to the sign-in page, which looks like a success.
    ours = frozenset(first_segment(route.path) for route in routes)

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if told := elsewhere.hint(scope.get("path", "")):
            await PlainTextResponse(told, HTTPStatus.NOT_FOUND)(scope, receive, send)
            return
        is_own = scope["type"] == "lifespan" or first_segment(scope["path"]) in ours
        beside = api if scope.get("path", "").startswith(settings.API_PATH) else django
        await (own if is_own else beside)(scope, receive, send)

    return in_time(in_turn(dispatch))


def _problem_too_large() -> Response:
    told = problem("too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return JSONResponse(told, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, media_type=MEDIA_TYPE)


async def _slow(_request: Request, _error: Exception) -> Response:
    return too_slow()


async def _failed_state(_request: Request, error: Exception) -> Response:
    if not STATE.explains(error):
        raise error
    return _without_state()


def _without_state() -> Response:
    headers = {"Retry-After": str(AGAIN)}
    return PlainTextResponse("the state database does not answer", 503, headers=headers)


async def _left(_request: Request, _error: Exception) -> Response:
    """Nobody reads the answer: the client left before its body was whole."""
    return Response(status_code=400)


def first_segment(path: str) -> str:
    """Return the first segment of *path*: `live` of `/live/logs`."""
    return path.split("/", 2)[1] if path.startswith("/") else ""


def _server(parts: Parts, hub: Hub, works: Callable[[], Mapping[str, Work]]) -> IngestServer:
    return IngestServer(
        edition=present.edition,
        works=works,
        senders=Senders(present.edition),
        ports=parts.ports,
        clock=hub.clock,
        telemetry=telemetry,
        logs=_log_store,
        spans=_span_store,
        is_stopped=lambda: hub.is_stopped,
    )


@cache
def _log_store() -> LogStore:
    return LogStore(telemetry())


@cache
def _span_store() -> SpanStore:
    return SpanStore(telemetry())


@asynccontextmanager
async def _running(hub: Hub, brought: Sequence[Intake]) -> AsyncIterator[None]:
    await asyncio.to_thread(hub.start)
    memory.settle()
    beside = [asyncio.create_task(run()) for each in brought for run in each.background]
    try:
        yield
    finally:
        hub.stop()
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await asyncio.to_thread(hub.join)


async def healthz(_request: Request) -> Response:
    """Say whether the pages can be shown: the state database answers."""
    try:
        await asyncio.to_thread(_ask_state)
    except Error as exc:
        # The reason names hosts and accounts: it belongs in the log, not in the answer.
        if not STATE.explains(exc):
            log.warning("state_unreadable", reason=str(exc))
        return _without_state()
    STATE.find()
    return PlainTextResponse("ok")


def _ask_state() -> None:
    # A connection that a thread keeps would only say that it was broken by a restart of the database.
    close_old_connections()
    try:
        current.latest_revision()
    finally:
        close_old_connections()


async def live(request: Request) -> Response:
    """Stream changed rows as server-sent events to anyone who is signed in.

    Each `rows` event carries its revision as its id: a browser that reconnects says which one it knows
    (`Last-Event-ID`, or `?since=` the first time) and receives everything since. When a reader signs out or
    is locked out, nothing is sent more than `_RECHECKED` seconds later: the stream ends.
    """
    session = request.cookies.get(settings.SESSION_COOKIE_NAME)
    if not await asyncio.to_thread(may_read, session):
        return PlainTextResponse("sign in first", 401)
    language = request.query_params.get("lang", "")
    language = language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    known = request.headers.get("last-event-id") or request.query_params.get("since", "")
    news = _while_permitted(request.app.state.hub, session)
    events = _events(news, language, _revision(known), request.app.state.hub.clock)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


def _revision(written: str) -> int | None:
    return int(written) if written.isdecimal() and len(written) <= _LONGEST_REVISION else None


async def _while_permitted(hub: Hub, session: str | None) -> AsyncIterator[News | None]:
    """Yield the hub's news as long as *session* may read them."""
    asked = time.monotonic()
    async for news in hub.listen():
        if time.monotonic() - asked >= _RECHECKED:
            if not await asyncio.to_thread(may_still_read, session):
                return
            asked = time.monotonic()
        yield news


async def _events(
    told: AsyncIterator[News | None], language: str, known: int | None, clock: Clock
) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    if known is not None:
        # With what is out of date: nobody knows whether the page has heard of it.
        missed = await asyncio.to_thread(current.changes, known, None, clock())
        if missed:
            yield _rows_event(missed, max(known, *(status.revision for status in missed)), language)
    async for news in told:
        if news is None:
            yield ": still here\n\n"
            continue
        if news.statuses:
            yield _rows_event(news.statuses, news.revision, language)
        if news.has_acts:
            yield "event: acts\ndata:\n\n"
        if news.statuses or news.is_renewed:
            yield f"event: document\ndata: {news.digest}\n\n"


def _rows_event(statuses: Sequence[ClauseStatus], revision: int, language: str) -> str:
    rows = json.dumps(list(_rows(statuses, language)), ensure_ascii=False, separators=(",", ":"))
    return f"id: {revision}\nevent: rows\ndata: {rows}\n\n"


def _rows(statuses: Sequence[ClauseStatus], language: str) -> Iterator[object]:
    edition = present.edition()
    if edition is None:
        return
    now = system_clock()
    with translation.override(language):
        yield from [live_row(status, now, edition.bindings.system.zone).sent() for status in statuses]
