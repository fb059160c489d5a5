"""What an instance of the front reports: its logs, errors as Sentry's SDKs send them, and spans by OTLP.

SHOP_LOGS is the folder of the logs. SHOP_ERRORS_DSN and OTEL_EXPORTER_OTLP_* say where the rest goes; what is
not set is not sent. By hand, as an instance has nothing but Python.
"""

import json
import os
import secrets
import time
import traceback
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

SERVICE = "shop-front"
LABEL = os.environ.get("RELEASE_VERSION", "")
EVERY = 10.0
"""Seconds between two reports."""
SPANS: deque[dict[str, object]] = deque(maxlen=1000)
ERRORS: deque[dict[str, object]] = deque(maxlen=1)
"""The newest is enough: while the API is away, all are alike."""
_SERVER, _ERROR = 2, 2
"""A span's kind and status."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A customer's request, and the numbers by which the API, the logs and the traces know it."""

    ip: str
    began: float = field(default_factory=time.time)
    request: str = field(default_factory=lambda: f"req-{secrets.token_hex(4)}")
    trace: str = field(default_factory=lambda: secrets.token_hex(16))
    span: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def headers(self) -> dict[str, str]:
        """What tells the API."""
        return {"x-request-id": self.request, "traceparent": f"00-{self.trace}-{self.span}-01"}

    def answered(self, line: str, status: int, size: int) -> None:
        """Log the answer to the request *line* as nginx would, and keep its span."""
        took, now = time.time() - self.began, datetime.now().astimezone()
        _log(
            "access",
            f'{self.ip} - - [{now:%d/%b/%Y:%H:%M:%S %z}] "{line}" {status} {size} "-" "-" {took:.3f}',
        )
        method, _, path = line.rpartition(" ")[0].partition(" ")
        about = {
            "http.request.method": method,
            "url.path": path.partition("?")[0],
            "http.response.status_code": status,
            "requestId": self.request,
        }
        SPANS.append({
            "traceId": self.trace,
            "spanId": self.span,
            "name": method,
            "kind": _SERVER,
            "startTimeUnixNano": str(int(self.began * 1e9)),
            "endTimeUnixNano": str(int((self.began + took) * 1e9)),
            "attributes": _attributes(about),
            "status": {"code": _ERROR} if status >= 500 else {},
        })  # fmt: skip

    def failed(self, error: Exception, saying: str) -> None:
        """Log *error*, and keep it for the tracker."""
        now = datetime.now().astimezone()
        line = {
            "timestamp": now.isoformat(timespec="milliseconds"),
            "level": "ERROR",
            "message": saying,
            "userId": 0,
            "requestId": self.request,
            "ip": self.ip,
            "service": SERVICE,
            "traceId": self.trace,
            "stack": "".join(traceback.format_exception(error)),
        }
        _log("error", json.dumps(line, ensure_ascii=False))
        ERRORS.append({
            "event_id": secrets.token_hex(16),
            "timestamp": now.timestamp(),
            "platform": "python",
            "level": "error",
            "release": f"front@{LABEL.removeprefix('v')}",
            "environment": "production",
            "logger": SERVICE,
            "tags": {"request_id": self.request},
            "contexts": {"trace": {"trace_id": self.trace, "span_id": self.span}},
            # The cause comes first.
            "exception": {"values": [*_exceptions(error)][::-1]},
        })  # fmt: skip


def keep_reporting() -> None:
    """Send what has gathered, every few seconds."""
    while True:
        time.sleep(EVERY)
        report()


def report() -> None:
    """Send what has gathered once: what Toban does not take is lost, and no customer waits for it."""
    where, dsn = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"), os.environ.get("SHOP_ERRORS_DSN")
    if where and (spans := [*_taken(SPANS)]):
        who = {"attributes": _attributes({"service.name": SERVICE, "service.version": LABEL})}
        found = {"resourceSpans": [{"resource": who, "scopeSpans": [{"spans": spans}]}]}
        name, _, value = os.environ.get("OTEL_EXPORTER_OTLP_HEADERS", "").partition("=")
        header = {name: unquote(value)} if name else {}
        _post(f"{where}/v1/traces", json.dumps(found), header | {"content-type": "application/json"})
    if dsn:
        to = urlsplit(dsn)
        url = f"{to.scheme}://{to.netloc.rpartition('@')[2]}/api{to.path}/envelope/"
        for each in _taken(ERRORS):
            parts = {"event_id": each["event_id"], "dsn": dsn}, {"type": "event"}, each
            _post(url, "\n".join(map(json.dumps, parts)), {"content-type": "application/x-sentry-envelope"})


def _taken(gathered: deque[dict[str, object]]) -> Iterator[dict[str, object]]:
    while gathered:
        yield gathered.popleft()


def _post(url: str, text: str, headers: Mapping[str, str]) -> None:
    with suppress(OSError, HTTPException):
        urlopen(Request(url, text.encode(), headers), timeout=5).close()  # noqa: S310 - the shop's own Toban


def _log(name: str, line: str) -> None:
    """Append a line to the log *name* of the day."""
    folder = os.environ.get("SHOP_LOGS")
    if folder:
        path = Path(folder) / f"{name}.log.{datetime.now().astimezone():%Y-%m-%d}"
        with suppress(OSError), path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


def _attributes(about: Mapping[str, object]) -> list[dict[str, object]]:
    """Return them as OTLP has them in JSON."""
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in about.items()
    ]


def _exceptions(error: BaseException | None) -> Iterator[dict[str, object]]:
    while error is not None:
        frames = [
            {
                "function": each.name,
                "module": Path(each.filename).stem,
                "filename": Path(each.filename).name,
                "lineno": each.lineno,
                "context_line": each.line,
                "in_app": Path(each.filename).parent == Path(__file__).parent,
            }
            for each in traceback.extract_tb(error.__traceback__)
        ]
        yield {"type": type(error).__name__, "value": str(error), "stacktrace": {"frames": frames}}
        error = error.__cause__
