"""What the API writes and reports about each request: log lines, errors and traces.

Lines have the format of the document's chapter 3, and go to a file for each kind of log and day below
SHOP_LOGS; `toban agent` sends them. Errors go by Sentry's SDK to SHOP_ERRORS_DSN, spans by OpenTelemetry's to
OTEL_EXPORTER_OTLP_ENDPOINT. Whatever is not set is not done.
"""

import json
import logging
import os
import secrets
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import override

import sentry_sdk
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from sentry_sdk.integrations.logging import ignore_logger
from sentry_sdk.integrations.otlp import OTLPIntegration
from sentry_sdk.integrations.starlette import StarletteIntegration
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shop.exposition import UNCOUNTED

SERVICE = "shop-api"
EVERY_MILLISECONDS = 10_000
"""Between two batches of spans: the fewer, the less a small shop's Toban has to do."""

app_log = logging.getLogger("shop.app")
audit_log = logging.getLogger("shop.audit")
"""What is done to members and rights."""
tracer = trace.get_tracer("shop")


@dataclass(slots=True)
class Asked:
    """Who asks, and by which request; the user is 0 until a customer is known."""

    request: str
    ip: str
    user: int = 0


asked: ContextVar[Asked] = ContextVar("asked")


def note_customer(number: int) -> None:
    """Note who asks, once it is known."""
    asked.get().user = number
    sentry_sdk.set_user({"id": str(number)})


class Line(logging.Formatter):
    """A line of JSON, with the fields of the document."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        who = asked.get(Asked("-", "-"))
        told = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
            "userId": who.user,
            "requestId": who.request,
            "ip": who.ip,
            "service": SERVICE,
        }
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            told |= {"traceId": f"{span.trace_id:032x}", "spanId": f"{span.span_id:016x}"}
        if record.exc_info:
            told["stack"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


class DayFiles(logging.Handler):
    """Appends to the file of the day: `app.log.2026-12-01`."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__()
        self._folder, self._name = folder, name
        self.setFormatter(Line())

    @override
    def emit(self, record: logging.LogRecord) -> None:
        path = self._folder / f"{self._name}.log.{datetime.now().astimezone():%Y-%m-%d}"
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{self.format(record)}\n")
        except OSError:
            self.handleError(record)


def open_journal() -> None:
    """Set everything up, as the environment says."""
    if folder := os.environ.get("SHOP_LOGS"):
        _open_logs(Path(folder))
    # By itself the SDK would look for everything that is installed beside the shop, and load it.
    named = (
        StarletteIntegration(),
        OTLPIntegration(setup_otlp_traces_exporter=False, setup_propagator=False),
    )
    # That spans could not be delivered is no error of the shop: whoever takes them was busy, or away.
    ignore_logger("opentelemetry.*")
    sentry_sdk.init(
        os.environ.get("SHOP_ERRORS_DSN"),
        release="shop@1.0.0",
        environment="production",
        integrations=named,
        auto_enabling_integrations=False,
    )
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        provider = TracerProvider(resource=Resource.create({"service.name": SERVICE}))
        batches = BatchSpanProcessor(OTLPSpanExporter(), schedule_delay_millis=EVERY_MILLISECONDS)
        provider.add_span_processor(batches)
        trace.set_tracer_provider(provider)


def _open_logs(folder: Path) -> None:
    app, errors = DayFiles(folder, "app"), DayFiles(folder, "error")
    app.addFilter(lambda record: record.levelno < logging.ERROR)
    errors.setLevel(logging.ERROR)
    for log, handlers in ((app_log, (app, errors)), (audit_log, (DayFiles(folder, "audit"),))):
        log.setLevel(logging.INFO)
        log.propagate = False
        for handler in handlers:
            log.addHandler(handler)


class Follow:
    """Middleware: makes a span of each customer's request, and tells its lines and errors who asks."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["path"] in UNCOUNTED:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        number = request.headers.get("x-request-id") or f"req-{secrets.token_hex(4)}"
        asked.set(Asked(number, request.client.host if request.client else "-"))
        sentry_sdk.set_tag("request_id", number)
        about = {"http.request.method": request.method, "url.path": request.url.path, "requestId": number}
        with tracer.start_as_current_span(
            request.method, extract(request.headers), kind=SpanKind.SERVER, attributes=about
        ) as span:

            async def answer(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(StatusCode.ERROR)
                    if (route := scope.get("route")) is not None:
                        span.update_name(f"{request.method} {route.path}")
                await send(message)

            await self._app(scope, receive, answer)
