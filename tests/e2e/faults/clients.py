"""Clients that send one item after the other to a Toban, and know which of them it has acknowledged."""

import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, override
from uuid import uuid4

import httpx
import sentry_sdk
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from sentry_sdk.transport import HttpTransport

if TYPE_CHECKING:
    from sentry_sdk.types import Event

_PAUSE = 0.1
_ERRORS = 200


class Client(ABC):
    """Sends items with names of its own until it has to stop."""

    name: str

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.acknowledged: set[str] = set()

    def run(self, enough: threading.Event) -> None:
        """Send until it is *enough*."""
        for number in count():
            if enough.wait(_PAUSE):
                break
            item = f"{self.name}-{number}"
            self.sent.append(item)
            if self.send(item, enough):
                self.acknowledged.add(item)
        self.close()

    @abstractmethod
    def send(self, item: str, enough: threading.Event) -> bool:
        """Send *item* as this client does, and return whether Toban acknowledged it."""

    @abstractmethod
    def close(self) -> None:
        """Send nothing any more."""


class Posting(Client):
    """Posts like `curl --retry`: the same request again until it is answered with success."""

    def __init__(self, name: str, url: str, token: str = "") -> None:
        super().__init__()
        self.name = name
        shown = {"authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(base_url=url, headers=shown, trust_env=False, timeout=20)

    def post(self, path: str, body: bytes, enough: threading.Event) -> bool:
        """Post *body* until it is acknowledged or it is *enough*."""
        while not enough.is_set():
            with suppress(httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError):
                reply = self._client.post(path, content=body)
                if reply.is_success:
                    return True
                assert reply.status_code in {429, 503}, (path, reply.status_code, reply.text)
            time.sleep(0.2)
        return False

    @override
    def close(self) -> None:
        self._client.close()


class Lines(Posting):
    """Log lines in JSON."""

    @override
    def send(self, item: str, enough: threading.Event) -> bool:
        line = {"timestamp": _now(), "message": item, "service": "faults"}
        return self.post("/ingest/logs", json.dumps(line).encode(), enough)


class Readings(Posting):
    """Readings as `toban agent` sends them; the number of the item is the value."""

    @override
    def send(self, item: str, enough: threading.Event) -> bool:
        value = int(item.rpartition("-")[2]) / 1000
        reading = {"at": _now(), "values": [["memory_usage_percent", "", value]]}
        body = {"instance": "faults-1", "readings": [reading]}
        return self.post("/ingest/metrics", json.dumps(body).encode(), enough)


class Alerts(Posting):
    """Alerts as Prometheus sends them to an Alertmanager."""

    @override
    def send(self, item: str, enough: threading.Event) -> bool:
        alert = {"labels": {"alertname": item, "severity": "info"}, "startsAt": _now()}
        return self.post("/api/v2/alerts", json.dumps([alert]).encode(), enough)


class Pings(Posting):
    """A job that reports start and end of each run with its id, which is the item."""

    def __init__(self, name: str, url: str, ping: str) -> None:
        super().__init__(name, url)
        self._ping = ping
        self.ids: dict[str, str] = {}

    @override
    def send(self, item: str, enough: threading.Event) -> bool:
        rid = self.ids[item] = str(uuid4())
        is_acknowledged = all(
            self.post(f"/ping/{self._ping}{word}?rid={rid}", b"", enough) for word in ("/start", "")
        )
        # At most 60 a minute are taken.
        enough.wait(2)
        return is_acknowledged


class Errors(Client):
    """Sentry's SDK, which sends each event once; only few of them are new errors, as Toban limits those."""

    name = "error"

    def __init__(self, dsn: str) -> None:
        super().__init__()
        self.ids: dict[str, str] = {}
        statuses = self._statuses = dict[str, int]()

        class Noting(HttpTransport):
            def _handle_response(self, response: Any, envelope: Any) -> None:
                event = envelope.get_event() if envelope is not None else None
                if event is not None:
                    statuses[event["event_id"]] = response.status
                super()._handle_response(response, envelope)

        self._client = sentry_sdk.Client(dsn=dsn, transport=Noting, default_integrations=False)

    @override
    def send(self, item: str, enough: threading.Event) -> bool:
        number = int(item.rpartition("-")[2])
        event: Event = {"message": item, "level": "error", "fingerprint": [str(number % _ERRORS)]}
        with sentry_sdk.isolation_scope() as scope:
            scope.set_client(self._client)
            self.ids[item] = event_id = scope.capture_event(event) or ""
            self._client.flush(timeout=20)
        return self._statuses.get(event_id) == httpx.codes.OK

    @override
    def close(self) -> None:
        self._client.close(timeout=5)


class Spans(Client):
    """OpenTelemetry's SDK with a span at a time; the item is its name."""

    name = "span"

    def __init__(self, url: str, token: str) -> None:
        super().__init__()
        results = self._results = dict[str, bool]()

        class Noting(OTLPSpanExporter):
            def export(self, spans: Any) -> SpanExportResult:
                result = super().export(spans)
                results.update({each.name: result is SpanExportResult.SUCCESS for each in spans})
                return result

        exporter = Noting(f"{url}/v1/traces", headers={"Authorization": f"Bearer {token}"})
        self._provider = TracerProvider(resource=Resource({"service.name": "faults"}))
        self._provider.add_span_processor(SimpleSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("faults")

    @override
    def send(self, item: str, enough: threading.Event) -> bool:
        with self._tracer.start_as_current_span(item):
            pass
        return self._results[item]

    @override
    def close(self) -> None:
        self._provider.shutdown()


class Records(Client):
    """OpenTelemetry's SDK with a log record at a time; the item is its body."""

    name = "record"

    def __init__(self, url: str, token: str) -> None:
        super().__init__()
        results = self._results = dict[str, bool]()

        class Noting(OTLPLogExporter):
            def export(self, batch: Any) -> Any:
                result = super().export(batch)
                results.update({str(each.log_record.body): result.value == 0 for each in batch})
                return result

        exporter = Noting(f"{url}/v1/logs", headers={"Authorization": f"Bearer {token}"})
        self._provider = LoggerProvider(resource=Resource({"service.name": "faults"}))
        self._provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
        self._logger = self._provider.get_logger("faults")

    @override
    def send(self, item: str, enough: threading.Event) -> bool:
        self._logger.emit(body=item, severity_number=SeverityNumber.WARN)
        return self._results[item]

    @override
    def close(self) -> None:
        self._provider.shutdown()


def _now() -> str:
    return datetime.now(UTC).isoformat()


@contextmanager
def sending(clients: Sequence[Client]) -> Iterator[None]:
    """Let all *clients* send inside the block; afterwards none of them waits for an answer."""
    enough = threading.Event()
    failures: list[BaseException] = []

    def run(client: Client) -> None:
        try:
            client.run(enough)
        except BaseException as failure:  # noqa: BLE001 - it belongs to the test
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        enough.set()
        for thread in threads:
            thread.join()
    assert failures == []
