"""`POST /v1/logs` and `POST /v1/traces`: OTLP/HTTP, acknowledged once it is durable in the store."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from toban.chapters.logs.counters import SPANS_TOTAL, count
from toban.chapters.logs.intake.lines import BatchOrigin, LineReader
from toban.chapters.logs.intake.origins import written
from toban.chapters.logs.practice import unwanted
from toban.chapters.logs.rules import LogRules, rules
from toban.chapters.logs.spans.intake import SpanReader
from toban.engine.clock import Clock
from toban.engine.editions.edition import Edition
from toban.engine.telemetry.batches import InsertBatch, key_of
from toban.engine.telemetry.logs.rows import LogStore
from toban.engine.telemetry.logs.words import known_level
from toban.engine.telemetry.spans.rows import SpanStore
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.faces.ingest import otlp_wire
from toban.faces.ingest.logs import otlp_logs, otlp_traces
from toban.faces.ingest.otlp_wire import BadExport, Encoding, encoding_of
from toban.faces.ingest.room import LARGEST, LARGEST_UNPACKED, Busy, IntakeRoom
from toban.faces.ingest.senders import Senders, TooLarge, stranger
from toban.faces.ingest.takers import by_a_reader, by_a_taker

_RETRY = {"Retry-After": "5"}
_SOON = {"Retry-After": "1"}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _ExportReader:
    """How requests are read while an edition is in force."""

    edition: Edition
    rules: LogRules
    lines: LineReader
    spans: SpanReader


@dataclass(frozen=True, slots=True)
class _ReadableRequest:
    """A request that was admitted."""

    body: bytes
    """Unpacked."""
    encoding: Encoding
    origin: BatchOrigin

    @property
    def key(self) -> str:
        """The same for the same content: exporters compress it again for every attempt."""
        return key_of(self.origin.sender, "", self.body)


@dataclass(frozen=True, slots=True)
class _ReadExport:
    """A request that was read: how to keep it, and the answer once it is kept."""

    keep: Callable[[], None]
    answer: Message


type _Read = Callable[[_ReadableRequest, _ExportReader], _ReadExport]


class OtlpIn:
    """The endpoints."""

    def __init__(
        self,
        senders: Senders,
        edition: Callable[[], Edition | None],
        logs: Callable[[], LogStore],
        spans: Callable[[], SpanStore],
        clock: Clock,
    ) -> None:
        self._senders = senders
        self._edition = edition
        self._logs = logs
        self._spans = spans
        self._clock = clock
        self._room = IntakeRoom()
        self._reader: _ExportReader | None = None

    async def logs(self, request: Request) -> Response:
        """`POST /v1/logs`: log records are handled like lines of `/ingest/logs`."""
        return await self._answer(request, "logs", self._read_logs)

    async def traces(self, request: Request) -> Response:
        """`POST /v1/traces`."""
        return await self._answer(request, "traces", self._read_spans)

    async def _answer(self, request: Request, what: str, read: _Read) -> Response:
        """Answer as the protocol requires.

        200 if the request was understood, with the number of refused items; 400, 401, 413 and 415 if a retry
        can't help; 429 and 503 with `Retry-After` if the request is to be sent again, unchanged.
        """
        encoding = encoding_of(request)
        if encoding is None:
            return otlp_wire.unknown_encoding()
        return otlp_wire.as_status(await self._admitted(request, encoding, what, read), encoding)

    async def _admitted(self, request: Request, encoding: Encoding, what: str, read: _Read) -> Response:
        sender = await self._senders.name_of(request, what)
        edition = self._edition()
        binding = edition.bindings.senders.get(sender) if sender and edition else None
        if sender is None or edition is None or binding is None:
            return stranger()
        origin = written(sender, binding).origin
        try:
            with self._room.held(sender) as held:

                def read_body(body: bytes) -> _ReadExport:
                    content = held.unpacked(body, request.headers.get("content-encoding", ""))
                    return read(_ReadableRequest(content, encoding, origin), self._reader_of(edition))

                # The body has no name here, so that it is freed while the store is waited for.
                taken = await by_a_reader(read_body, await held.received(request.stream()))
                await by_a_taker(taken.keep)
                return otlp_wire.answer(taken.answer, encoding)
        except Busy:
            return PlainTextResponse("too much at once", 429, headers=_SOON)
        except TooLarge:
            return PlainTextResponse(f"more than {LARGEST} bytes, or {LARGEST_UNPACKED} unpacked", 413)
        except (BadExport, ValueError) as refusal:
            log.info("otlp_refused", sender=sender, what=what, reason=str(refusal))
            return PlainTextResponse(str(refusal), 400)
        except StoreRefused:
            log.exception("otlp_refused_by_store", sender=sender, what=what)
            return PlainTextResponse("the telemetry store refuses this", 400)
        except StoreUnavailable as away:
            log.warning("otlp_not_stored", sender=sender, what=what, reason=str(away))
            return PlainTextResponse("the telemetry store does not answer", 503, headers=_RETRY)

    def _read_logs(self, sent: _ReadableRequest, reader: _ExportReader) -> _ReadExport:
        export = otlp_wire.read(ExportLogsServiceRequest(), sent.body, sent.encoding)
        lines = otlp_logs.lines_of(export, lambda word: known_level(word, reader.rules.levels))
        reading = reader.lines.read(lines, sent.origin, self._clock())
        batch = InsertBatch(sent.key, reading.rows)

        def keep() -> None:
            self._logs().write(batch)
            count(sent.origin.sender, reading)
            unwanted.note(sent.origin.sender, reading.dropped, self._clock())

        return _ReadExport(keep, otlp_logs.response(reading.refused))

    def _read_spans(self, sent: _ReadableRequest, reader: _ExportReader) -> _ReadExport:
        export = otlp_wire.read(ExportTraceServiceRequest(), sent.body, sent.encoding)
        reading = reader.spans.read(list(otlp_traces.spans_of(export)), sent.origin, self._clock())
        batch = InsertBatch(sent.key, reading.rows)

        def keep() -> None:
            self._spans().write(batch)
            for outcome, many in (("stored", len(reading.rows)), ("refused", len(reading.refused))):
                if many:
                    SPANS_TOTAL.labels(sent.origin.sender, outcome).inc(many)

        return _ReadExport(keep, otlp_traces.response(reading.refused))

    def _reader_of(self, edition: Edition) -> _ExportReader:
        reader = self._reader
        if reader is None or reader.edition is not edition:
            found = rules(edition.design, edition.bindings)
            reader = self._reader = _ExportReader(edition, found, LineReader(found), SpanReader(found))
        return reader
