"""`POST /ingest/logs`: lines of JSON, or an array, acknowledged once they are durable in the store."""

from collections.abc import Callable
from datetime import datetime, timedelta

import orjson
import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from toban.chapters.logs.counters import count
from toban.chapters.logs.formats import FORMATS
from toban.chapters.logs.formats.convert import Surroundings
from toban.chapters.logs.formats.encodings import in_utf8
from toban.chapters.logs.intake.limits import AHEAD
from toban.chapters.logs.intake.lines import LineReader, LineReading
from toban.chapters.logs.intake.origins import ClaimedOrigin, LineFormat, written
from toban.chapters.logs.practice import unwanted
from toban.chapters.logs.rules import rules
from toban.engine.clock import Clock
from toban.engine.editions.edition import Edition
from toban.engine.telemetry.logs.rows import InsertBatch, LogStore, key_of
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.faces.ingest.room import (
    LARGEST,
    LARGEST_UNPACKED,
    MOST_LINES,
    Busy,
    HeldRoom,
    IntakeRoom,
)
from toban.faces.ingest.senders import Senders, TooLarge, stranger
from toban.faces.ingest.takers import by_a_reader, by_a_taker
from toban.faces.ingest.unpacking import JSON_MARKS, lines_in, refuse_too_many

_LONGEST_NAME = 500
_BEGIN = 1024
"""Bytes within which an array begins."""
_MOST_TOLD = 100
"""Refused lines that an answer lists; the rest are only counted."""

_LONG_AGO = timedelta(days=366)
"""No agent holds a batch this long: its host's clock does not keep time without power."""

_RETRY = {"Retry-After": "5"}
_SOON = {"Retry-After": "1"}

log = structlog.get_logger(__name__)


class _LinesClockAmiss(Exception):
    """The time of reading is in the future by this server's clock, or so long ago that it can't be right."""


class LogsIn:
    """The endpoint."""

    def __init__(
        self,
        senders: Senders,
        edition: Callable[[], Edition | None],
        store: Callable[[], LogStore],
        clock: Clock,
    ) -> None:
        self._senders = senders
        self._edition = edition
        self._store = store
        self._clock = clock
        self._room = IntakeRoom()
        self._reader: tuple[Edition, LineReader] | None = None

    async def answer(self, request: Request) -> Response:
        """Store the lines that are understood, and say for each other line why it is refused.

        Answers 200 if anything was stored or nothing was sent, 400 if nothing was understood, 401 for an
        unknown sender, 409 if `at` is in the future by this server's clock or a year ago, 413 if it is too
        large, 429 with `Retry-After` while too much is in progress, 503 while the store is away. After 429 or
        503 the batch is to be sent again, unchanged: it is stored once.
        """
        sender = await self._senders.name_of(request, "logs")
        edition = self._edition()
        binding = edition.bindings.senders.get(sender) if sender and edition else None
        if sender is None or edition is None or binding is None:
            return stranger()
        try:
            how = written(sender, binding, _sent(request, self._clock()))
            with self._room.held(sender) as held:
                return await self._take(request, how, edition, held)
        except Busy:
            return PlainTextResponse("too much at once\n", 429, headers=_SOON)
        except _LinesClockAmiss:
            return PlainTextResponse("at: no time for a line by this server's clock, see Date\n", 409)
        except TooLarge:
            most = f"{LARGEST} bytes, {LARGEST_UNPACKED} unpacked, or {MOST_LINES} lines"
            return PlainTextResponse(f"more than {most}: send smaller batches\n", 413)
        except ValueError as refusal:
            return PlainTextResponse(f"{refusal}\n", 400)
        except StoreUnavailable as away:
            log.warning("logs_not_stored", sender=sender, reason=str(away))
            return PlainTextResponse("the telemetry store does not answer\n", 503, headers=_RETRY)

    async def _take(self, request: Request, how: LineFormat, edition: Edition, held: HeldRoom) -> Response:
        # The body has no name here, so that it is freed while the store is waited for.
        key, reading = await by_a_reader(
            self._read, await held.received(request.stream()), request.headers, how, edition, held
        )
        batch = InsertBatch(key, reading.rows)
        refusal = await by_a_taker(self._keep, batch, is_repetition="again" in request.query_params)
        if refusal:
            return PlainTextResponse(f"{refusal}\n", 400)
        count(how.origin.sender, reading)
        if reading.dropped:
            await by_a_taker(unwanted.note, how.origin.sender, reading.dropped, self._clock())
        is_understood = bool(reading.rows or reading.dropped or not reading.refused)
        return Response(_told(reading), 200 if is_understood else 400, media_type="application/json")

    def _read(
        self, body: bytes, headers: Headers, how: LineFormat, edition: Edition, held: HeldRoom
    ) -> tuple[str, LineReading]:
        """Return the key of the batch in *body*, and the batch as read."""
        now = self._clock()
        around = Surroundings(how.origin.zone or edition.bindings.system.zone, now)
        content = in_utf8(held.unpacked(body, headers.get("content-encoding", "")), how.encoding)
        if content[:_BEGIN].lstrip()[:1] == b"[":
            refuse_too_many(content, JSON_MARKS)
        lines = FORMATS[how.format](content, around)
        if lines_in(lines) >= MOST_LINES:
            raise TooLarge
        key = key_of(how.origin.sender, headers.get("idempotency-key", ""), body)
        return key, self._reader_of(edition).read(lines, how.origin, now)

    def _reader_of(self, edition: Edition) -> LineReader:
        if self._reader is None or self._reader[0] is not edition:
            self._reader = edition, LineReader(rules(edition.design, edition.bindings))
        return self._reader[1]

    def _keep(self, batch: InsertBatch, *, is_repetition: bool) -> str:
        """Store *batch*; return why the store will never take it, or an empty string."""
        try:
            self._store().write(batch, is_repetition=is_repetition)
        except StoreRefused:
            log.exception("logs_refused_by_store")
            return "the telemetry store refuses these lines"
        return ""


def _sent(request: Request, now: datetime) -> ClaimedOrigin:
    """Return what an agent says of its lines; raises `ValueError` for a bad `at`, `_LinesClockAmiss`."""
    asked = request.query_params
    at = 0.0
    if "at" in asked:
        moment = datetime.fromisoformat(asked["at"])
        if moment.tzinfo is None:
            raise ValueError("at: names no time zone")
        # Refused line by line, they would be lost if the sender skips refused lines.
        if not now - _LONG_AGO <= moment <= now + AHEAD:
            raise _LinesClockAmiss
        at = round(moment.timestamp(), 3)
    return ClaimedOrigin(asked.get("file", "")[:_LONGEST_NAME], asked.get("host", "")[:_LONGEST_NAME], at)


def _told(reading: LineReading) -> bytes:
    return orjson.dumps(
        {
            "stored": len(reading.rows),
            "dropped": dict(reading.dropped),
            "refused": len(reading.refused),
            "reasons": [each._asdict() for each in reading.refused[:_MOST_TOLD]],
        }
    )
