"""The bare application beside Django in one server: the live stream, ping URLs, static files, health."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import cast, override

import structlog
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

from toban.chapters.logs.bindings import LOGS
from toban.engine.bindings import present
from toban.engine.clock import system_clock
from toban.engine.evidence.models import ClauseStatus
from toban.engine.masks import masker
from toban.engine.telemetry.logs.rows import LogStore
from toban.engine.telemetry.logs.search import LogSearch
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.spans.rows import SpanStore
from toban.faces.document.live import live_row
from toban.faces.ingest import memory
from toban.faces.ingest.bounds import LARGEST_FORM, marked, taking_at_most
from toban.faces.ingest.errors.sentry import SentryIn
from toban.faces.ingest.hub import Hub, News, changes_since, latest_revision
from toban.faces.ingest.logs.lines import LogsIn
from toban.faces.ingest.logs.otlp import OtlpIn
from toban.faces.ingest.logs.syslog.service import Syslog
from toban.faces.ingest.logs.tail import LogTail
from toban.faces.ingest.metrics import Metrics
from toban.faces.ingest.monitoring.pushed import MetricsIn
from toban.faces.ingest.notify.alerts import AlertsIn
from toban.faces.ingest.notify.slack import SlackActions
from toban.faces.ingest.runs.pings import Pings
from toban.faces.ingest.senders import Senders
from toban.faces.ingest.visitor import may_read

log = structlog.get_logger(__name__)

_OWN = ("/live", "/ping/", "/static/", "/healthz", "/metrics", "/slack/", "/api/", "/v1/", "/ingest/")
_RECHECKED = 5.0
"""Seconds after which a stream asks again whether its reader still may read."""
_LONGEST_REVISION = 18
"""Digits that fit into the databases' numbers."""
_PINGED_BY = ("HEAD", "GET", "POST")
_FOREVER = "public, max-age=31536000, immutable"


class HashedFiles(StaticFiles):
    """Static files whose address holds their digest: a browser never asks for one twice."""

    def __init__(self, directories: Sequence[Path]) -> None:
        super().__init__(directory=directories[0])
        self.all_directories = list(directories)

    @override
    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = _FOREVER
        return response


def application(hub: Hub, pings: Pings, static: Sequence[Path]) -> ASGIApp:
    """Return the server's application; *hub* starts and stops with it, *static* are the pages' files."""
    for dotted in settings.MIDDLEWARE:
        # All of it in one hop to a thread: else each middleware costs two.
        import_string(dotted).async_capable = False
    # Its hints name narrower mappings than the protocol that both keep.
    django = taking_at_most(LARGEST_FORM, cast("ASGIApp", get_asgi_application()))
    senders = Senders(present.edition)
    alerts = AlertsIn(senders, present.edition, system_clock)
    metrics = MetricsIn(senders, system_clock)
    logs = LogsIn(senders, present.edition, _log_store, system_clock)
    otlp = OtlpIn(senders, present.edition, _log_store, _span_store, system_clock)
    tail = LogTail(present.edition, lambda: LogSearch(telemetry()), system_clock, lambda: hub.is_stopped)
    errors = SentryIn(present.edition, lambda edition: masker(LOGS.of(edition.bindings)), system_clock)
    slack = SlackActions(present.edition, system_clock)
    bare = Starlette(
        routes=[
            Route("/live", live),
            Route("/live/logs", tail.answer),
            Route("/healthz", healthz),
            Route("/metrics", Metrics(settings.HOME).answer),
            Route("/api/v2/alerts", alerts.answer, methods=("POST",)),
            Route("/api/{project}/envelope/", errors.envelope, methods=("POST", "OPTIONS")),
            Route("/api/{project}/store/", errors.store, methods=("POST", "OPTIONS")),
            Route("/api/v1/write", metrics.remote_write, methods=("POST",)),
            Route("/v1/metrics", metrics.otlp, methods=("POST",)),
            Route("/v1/logs", otlp.logs, methods=("POST",)),
            Route("/v1/traces", otlp.traces, methods=("POST",)),
            Route("/ingest/metrics", metrics.agent, methods=("POST",)),
            Route("/ingest/logs", logs.answer, methods=("POST",)),
            Route("/slack/actions", slack.answer, methods=("POST",)),
            Route("/ping/{token}", pings.answer, methods=_PINGED_BY),
            Route("/ping/{token}/{word}", pings.answer, methods=_PINGED_BY),
            Mount("/static/{version}", GZipMiddleware(HashedFiles(static))),
        ],
        lifespan=lambda _app: _running(hub, Syslog(present.edition, _log_store, system_clock)),
    )

    bare.state.hub = hub
    own = marked(bare)

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        is_own = scope["type"] == "lifespan" or scope["path"].startswith(_OWN)
        await (own if is_own else django)(scope, receive, send)

    return dispatch


@cache
def _log_store() -> LogStore:
    return LogStore(telemetry())


@cache
def _span_store() -> SpanStore:
    return SpanStore(telemetry())


@asynccontextmanager
async def _running(hub: Hub, syslog: Syslog) -> AsyncIterator[None]:
    await asyncio.to_thread(hub.start)
    memory.settle()
    listening = asyncio.create_task(syslog.run())
    try:
        yield
    finally:
        hub.stop()
        listening.cancel()
        await asyncio.wait((listening,))


async def healthz(_request: Request) -> Response:
    """Say whether the pages can be shown: the state database answers."""
    try:
        await asyncio.to_thread(latest_revision)
    except DatabaseError as exc:
        # The reason names hosts and accounts: it is for the log, not for whoever asks.
        log.warning("state_unreadable", reason=str(exc))
        return PlainTextResponse("the state database does not answer", 503)
    return PlainTextResponse("ok")


async def live(request: Request) -> Response:
    """Stream changed rows as server-sent events to whoever is signed in.

    Each `rows` event carries its revision as its id: a browser that comes back says which it knows
    (`Last-Event-ID`, or `?since=` the first time) and is told everything since. The stream of whoever signs
    out or is locked out ends before it tells anything more than `_RECHECKED` seconds later.
    """
    session = request.cookies.get(settings.SESSION_COOKIE_NAME)
    if not await asyncio.to_thread(may_read, session):
        return PlainTextResponse("sign in first", 401)
    language = request.query_params.get("lang", "")
    language = language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    known = request.headers.get("last-event-id") or request.query_params.get("since", "")
    news = _while_permitted(request.app.state.hub, session)
    events = _events(news, language, _revision(known))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


def _revision(written: str) -> int | None:
    return int(written) if written.isdecimal() and len(written) <= _LONGEST_REVISION else None


async def _while_permitted(hub: Hub, session: str | None) -> AsyncIterator[News | None]:
    """Yield the hub's news as long as *session* may read them."""
    asked = time.monotonic()
    async for news in hub.listen():
        if time.monotonic() - asked >= _RECHECKED:
            if not await asyncio.to_thread(may_read, session):
                return
            asked = time.monotonic()
        yield news


async def _events(told: AsyncIterator[News | None], language: str, known: int | None) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    if known is not None:
        missed = await asyncio.to_thread(changes_since, known)
        if missed:
            yield _rows_event(missed, language)
    async for news in told:
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
